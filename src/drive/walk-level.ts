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
  /** True where the size of a directory bounds the number of its names. */
  readonly isSized: boolean;
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
/** `f_type` of ext2 to ext4 and of XFS (statfs(2)): they read no directory beyond its size. */
const SIZED_TYPES: ReadonlySet<number> = new Set([0xef53, 0x58465342]);
/** The least that a name takes of a directory of ext: 8 bytes and its letters, in multiples of 4. */
const LEAST_NAME_BYTES = 12;
/** The least that a directory of ext takes. */
const BLOCK_BYTES = 4096;

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens the root of a walk. Errors: the system's. */
export const openRoot = (root: string): Level =>
  openLevel(openSync(root, DIRECTORY_FLAGS), {
    prefix: '',
    depth: 0,
    isSized: SIZED_TYPES.has(statfsSync(root).type),
  });

const openLevel = (
  fd: number,
  place: { readonly prefix: string; readonly depth: number; readonly isSized: boolean },
): Level => {
  try {
    const { dev, ino, size } = fstatSync(fd, { bigint: true });
    const mountId = mountIdOf(fd);
    const windowNames = Math.max(MIN_WINDOW_NAMES, Math.floor(WINDOW_NAMES / (place.depth + 1)));
    const isSmall = place.isSized && size <= Math.max(BLOCK_BYTES, windowNames * LEAST_NAME_BYTES);
    const list = isSmall ? listAtOnce : openListingSync;
    const listing = list(directoryPath(fd), NAMES_AT_ONCE);
    return {
      ...place,
      ...{ held: shareDirectory(fd, closeSync), listing, dev, ino, mountId, windowNames },
      ...{ isEnded: false, folders: [] },
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
    const entered = openLevel(fd, { prefix: `${level.prefix}${folder}/`, depth, isSized: level.isSized });
    const errno = refusalOf(entered, { levels, walked, mountId });
    if (errno === undefined) return { kind: 'level', level: entered };
    leave(entered);
    return { kind: 'unlistable', errno };
  } catch (error: unknown) {
    return { kind: 'unlistable', errno: systemCode(error) };
  }
};

const refusalOf = (
  { mountId, dev, ino }: Level,
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
