// Durable writing on the station's own disk: what its errors are called, and a folder that keeps its names.

import { open } from 'node:fs/promises';
import { printable } from '#language/printable.ts';
import { StationError } from '#language/station-error.ts';

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** The low byte of an SQLite result code (sqlite.org/rescode.html). */
const SQLITE_PRIMARY_MASK = 0xff;
const SQLITE_FULL = 13;

/** What failed: which file, and what was to be done with it. */
export interface StateDiskFailure {
  readonly action: 'read' | 'write';
  readonly path: string;
  readonly cause: unknown;
}

/** A StationError: StateDiskFull where there is no room, StateDiskFailed for anything else. A StationError stays itself. */
export const stateDiskError = ({ action, path, cause }: StateDiskFailure): StationError => {
  if (cause instanceof StationError) return cause;
  const problem = problemOf(cause);
  const isFull = FULL_CODES.has(problem) || isSqliteFull(cause);
  return new StationError({
    code: isFull ? 'StateDiskFull' : 'StateDiskFailed',
    message: `Cannot ${action} "${printable(path)}": ${isFull ? 'no room is left' : printable(problem)}, expected a sound disk`,
    hint: isFull
      ? 'Make room on the disk that holds the state directory, then retry; what was stored before is kept.'
      : 'Check the disk that holds the state directory, then retry; what was stored before is kept.',
    details: { path, problem },
    cause,
  });
};

const problemOf = (cause: unknown): string => {
  if (!(cause instanceof Error && 'code' in cause)) return String(cause);
  // SQLite's own words; its code is one for all.
  return cause.code === 'ERR_SQLITE_ERROR' ? cause.message : String(cause.code);
};

const isSqliteFull = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & SQLITE_PRIMARY_MASK) === SQLITE_FULL;

/** Makes the names in a folder durable (fsync of a new or renamed file does not). */
export const syncFolder = async (folder: string): Promise<void> => {
  await using handle = await open(folder, 'r');
  await handle.sync();
};
