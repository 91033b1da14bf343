// Is there room for the log of a drive before its load begins? A load that stops in the middle for want of it loses nothing,
// but the drive waits for days.

import { statfs } from 'node:fs/promises';

import { formatSize } from '#language/quantity.ts';
import { MIB } from '#language/units.ts';
import { hold, type Hold } from './hold.ts';

/** What is asked for. */
export interface RoomQuestion {
  /** Folder on the disk that is to hold the log. */
  readonly folder: string;
  /** Files that the drive's file system says it has; 0 where it does not know. */
  readonly usedFiles: number;
  /** Bytes of the log that is there already. */
  readonly writtenBytes: number;
}

// A row of the working log with a path of a hundred characters is 300 bytes; the import log is made beside it.
const BYTES_PER_FILE = 600;
/** For the store, and for what grows while nobody looks. */
const RESERVE_BYTES = 32 * MIB;

/** The hold where there is not room enough. Errors: those of statfs. */
export const checkLogRoom = async ({ folder, usedFiles, writtenBytes }: RoomQuestion): Promise<Hold | undefined> => {
  const { bavail, bsize } = await statfs(folder);
  return judgeLogRoom({ freeBytes: bavail * bsize, usedFiles, writtenBytes });
};

/** The same for a known number of free bytes. */
export const judgeLogRoom = ({
  freeBytes,
  usedFiles,
  writtenBytes,
}: Omit<RoomQuestion, 'folder'> & { readonly freeBytes: number }): Hold | undefined => {
  const neededBytes = Math.max(0, usedFiles * BYTES_PER_FILE - writtenBytes) + RESERVE_BYTES;
  if (freeBytes >= neededBytes) return undefined;
  return hold('NoRoomForLog', {
    message: `${formatSize(freeBytes)} are free, up to ${formatSize(neededBytes)} may be needed`,
  });
};
