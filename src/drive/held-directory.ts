// An open directory that a walk shares with those who will open its files later, and paths relative to it.

/** An open directory that lives as long as the walk or a holder needs it. */
export interface HeldDirectory {
  /** Descriptor; open a file of it as `/proc/self/fd/FD/NAME`. */
  readonly fd: number;
  /** Keeps the directory open until the result is disposed. To be called before the walk is asked for its next entries. */
  hold(): Disposable;
}

/** The walk's own side of it. */
export interface SharedDirectory extends HeldDirectory {
  /** Ends the walk's own hold; the last one to let go closes the directory. */
  release(): void;
}

/** Shares an open directory; its descriptor is then owned by its holders, of whom the caller is the first. */
export const shareDirectory = (fd: number, close: (fd: number) => void): SharedDirectory => {
  let holders = 1;
  const release = (): void => {
    holders -= 1;
    if (holders === 0) close(fd);
  };
  return {
    fd,
    hold: () => {
      holders += 1;
      let isHeld = true;
      return {
        [Symbol.dispose]: () => {
          if (!isHeld) return;
          isHeld = false;
          release();
        },
      };
    },
    release,
  };
};

/** What a descriptor stands for, a directory or a file, as a path. */
export const directoryPath = (fd: number): string => `/proc/self/fd/${String(fd)}`;

/**
 * Path of a name in an open directory, so that no part before the name can be exchanged. `name` is latin1: each byte. As text
 * where that has the same bytes: a buffer for each name fills a thread's memory with what is not collected for long.
 */
export const pathInDirectory = (fd: number, name: string): string | Buffer => {
  const path = `${directoryPath(fd)}/${name}`;
  return ASCII.test(name) ? path : Buffer.from(path, 'latin1');
};

const ASCII = /^[\u0001-\u007f]*$/u;
