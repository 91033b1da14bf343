// The store in one SQLite file, `station.db` in the state directory.

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { createAccountTable } from './account-table.ts';
import type { Store } from './contract.ts';
import { inTransaction, openDatabase } from './database.ts';
import { createJobTable } from './job-table.ts';
import { createLoadTable } from './load-table.ts';
import { createOutboxTable } from './outbox-table.ts';
import { createSeal, STORE_KEY_BYTES, type Seal } from './seal.ts';
import { storeError, translated } from './sqlite-errors.ts';
import { storeKeyError } from './store-key.ts';

/** Name of the store's file in the state directory. */
export const STORE_FILE = 'station.db';
/** Folder beside it, with one for each load. */
export const LOADS_FOLDER = 'loads';

/**
 * Opens the store of a state directory; makes it where it is missing. Only the holder of the store's lock may do this.
 * Throws StationError StoreBusy, StoreDamaged, StoreFull or StoreUnreadable, and StoreKeyUnreadable for a key that is
 * not the one of this store.
 */
export const openStore = ({
  folder,
  storeKey,
}: {
  /** The state directory; it exists. */
  readonly folder: string;
  /** 32 bytes that seal what customers keep secret. */
  readonly storeKey: Uint8Array;
}): Store => {
  assert(storeKey.length === STORE_KEY_BYTES, 'a store key has 32 bytes');
  const file = join(folder, STORE_FILE);
  refuseLost(folder, file);
  const database = openDatabase(file);
  try {
    const seal = createSeal(storeKey);
    translated(file, () => {
      checkKey(database, seal, file);
    });
    return createStore(database, seal, file);
  } catch (error: unknown) {
    database.close();
    throw error;
  }
};

// Where there were loads, there was a store. A new one in the place of one that was lost would know no job, and would load
// drives again that are loaded.
const refuseLost = (folder: string, file: string): void => {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size;
  if (bytes !== undefined && bytes > 0) return;
  const loads = entriesOf(join(folder, LOADS_FOLDER));
  if (loads === 0) return;
  const what = bytes === undefined ? 'is missing' : 'is empty';
  throw storeError('StoreDamaged', file, `it ${what}, and ${String(loads)} loads lie in ${LOADS_FOLDER}/ beside it`);
};

const entriesOf = (path: string): number => {
  try {
    return readdirSync(path).length;
  } catch {
    // No load yet; where the folder cannot be read, the store says so itself.
    return 0;
  }
};

const createStore = (database: DatabaseSync, seal: Seal, file: string): Store => {
  const deps = { database, seal, damaged: (message: string) => storeError('StoreDamaged', file, message) };
  const calls = {
    ...createAccountTable(deps),
    ...createJobTable(deps),
    ...createLoadTable(database),
    ...createOutboxTable(database),
  };
  const guard =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result =>
      translated(file, () => call(...args));
  return {
    addAccount: guard(calls.addAccount),
    account: guard(calls.account),
    accounts: guard(calls.accounts),
    removeAccount: guard(calls.removeAccount),
    addAccountKey: guard(calls.addAccountKey),
    removeAccountKey: guard(calls.removeAccountKey),
    addJob: guard(calls.addJob),
    job: guard(calls.job),
    jobs: guard(calls.jobs),
    jobHistory: guard(calls.jobHistory),
    changeJob: guard(calls.changeJob),
    updateJob: guard(calls.updateJob),
    holdJob: guard(calls.holdJob),
    heldJobs: guard(calls.heldJobs),
    jobCounts: guard(calls.jobCounts),
    jobsSince: guard(calls.jobsSince),
    startLoad: guard(calls.startLoad),
    load: guard(calls.load),
    loadsIn: guard(calls.loadsIn),
    changeLoad: guard(calls.changeLoad),
    openAttachment: guard(calls.openAttachment),
    changeAttachment: guard(calls.changeAttachment),
    attachment: guard(calls.attachment),
    openAttachments: guard(calls.openAttachments),
    queueMails: guard(calls.queueMails),
    dueMails: guard(calls.dueMails),
    recordMailAttempt: guard(calls.recordMailAttempt),
    mailCounts: guard(calls.mailCounts),
    outbox: guard(calls.outbox),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
};

const KEY_CHECK_PLACE = ['key-check'] as const;
const KEY_CHECK_WORD = Buffer.from('import-station');

// Without this a wrong key would be noticed by the first load, not at start.
const checkKey = (database: DatabaseSync, seal: Seal, file: string): void => {
  inTransaction(database, () => {
    const sealed = database.prepare('SELECT sealed FROM key_check').get()?.['sealed'];
    if (sealed === undefined) {
      database.prepare('INSERT INTO key_check (sealed) VALUES (?)').run(seal.seal(KEY_CHECK_WORD, KEY_CHECK_PLACE));
      return;
    }
    const isOpened = sealed instanceof Uint8Array && seal.open(sealed, KEY_CHECK_PLACE) !== undefined;
    if (!isOpened) throw storeKeyError('the configured key', `it is not the one that sealed ${file}`);
  });
};
