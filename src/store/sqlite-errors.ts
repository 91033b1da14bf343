// SQLite's errors at the border of this room: what breaks the environment becomes a StationError, the rest is a bug.

import { z, ZodError } from 'zod';
import { StationError } from '#language/station-error.ts';

type StoreCode = 'StoreBusy' | 'StoreDamaged' | 'StoreFull' | 'StoreUnreadable';

const HINTS: Readonly<Record<StoreCode, string>> = {
  StoreBusy: 'Wait until the other command has ended, or give the command while the daemon runs.',
  StoreDamaged: 'Stop the daemon, keep a copy of the file, check the disk and restore the last backup.',
  StoreFull: 'Make room on the disk of the state directory and give the command again.',
  StoreUnreadable:
    'Check that the state directory exists and belongs to the user of the configuration; what a newer version has written needs that version.',
};

const STATES: Readonly<Record<StoreCode, string>> = {
  StoreBusy: 'another process holds it',
  StoreDamaged: 'it is damaged',
  StoreFull: 'the disk is full',
  StoreUnreadable: 'it cannot be opened',
};

// Primary result codes, the low byte of an extended one (sqlite.org/rescode.html).
const PRIMARY_MASK = 0xff;
const CODES: ReadonlyMap<number, StoreCode> = new Map([
  [3, 'StoreUnreadable'], // SQLITE_PERM
  [5, 'StoreBusy'],
  [6, 'StoreBusy'], // SQLITE_LOCKED
  [8, 'StoreUnreadable'], // SQLITE_READONLY
  [10, 'StoreUnreadable'], // SQLITE_IOERR
  [11, 'StoreDamaged'], // SQLITE_CORRUPT
  [13, 'StoreFull'],
  [14, 'StoreUnreadable'], // SQLITE_CANTOPEN
  [26, 'StoreDamaged'], // SQLITE_NOTADB
]);

/** Makes the error for a store that cannot be used. */
export const storeError = (code: StoreCode, file: string, message: string, cause?: unknown): StationError =>
  new StationError({
    code,
    message: `Cannot use the store "${file}": ${STATES[code]} (${message})`,
    hint: HINTS[code],
    details: { file, message },
    cause,
  });

/** Runs one call of the store; SQLite's errors that the environment causes come out as StationError. */
export const translated = <Result>(file: string, call: () => Result): Result => {
  try {
    return call();
  } catch (error: unknown) {
    // The file is sound as a database, but what stands in it is not what this room has written.
    if (error instanceof ZodError) throw storeError('StoreDamaged', file, z.prettifyError(error), error);
    const code = storeCodeOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    throw storeError(code, file, error.message, error);
  }
};

const storeCodeOf = (error: unknown): StoreCode | undefined => {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return CODES.get(error.errcode & PRIMARY_MASK);
};

const SQLITE_ERROR = 1;

/** True where a statement does not fit the tables that are there. */
export const isSqlError = (error: unknown): error is Error =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_ERROR;
