// One process at a time holds a state directory. The lock is SQLite's own lock on an empty database, because the
// kernel drops it with the process, however that ends, and Node has no flock(2).

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StationError } from '#language/station-error.ts';
import { createOwnerOnly } from './database.ts';
import { translated } from './sqlite-errors.ts';

/** The lock, or that another process has it. */
export type StoreLock = { readonly kind: 'ok'; readonly lock: Disposable } | { readonly kind: 'held' };

/** Name of the lock's file in the state directory. */
export const LOCK_FILE = 'daemon.lock';

/**
 * Takes the lock of a state directory, or tells at once that it is held. It is kept until it is disposed of or the
 * process ends. Throws StationError StoreUnreadable where the directory cannot be used.
 */
export const acquireStoreLock = (folder: string): StoreLock => {
  const file = join(folder, LOCK_FILE);
  createOwnerOnly(file);
  const database = translated(file, () => new DatabaseSync(file, { timeout: 0 }));
  try {
    translated(file, () => {
      // Nothing is ever written, so no journal needs to lie beside the lock.
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    });
  } catch (error: unknown) {
    database.close();
    if (error instanceof StationError && error.code === 'StoreBusy') return { kind: 'held' };
    throw error;
  }
  const lock = {
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
  return { kind: 'ok', lock };
};
