// Walks a mounted volume: every name once, nothing opened but directories, no link followed, no other mount entered. With
// synchronous calls, one after the other: a thread of its own does it, for a drive may answer late or never.
//
// INVARIANTS
//   Names are bytes (latin1 text keeps each byte), and each is looked up relative to its open directory: no part of a
//   path can be exchanged between two looks.
//   Memory: at most one window of entries per open directory, and the windows shrink with the depth, so that a hostile
//   tree cannot make them add up.
//   Open directories: at most two descriptors for each level of depth, and one for each directory that a consumer holds or has
//   still to be told of.

import { statfsSync } from 'node:fs';

import { createFolderSet } from './folder-set.ts';
import { directoryPath, type HeldDirectory } from './held-directory.ts';
import { lookAt, NOT_LOOKED_AT, type Look, type NameToLookAt } from './look.ts';
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

/** Kinds behind which there may be more names, or of which it is not known what they are. */
export const NOT_MET_WHOLE: ReadonlySet<WalkKind> = new Set(['unlistable', 'too-deep', 'unreadable']);

/** One name of the volume. Directories that were listed to their end are no entries. */
export interface WalkEntry {
  readonly kind: WalkKind;
  /** Raw bytes, relative to the root, `/` between the parts; a directory's path ends with `/`, the root's is `./`. */
  readonly path: Buffer;
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

/** What names take of the file system. */
export interface SeenNames {
  readonly allocatedBytes: number;
  /** Their part of the inodes: 1 each, less where a file has several names, 0 where one could not be looked at. */
  readonly inodeShare: number;
}

/** What is walked. */
export interface VolumeToWalk {
  /** Absolute path of the mount. */
  readonly root: string;
  /** Directories deeper than this are `too-deep`; the root is 0. */
  readonly maxDepth: number;
  /** Nothing but names: no file is looked at, only folders, so that all that is said of a file is its path. */
  readonly namesOnly?: boolean;
}

/** What hears of a walk. */
export interface WalkListener {
  /** Called for each answer of the file system, so that someone can tell a slow drive from a silent one. */
  readonly onAnswer: () => void;
  /** Called with the names of each window, folders included; of no use where only names are read. */
  readonly onSeen: (seen: SeenNames) => void;
  /** Called when the walk is through with a directory that may have given entries. */
  readonly onLeave: (directory: HeldDirectory) => void;
}

/**
 * Gives every file, link and special file of a volume, and every directory that cannot be listed whole; undefined after each
 * step that gave none of them, so that the caller is never held up for long by a drive that answers.
 * Errors: the system's, where the root cannot be opened.
 */
export function* walkVolume(
  config: VolumeToWalk,
  listener: WalkListener,
): Generator<WalkEntry | undefined, void, undefined> {
  const levels: Level[] = [openRoot(config.root)];
  const mountId = levels[0]?.mountId ?? '';
  const walked = createFolderSet();
  let foundBytes = 0;
  const goUp = (level: Level): void => {
    levels.pop();
    leave(level);
    listener.onLeave(level.held);
  };
  try {
    const mostBytes = mostFoundBytes(levels[0]);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const folder = level.folders.pop();
      if (folder !== undefined) {
        const isEndless = foundBytes > mostBytes;
        const entered = isEndless
          ? ENDLESS
          : enter(folder, { level, levels, walked, mountId, maxDepth: config.maxDepth });
        if (entered.kind === 'level') levels.push(entered.level);
        // It may throw, and whatever is open is closed then.
        listener.onAnswer();
        yield entered.kind === 'level' ? undefined : entryOf(level, unseen(folder), entered);
      } else if (level.isEnded) {
        if (level.complaint !== undefined) yield ownEntry(level, level.complaint);
        goUp(level);
        yield undefined;
      } else {
        // What was given goes out before the looks at a window, which may be many.
        yield undefined;
        const seen = readWindow(level, config, listener);
        for (const one of seen) {
          foundBytes += one.allocatedBytes;
          if (one.kind !== 'directory') yield entryOf(level, one, { kind: one.kind });
        }
      }
    }
  } finally {
    for (const level of levels.toReversed()) goUp(level);
  }
}

const ENDLESS = { kind: 'unlistable', errno: 'ELOOP' } as const;

/** Inode of the root where a driver numbers what it meets, because the file system has no inodes: FAT, exFAT, most of FUSE. */
const MADE_UP_ROOT = 1n;
/** So much more than is in use may be found for other reasons: two files that share their clusters, a count that is wrong. */
const MOST_TIMES = 2;

// A folder that holds itself shows there only by what is found: more than the file system has in use.
const mostFoundBytes = (root: Level | undefined): number => {
  if (root?.ino !== MADE_UP_ROOT) return Infinity;
  const { blocks, bfree, bsize } = statfsSync(directoryPath(root.held.fd));
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
const readWindow = (
  level: Level,
  { namesOnly = false }: VolumeToWalk,
  { onAnswer, onSeen }: WalkListener,
): readonly Seen[] => {
  const listed: NameToLookAt[] = [];
  while (listed.length < level.windowNames && !level.isEnded) {
    try {
      const next = level.listing.read();
      if (next === undefined) level.isEnded = true;
      else listed.push(next);
    } catch (error: unknown) {
      level.complaint ??= systemCode(error);
      level.isEnded = true;
    }
    onAnswer();
  }
  const window = eachOnce(listed);
  if (window.length < listed.length) level.complaint ??= NAME_TWICE;
  // Where only names are read, folders are looked at all the same: they are entered in the order of their inodes, so that of
  // two names of one folder each walk enters the same one.
  const seen = window.map((name): Seen => {
    if (namesOnly && !name.isDirectory) return { ...NOT_LOOKED_AT, name: name.name, kind: 'file' };
    const look = lookAt(level.held.fd, name);
    onAnswer();
    return { name: name.name, ...look };
  });
  seen.sort((one, other) => one.inode - other.inode);
  onSeen({
    allocatedBytes: seen.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0),
    inodeShare: seen.reduce((sum, one) => sum + inodeShareOf(one), 0),
  });
  for (const { kind, name } of seen.toReversed()) if (kind === 'directory') level.folders.push(name);
  return seen;
};

// By sorting: V8 puts each key of a map into its table of names, which only a rare collection clears, and a drive has millions.
const eachOnce = (names: NameToLookAt[]): readonly NameToLookAt[] => {
  names.sort(byName);
  return names.filter(({ name }, place) => name !== names[place - 1]?.name);
};

const byName = (one: NameToLookAt, other: NameToLookAt): number => {
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
};

// The links of a folder are its one name, and what the folders in it call it.
const inodeShareOf = ({ kind, links }: Seen): number => {
  if (links === 0) return 0;
  return kind === 'directory' ? 1 : 1 / links;
};

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
  sizeBytes: 0,
  allocatedBytes: 0,
  modifiedAt: new Date(0),
  inode: 0,
  errno,
  directory: level.held,
});
