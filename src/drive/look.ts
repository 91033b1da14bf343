// What a name of a directory is: one lstat.

import { lstatSync, type Stats } from 'node:fs';

import { MOST_BYTES } from '#language/units.ts';
import { pathInDirectory } from './held-directory.ts';
import { systemCode } from './system-code.ts';

/** A name of a directory as its listing has it. `name` is latin1: each byte. */
export interface NameToLookAt {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What a look can find; `unlistable` is a directory that cannot be looked at. */
type LookKind = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'device' | 'unreadable' | 'unlistable';

/** What was seen of a name. */
export interface Look {
  readonly kind: LookKind;
  /** Apparent size of a regular file, at most MOST_BYTES; else 0. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
  /** What its inode occupies. */
  readonly allocatedBytes: number;
  /** Hard links of the inode (stat(2), `st_nlink`); 0 where it was not looked at. */
  readonly links: number;
  /** The system's code where it does not say what the name is. */
  readonly errno?: string;
}

/** Unit of `st_blocks` (stat(2)), whatever the file system's own blocks are. */
export const STAT_BLOCK_BYTES = 512;

/** Of a name that was not looked at. */
export const NOT_LOOKED_AT = { sizeBytes: 0, modifiedMs: 0, inode: 0, allocatedBytes: 0, links: 0 } as const;

/** Looks at a name of an open directory. */
export const lookAt = (directoryFd: number, { name, isDirectory }: NameToLookAt): Look => {
  try {
    const stats = lstatSync(pathInDirectory(directoryFd, name));
    const kind = kindOf(stats);
    return {
      kind,
      sizeBytes: kind === 'file' ? Math.min(stats.size, MOST_BYTES) : 0,
      modifiedMs: stats.mtimeMs,
      inode: stats.ino,
      allocatedBytes: stats.blocks * STAT_BLOCK_BYTES,
      links: stats.nlink,
    };
  } catch (error: unknown) {
    return { ...NOT_LOOKED_AT, kind: isDirectory ? 'unlistable' : 'unreadable', errno: systemCode(error) };
  }
};

const kindOf = (stats: Stats): LookKind => {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice() || stats.isCharacterDevice()) return 'device';
  return 'unreadable';
};
