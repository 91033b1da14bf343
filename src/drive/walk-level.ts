// One open directory of a walk: entering it, refusing what must not be entered, leaving it.

import { closeSync, constants, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import type { FolderSet } from './folder-set.ts';
import { directoryPath, pathInDirectory, shareDirectory, type SharedDirectory } from './held-directory.ts';
import { listAtOnce, openListingSync, type ListingSync } from './listing-sync.ts';
import { systemCode } from './system-code.ts';

/** A directory that is being walked. */
export interface Level {
  readonly held: SharedDirectory;
  readonly listing: ListingSync;
  /** Path from the root as latin1, with a final `/` unless it is the root's. */
  readonly prefix: string;
  /** Device and inode: a directory that is its own ancestor, or that was walked under another name, is not walked again. */
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mountId: string;
  readonly depth: number;
  /** Directories up to this size have few names, whatever the drive's maker has written into them; 0 where no size tells. */
  readonly fewNamesBytes: number;
  /** Names that are read and sorted at a time: fewer the deeper, so that they cannot add up. */
  readonly windowNames: number;
  /** True once its names are all read. */
  isEnded: boolean;
  /** The system's code, where the directory could not be listed whole, or lists a name twice. */
  complaint?: string;
  /** Folders of the current window that are still to be entered (latin1), in reverse order. */
  readonly folders: string[];
}

/** Names that the kernel is asked for at a time. */
const NAMES_AT_ONCE = 256;
/** At the root; the reading order of a rotating drive follows inodes. */
const WINDOW_NAMES = 10_000;
const MIN_WINDOW_NAMES = 100;
/** `f_type` of ext2 to ext4 (statfs(2)). */
const EXT_TYPE = 0xef53;
/** A directory of ext that has one block has no index, and no more names than fit into it. */
const MOST_BLOCK_BYTES = 4096;

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens the root of a walk. Errors: the system's. */
export const openRoot = (root: string): Level => {
  const { type, bsize } = statfsSync(root);
  const fewNamesBytes = type === EXT_TYPE && bsize <= MOST_BLOCK_BYTES ? bsize : 0;
  const opened = openLevel(openSync(root, DIRECTORY_FLAGS), { prefix: '', depth: 0, fewNamesBytes }, () => undefined);
  if ('errno' in opened) throw new Error('The root of a walk is never refused');
  return opened;
};

interface OpenedFolder {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mountId: string;
}

// A folder that is refused is not listed.
const openLevel = (
  fd: number,
  place: Pick<Level, 'prefix' | 'depth' | 'fewNamesBytes'>,
  refuse: (folder: OpenedFolder) => string | undefined,
): Level | { readonly errno: string } => {
  try {
    const { dev, ino, size } = fstatSync(fd, { bigint: true });
    const folder = { dev, ino, mountId: mountIdOf(fd) };
    const errno = refuse(folder);
    if (errno !== undefined) {
      closeSync(fd);
      return { errno };
    }
    const hasFewNames = size <= place.fewNamesBytes;
    const list = hasFewNames ? listAtOnce : openListingSync;
    return {
      ...place,
      ...folder,
      held: shareDirectory(fd, closeSync),
      listing: list(directoryPath(fd), NAMES_AT_ONCE),
      windowNames: Math.max(MIN_WINDOW_NAMES, Math.floor(WINDOW_NAMES / (place.depth + 1))),
      isEnded: false,
      folders: [],
    };
  } catch (error: unknown) {
    closeSync(fd);
    throw error;
  }
};

// The mount and not the device: subvolumes of btrfs are devices of their own and belong to the drive.
const mountIdOf = (fd: number): string => {
  const info = openSync(`/proc/self/fdinfo/${String(fd)}`, constants.O_RDONLY);
  try {
    const text = infoBytes.toString('latin1', 0, readSync(info, infoBytes, 0, infoBytes.length, 0));
    return /^mnt_id:\s*(\d+)$/mu.exec(text)?.[1] ?? '';
  } finally {
    closeSync(info);
  }
};

/** A directory's are its position, flags, mount and inode (proc_pid_fdinfo(5)). */
const infoBytes = Buffer.alloc(512);

/** What entering a folder gives. */
export type Entered =
  | { readonly kind: 'level'; readonly level: Level }
  | { readonly kind: 'unlistable'; readonly errno: string }
  | { readonly kind: 'too-deep' };

/** Opens a folder of a level, unless it is too deep, a loop, on another mount, or cannot be opened. */
export const enter = (
  folder: string,
  {
    level,
    levels,
    walked,
    mountId,
    maxDepth,
  }: {
    readonly level: Level;
    readonly levels: readonly Level[];
    readonly walked: FolderSet;
    readonly mountId: string;
    readonly maxDepth: number;
  },
): Entered => {
  const depth = level.depth + 1;
  if (depth > maxDepth) return { kind: 'too-deep' };
  try {
    const fd = openSync(pathInDirectory(level.held.fd, folder), DIRECTORY_FLAGS);
    const place = { prefix: `${level.prefix}${folder}/`, depth, fewNamesBytes: level.fewNamesBytes };
    const opened = openLevel(fd, place, (one) => refusalOf(one, { levels, walked, mountId }));
    return 'errno' in opened ? { kind: 'unlistable', errno: opened.errno } : { kind: 'level', level: opened };
  } catch (error: unknown) {
    return { kind: 'unlistable', errno: systemCode(error) };
  }
};

const refusalOf = (
  { mountId, dev, ino }: OpenedFolder,
  walk: { readonly levels: readonly Level[]; readonly walked: FolderSet; readonly mountId: string },
): string | undefined => {
  if (mountId !== walk.mountId) return 'EXDEV';
  const isLoop = walk.levels.some((level) => level.dev === dev && level.ino === ino);
  return isLoop || !walk.walked.add({ dev, ino }) ? 'ELOOP' : undefined;
};

/** Closes a level; its directory stays open for those who hold it. */
export const leave = (level: Level): void => {
  level.listing.close();
  level.held.release();
};
