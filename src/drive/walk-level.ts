// One open directory of a walk: entering it, refusing what must not be entered, leaving it.

import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import type { FolderSet } from './folder-set.ts';
import { directoryPath, pathInDirectory, shareDirectory, type SharedDirectory } from './held-directory.ts';
import { openListing, type Listing } from './listing.ts';
import { systemCode } from './system-code.ts';

/** A directory that is being walked. */
export interface Level {
  readonly held: SharedDirectory;
  readonly listing: Listing;
  /** Path from the root as latin1, with a final `/` unless it is the root's. */
  readonly prefix: string;
  /** Device and inode: a directory that is its own ancestor, or that was walked under another name, is not walked again. */
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mountId: string;
  readonly depth: number;
  /** True once its names are all read. */
  isEnded: boolean;
  /** The system's code, where the directory could not be listed whole, or lists a name twice. */
  complaint?: string;
  /** Folders of the current window that are still to be entered (latin1), in reverse order. */
  readonly folders: string[];
}

/** Names that the kernel is asked for at a time. */
const NAMES_AT_ONCE = 256;

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens the root of a walk. Errors: the system's. */
export const openRoot = async (root: string): Promise<Level> => {
  const handle = await open(root, DIRECTORY_FLAGS);
  return openLevel(handle, { prefix: '', depth: 0 });
};

const openLevel = async (
  handle: FileHandle,
  { prefix, depth }: { readonly prefix: string; readonly depth: number },
): Promise<Level> => {
  try {
    const { dev, ino } = await handle.stat({ bigint: true });
    const mountId = await mountIdOf(handle);
    const listing = await openListing(directoryPath(handle.fd), NAMES_AT_ONCE);
    return { held: shareDirectory(handle), listing, prefix, depth, dev, ino, mountId, isEnded: false, folders: [] };
  } catch (error: unknown) {
    await handle.close();
    throw error;
  }
};

// The mount and not the device: subvolumes of btrfs are devices of their own and belong to the drive.
const mountIdOf = async ({ fd }: FileHandle): Promise<string> => {
  const info = await readFile(`/proc/self/fdinfo/${String(fd)}`, 'latin1');
  return /^mnt_id:\s*(\d+)$/mu.exec(info)?.[1] ?? '';
};

/** What entering a folder gives. */
export type Entered =
  | { readonly kind: 'level'; readonly level: Level }
  | { readonly kind: 'unlistable'; readonly errno: string }
  | { readonly kind: 'too-deep' };

/** Opens a folder of a level, unless it is too deep, a loop, on another mount, or cannot be opened. */
export const enter = async (
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
): Promise<Entered> => {
  const depth = level.depth + 1;
  if (depth > maxDepth) return { kind: 'too-deep' };
  try {
    const handle = await open(pathInDirectory(level.held.fd, folder), DIRECTORY_FLAGS);
    const entered = await openLevel(handle, { prefix: `${level.prefix}${folder}/`, depth });
    const errno = refusalOf(entered, { levels, walked, mountId });
    if (errno === undefined) return { kind: 'level', level: entered };
    await leave(entered);
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
export const leave = async (level: Level): Promise<void> => {
  await level.listing.close();
  await level.held.release();
};
