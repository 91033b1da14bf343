// Walks a mounted volume: every name once, nothing opened but directories, no link followed, no other mount entered.
//
// INVARIANTS
//   Names are bytes (latin1 text keeps each byte), and each is looked up relative to its open directory: no part of a
//   path can be exchanged between two looks.
//   Memory: at most one window of entries per open directory, and the windows shrink with the depth, so that a hostile
//   tree cannot make them add up.
//   Open directories: two descriptors for each level of depth, and one for each directory that a consumer holds.

import { statfs } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

import { createFolderSet } from './folder-set.ts';
import { directoryPath, type HeldDirectory } from './held-directory.ts';
import { lookAt, lookAtAll, type Look, type Looks, type NameToLookAt } from './look.ts';
import { systemCode } from './system-code.ts';
import { enter, leave, openRoot, type Level } from './walk-level.ts';

/** What a name of the volume is. */
export type WalkKind =
  | 'file'
  | 'link'
  | 'fifo'
  | 'socket'
  | 'device'
  /** A directory that cannot be listed, or not to its end, or lists a name twice; it was walked before, or is another mount. */
  | 'unlistable'
  /** A directory below the deepest level that is walked. */
  | 'too-deep'
  /** A name of which the file system does not say what it is. */
  | 'unreadable';

/** One name of the volume. Directories that were listed to their end are no entries. */
export interface WalkEntry {
  readonly kind: WalkKind;
  /** Raw bytes, relative to the root, `/` between the parts; a directory's path ends with `/`, the root's is `./`. */
  readonly path: Buffer;
  /** Last part of the path. */
  readonly name: Buffer;
  /** Apparent size of a regular file, at most MOST_BYTES; else 0. */
  readonly sizeBytes: number;
  /** What the volume holds of a regular file, as the file system counts it; else 0. */
  readonly allocatedBytes: number;
  readonly modifiedAt: Date;
  readonly inode: number;
  /** The system's code, for kinds `unlistable` and `unreadable`. */
  readonly errno?: string;
  readonly directory: HeldDirectory;
}

/** What a name takes of the file system. */
export interface SeenName {
  readonly allocatedBytes: number;
  /** Its part of an inode: 1, less where a file has several names, 0 where it could not be looked at. */
  readonly inodeShare: number;
}

/** Settings of a walk. */
export interface WalkConfig {
  /** Absolute path of the mount. */
  readonly root: string;
  /** Directories deeper than this are `too-deep`; the root is 0. */
  readonly maxDepth: number;
  /** Called for each answer of the file system, so that someone can tell a slow drive from a silent one. */
  readonly onAnswer?: () => void;
  /** Nothing but names: no file is looked at, only folders, so that all that is said of a file is its path. */
  readonly namesOnly?: boolean;
  /** Called with each name below the root, folders included; not where only names are read. */
  readonly onSeen?: (seen: SeenName) => void;
  /** Looks at names of an open directory, where a drive that hangs does no harm; in this thread unless given. */
  readonly look?: (directoryFd: number, names: readonly NameToLookAt[]) => Promise<Looks>;
}

/** Entries that are read and sorted at a time at the root; the reading order of a rotating drive follows inodes. */
const WINDOW_ENTRIES = 10_000;
const MIN_WINDOW_ENTRIES = 100;
/** Names that are looked at by one call: few enough that a reader thread comes back to its files soon. */
const NAMES_PER_LOOK = 256;
const LOOKS_AT_ONCE = 4;
/** Entries that are given before whatever else waits has its turn: names may need no other wait at all. */
const ENTRIES_AT_ONCE = 100;

/**
 * Gives every file, link and special file of a volume, and every directory that cannot be listed whole.
 * Errors: the system's, where the root cannot be opened.
 */
export async function* walk(config: WalkConfig, signal: AbortSignal): AsyncGenerator<WalkEntry, void, undefined> {
  const levels: Level[] = [await openRoot(config.root)];
  const mountId = levels[0]?.mountId ?? '';
  const walked = createFolderSet();
  let foundBytes = 0;
  try {
    const mostBytes = await mostFoundBytes(levels[0]);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      signal.throwIfAborted();
      const folder = level.folders.pop();
      if (folder !== undefined) {
        const isEndless = foundBytes > mostBytes;
        const entered = isEndless
          ? ENDLESS
          : await enter(folder, { level, levels, walked, mountId, maxDepth: config.maxDepth });
        config.onAnswer?.();
        if (entered.kind === 'level') levels.push(entered.level);
        else yield entryOf(level, unseen(folder), entered);
        continue;
      }
      if (level.isEnded) {
        if (level.complaint !== undefined) yield ownEntry(level, level.complaint);
        levels.pop();
        await leave(level);
      } else {
        const seen = await readWindow(level, config, signal);
        for (const [place, one] of seen.entries()) {
          foundBytes += one.allocatedBytes;
          if (place % ENTRIES_AT_ONCE === 0) await turn();
          if (one.kind !== 'directory') yield entryOf(level, one, { kind: one.kind });
        }
      }
    }
  } finally {
    for (const level of levels.reverse()) await leave(level);
  }
}

const ENDLESS = { kind: 'unlistable', errno: 'ELOOP' } as const;

