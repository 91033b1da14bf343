// Opens the store's SQLite file: its mode, its settings, its schema, its health. The only other file that opens a
// database is store-lock.ts.

import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SECOND_MS } from '#language/units.ts';
import { MIGRATIONS } from './migrations.ts';
import { isSqlError, storeError, translated } from './sqlite-errors.ts';

// "ISst": tells our file from any other SQLite file (sqlite.org/pragma.html#pragma_application_id).
const APPLICATION_ID = 0x49537374;
const BUSY_TIMEOUT_MS = 5 * SECOND_MS;
const OWNER_ONLY = 0o600;

/**
 * Opens the file, makes it where it is missing, and brings its schema up to date.
 * Throws StationError StoreBusy, StoreDamaged, StoreFull or StoreUnreadable.
 */
export const openDatabase = (file: string): DatabaseSync => {
  createOwnerOnly(file);
  const database = translated(file, () => new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS }));
  try {
    translated(file, () => {
      prepare(database, file);
    });
    return database;
  } catch (error: unknown) {
    database.close();
    throw error;
  }
};

/** Runs several statements as one: all of them are durable afterwards, or none is. */
export const inTransaction = <Result>(database: DatabaseSync, call: () => Result): Result => {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = call();
    database.exec('COMMIT');
    return result;
  } catch (error: unknown) {
    // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/** Makes an empty file that only its owner may read, where there is none. SQLite gives -wal and -shm the same mode. */
export const createOwnerOnly = (file: string): void => {
  try {
    // Never opens a file that is there: closing it would drop this process's SQLite locks on it (fcntl(2)).
    closeSync(openSync(file, 'wx', OWNER_ONLY));
  } catch (error: unknown) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'EEXIST') throw storeError('StoreUnreadable', file, String(error.code), error);
    tighten(file);
  }
};

const tighten = (file: string): void => {
  try {
    chmodSync(file, OWNER_ONLY);
  } catch (error: unknown) {
    throw storeError('StoreUnreadable', file, error instanceof Error ? error.message : String(error), error);
  }
};

const prepare = (database: DatabaseSync, file: string): void => {
  const version = schemaVersion(database, file);
  // FULL: a commit is on the disk before the call returns, in WAL mode too.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  const findings = database
    .prepare('PRAGMA quick_check')
    .all()
    .map((row) => String(row['quick_check']));
  if (findings[0] !== 'ok') throw storeError('StoreDamaged', file, findings.slice(0, 3).join('; '));
  try {
    migrate(database, version);
  } catch (error: unknown) {
    // A version that was damaged names steps that this store has taken already.
    if (!isSqlError(error)) throw error;
    throw storeError(
      'StoreDamaged',
      file,
      `it is not of schema ${String(version)}, as it says: ${error.message}`,
      error,
    );
  }
};

const schemaVersion = (database: DatabaseSync, file: string): number => {
  const version = pragma(database, 'user_version');
  const application = pragma(database, 'application_id');
  const isEmpty = pragma(database, 'page_count') === 0;
  if (!isEmpty && application !== APPLICATION_ID) {
    throw storeError('StoreDamaged', file, 'it is the database of another program');
  }
  if (version > MIGRATIONS.length) {
    const known = String(MIGRATIONS.length);
    throw storeError(
      'StoreUnreadable',
      file,
      `a newer version of import-station has written it (schema ${String(version)}, this one knows ${known})`,
    );
  }
  return version;
};

const migrate = (database: DatabaseSync, version: number): void => {
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue;
    inTransaction(database, () => {
      // Another process may have taken this step while we waited for the lock.
      if (pragma(database, 'user_version') > index) return;
      database.exec(step);
      database.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}; PRAGMA user_version = ${String(index + 1)}`);
    });
  }
};

const pragma = (database: DatabaseSync, name: 'user_version' | 'application_id' | 'page_count'): number =>
  Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
