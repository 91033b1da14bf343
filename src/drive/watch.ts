// Hints that something may have been plugged in or out: chokidar on /dev/disk. Hints may be lost, doubled or late;
// whoever gets one looks at a snapshot, and does so now and then without one.

import { statSync } from 'node:fs';

import { watch, type FSWatcher } from 'chokidar';

/** Settings of the watcher. */
export interface DriveWatcherConfig {
  /** `/dev/disk`; its absence is normal where udev has not run yet. */
  readonly folder: string;
  /** Milliseconds without an event before a burst of them becomes one hint. */
  readonly debounceMs: number;
  readonly onHint: () => void;
}

/** Watches once armed. */
export interface DriveWatcher extends AsyncDisposable {
  /**
   * Begins to watch if the folder exists and is not watched yet, or is another one by now; each reconcile calls it,
   * because chokidar says nothing of a folder that appears together with its children, nor that one which it watches is
   * gone. Never throws; a watcher that fails is armed anew next time.
   */
  arm(): void;
}

/** Makes a watcher that is not armed yet. */
export const createDriveWatcher = ({ folder, debounceMs, onHint }: DriveWatcherConfig): DriveWatcher => {
  let watcher: FSWatcher | undefined;
  let watched: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDisposed = false;
  const closing = new Set<Promise<void>>();

  const hint = (): void => {
    if (isDisposed) return;
    clearTimeout(timer);
    timer = setTimeout(onHint, debounceMs);
  };
  const drop = (failed: FSWatcher): void => {
    if (watcher === failed) watcher = undefined;
    const closed = failed
      .close()
      // It is given up whether or not it closes in order.
      .catch(() => undefined)
      .finally(() => closing.delete(closed));
    closing.add(closed);
  };

  return {
    arm: () => {
      if (isDisposed) return;
      const identity = folderIdentity(folder);
      if (watcher !== undefined && identity !== watched) drop(watcher);
      if (identity === undefined || watcher !== undefined) return;
      watched = identity;
      // by-uuid and the others are one level down. Links are not followed: their targets are devices.
      const started = watch(folder, { depth: 1, followSymlinks: false, atomic: false, ignoreInitial: true });
      watcher = started;
      started
        .on('all', hint)
        // What came between the last snapshot and this moment gave no event.
        .on('ready', hint)
        // Such as too few inotify watches: the regular reconcile goes on without hints.
        .on('error', () => {
          drop(started);
        });
    },
    [Symbol.asyncDispose]: async () => {
      isDisposed = true;
      clearTimeout(timer);
      if (watcher !== undefined) drop(watcher);
      await Promise.all(closing);
    },
  };
};

// Inode numbers are given away again, together with the time of birth they are not.
const folderIdentity = (path: string): string | undefined => {
  try {
    const folder = statSync(path, { bigint: true });
    return folder.isDirectory() ? `${String(folder.ino)} ${String(folder.birthtimeNs)}` : undefined;
  } catch {
    // Whatever the reason, there is nothing to watch now.
    return undefined;
  }
};