/** Inode of the root where a driver numbers what it meets, because the file system has no inodes: FAT, exFAT, most of FUSE. */
const MADE_UP_ROOT = 1n;
/** So much more than is in use may be found for other reasons: two files that share their clusters, a count that is wrong. */
const MOST_TIMES = 2;

// A folder that holds itself shows there only by what is found: more than the file system has in use.
const mostFoundBytes = async (root: Level | undefined): Promise<number> => {
  if (root?.ino !== MADE_UP_ROOT) return Infinity;
  const { blocks, bfree, bsize } = await statfs(directoryPath(root.held.fd));
  return MOST_TIMES * (blocks - bfree) * bsize;
};

// A name that was looked at. `name` is latin1.
interface Seen extends Omit<Look, 'kind'> {
  readonly name: string;
  readonly kind: WalkKind | 'directory';
}

/** "Structure needs cleaning": no healthy directory has a name twice, and only one of the two can be reached by it. */
const NAME_TWICE = 'EUCLEAN';

// Ends the level where its listing is at its end, or breaks off with an error.
const readWindow = async (level: Level, config: WalkConfig, signal: AbortSignal): Promise<readonly Seen[]> => {
  const { onAnswer, onSeen } = config;
  const size = Math.max(MIN_WINDOW_ENTRIES, Math.floor(WINDOW_ENTRIES / (level.depth + 1)));
  const window = new Map<string, NameToLookAt>();
  while (window.size < size && !level.isEnded) {
    signal.throwIfAborted();
    try {
      const next = await level.listing.read();
      if (next === undefined) level.isEnded = true;
      else if (window.has(next.name)) level.complaint ??= NAME_TWICE;
      else window.set(next.name, next);
    } catch (error: unknown) {
      level.complaint ??= systemCode(error);
      level.isEnded = true;
    }
    onAnswer?.();
  }
  const names = [...window.values()];
  const seen = await lookInTurn(level, names, config);
  signal.throwIfAborted();
  seen.sort((one, other) => one.inode - other.inode);
  // Each step over a whole window takes milliseconds.
  await turn();
  if (onSeen !== undefined) {
    for (const one of seen) onSeen({ allocatedBytes: one.allocatedBytes, inodeShare: inodeShareOf(one) });
  }
  for (const { kind, name } of seen.toReversed()) if (kind === 'directory') level.folders.push(name);
  return seen;
};

// The links of a folder are its one name, and what the folders in it call it.
const inodeShareOf = ({ kind, links }: Seen): number => {
  if (links === 0) return 0;
  return kind === 'directory' ? 1 : 1 / links;
};

// Where only names are read, folders are looked at all the same: they are entered in the order of their inodes, so that of
// two names of one folder each walk enters the same one.
const lookInTurn = async (
  { held }: Level,
  names: readonly NameToLookAt[],
  { onAnswer, look = (fd, some) => Promise.resolve(lookAtAll(fd, some, onAnswer)), namesOnly = false }: WalkConfig,
): Promise<Seen[]> => {
  const seen = names.map(({ name }): Seen => ({ ...NOT_LOOKED_AT, name, kind: 'file' }));
  const places = [...names.keys()].filter((place) => !namesOnly || names[place]?.isDirectory === true);
  let next = 0;
  const lookAtNext = async (): Promise<void> => {
    while (next < places.length) {
      const some = places.slice(next, next + NAMES_PER_LOOK);
      next += some.length;
      const looks = await look(
        held.fd,
        some.flatMap((place) => names[place] ?? []),
      );
      for (const [index, place] of some.entries()) {
        seen[place] = { name: names[place]?.name ?? '', ...lookAt(looks, index) };
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lookAtNext));
  return seen;
};

const NOT_LOOKED_AT = { sizeBytes: 0, modifiedMs: 0, inode: 0, allocatedBytes: 0, links: 0 } as const;

const unseen = (name: string): Seen => ({ ...NOT_LOOKED_AT, name, kind: 'directory' });

const entryOf = (
  level: Level,
  seen: Seen,
  { kind, errno = seen.errno }: { readonly kind: WalkKind; readonly errno?: string | undefined },
): WalkEntry => {
  const isFolder = kind === 'unlistable' || kind === 'too-deep';
  return {
    kind,
    path: Buffer.from(`${level.prefix}${seen.name}${isFolder ? '/' : ''}`, 'latin1'),
    name: Buffer.from(seen.name, 'latin1'),
    sizeBytes: seen.sizeBytes,
    allocatedBytes: seen.allocatedBytes,
    modifiedAt: new Date(seen.modifiedMs),
    inode: seen.inode,
    ...(errno === undefined ? {} : { errno }),
    directory: level.held,
  };
};

// The listing of the directory itself broke off, or cannot be right.
const ownEntry = (level: Level, errno: string): WalkEntry => ({
  kind: 'unlistable',
  path: Buffer.from(level.prefix === '' ? './' : level.prefix, 'latin1'),
  name: Buffer.from(level.prefix.split('/').at(-2) ?? '', 'latin1'),
  sizeBytes: 0,
  allocatedBytes: 0,
  modifiedAt: new Date(0),
  inode: 0,
  errno,
  directory: level.held,
});
