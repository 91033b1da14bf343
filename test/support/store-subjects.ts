// What has to fulfil the contract of the store: the double and SQLite.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Store } from '#store/contract.ts';
import { openStore } from '#store/sqlite-store.ts';
import { createMemoryStore } from './memory-store.ts';

/** One that fulfils it. */
export interface StoreSubject {
  readonly name: string;
  readonly open: (t: TestContext) => Store;
}

/** All that fulfil it. */
export const STORE_SUBJECTS: readonly StoreSubject[] = [
  { name: 'memory', open: (): Store => createMemoryStore() },
  {
    name: 'SQLite',
    open: (t: TestContext): Store => {
      const folder = mkdtempSync(join(tmpdir(), 'import-station-store-'));
      const store = openStore({ folder, storeKey: randomBytes(32) });
      t.after(() => {
        store[Symbol.dispose]();
        rmSync(folder, { recursive: true });
      });
      return store;
    },
  },
];
