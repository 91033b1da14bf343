// What only the SQLite store can show: secrets at rest, file modes, damage, versions, crashes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Secret } from '#language/secret.ts';
import { StationError } from '#language/station-error.ts';
import { SECOND_MS } from '#language/units.ts';
import type { Store } from '#store/contract.ts';
import { openStore, STORE_FILE } from '#store/sqlite-store.ts';
import { translated } from '#store/sqlite-errors.ts';
import { jobIdOf, sampleAccount, sampleChange, sampleJob, sampleKey } from '../../support/store-samples.ts';

const KEY = Buffer.alloc(32, 7);
const CHILD_DEADLINE_MS = 20 * SECOND_MS;

const stateFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'import-station-state-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

const withStore = <Result>(folder: string, call: (store: Store) => Result): Result => {
  using store = openStore({ folder, storeKey: KEY });
  return call(store);
};

const withDatabase = (folder: string, call: (database: DatabaseSync) => void): void => {
  const database = new DatabaseSync(join(folder, STORE_FILE));
  try {
    call(database);
  } finally {
    database.close();
  }
};

const codeOf = (call: () => unknown): string => {
  try {
    call();
    return 'none';
  } catch (error: unknown) {
    assert.ok(error instanceof StationError, String(error));
    assert.ok(error.hint.length > 0 && error.details['file'] !== undefined);
    return error.code;
  }
};

test('openStore: finds everything again, when it is opened a second time', (t) => {
  const folder = stateFolder(t);
  withStore(folder, (store) => {
    store.addAccount(sampleAccount());
    store.addJob(sampleJob(), sampleChange());
  });

  withStore(folder, (store) => {
    assert.equal(
      store.account('ada@example.com')?.keys[0]?.secretAccessKey.reveal(),
      sampleKey().secretAccessKey.reveal(),
    );
    assert.deepEqual(store.job(jobIdOf('53TX4')), sampleJob());
    assert.equal(store.addJob(sampleJob(), sampleChange()), false);
  });
});

test('openStore: leaves no secret and no manifest readable in any of its files', (t) => {
  const folder = stateFolder(t);
  const secrets = ['wJalrXUtnFEMI-SECRET-1', 'session-token-SECRET-2', 'added-later-SECRET-3', '1234-hidden'];
  const [secret = '', token = '', later = ''] = secrets;
  withStore(folder, (store) => {
    store.addAccount(
      sampleAccount({
        keys: [sampleKey({ secretAccessKey: new Secret(secret), sessionToken: new Secret(token) })],
      }),
    );
    store.addAccountKey('ada@example.com', sampleKey({ accessKeyId: 'AAA', secretAccessKey: new Secret(later) }));
    store.addJob(sampleJob(), sampleChange());

    const files = readdirSync(folder);
    const bytes = Buffer.concat(files.map((file) => readFileSync(join(folder, file))));
    assert.ok(files.includes(`${STORE_FILE}-wal`), files.join());
    assert.ok(bytes.includes('ada@example.com'), 'the bytes that were looked at are those of the store');
    assert.deepEqual(
      [...secrets, KEY.toString('utf8')].filter((text) => bytes.includes(text)),
      [],
    );
  });
});

test('openStore: gives all its files the mode 0600, also one that was open to others', (t) => {
  const folder = stateFolder(t);
  const modes = (): readonly number[] => readdirSync(folder).map((file) => statSync(join(folder, file)).mode & 0o777);
  withStore(folder, (store) => {
    store.addAccount(sampleAccount());
    assert.deepEqual(modes(), [0o600, 0o600, 0o600]);
  });
  chmodSync(join(folder, STORE_FILE), 0o644);

  withStore(folder, () => {
    assert.deepEqual(new Set(modes()), new Set([0o600]));
  });
});

test('openStore: refuses with StoreKeyUnreadable, when the key is not the one of the store', (t) => {
  const folder = stateFolder(t);
  withStore(folder, () => undefined);

  assert.equal(
    codeOf(() => openStore({ folder, storeKey: Buffer.alloc(32, 8) })),
    'StoreKeyUnreadable',
  );
  withStore(folder, (store) => {
    assert.deepEqual(store.accounts(), []);
  });
});

test('account: refuses with StoreDamaged, when a sealed secret was moved to another account', (t) => {
  const folder = stateFolder(t);
  withStore(folder, (store) => {
    store.addAccount(sampleAccount());
    store.addAccount(sampleAccount({ email: 'eve@example.com', keys: [sampleKey({ accessKeyId: 'EVE' })] }));
  });
  withDatabase(folder, (database) => {
    database.exec(
      `UPDATE account_key SET sealed_secret = (SELECT sealed_secret FROM account_key WHERE email = 'ada@example.com')
       WHERE email = 'eve@example.com'`,
    );
  });

  withStore(folder, (store) => {
    assert.equal(
      codeOf(() => store.account('eve@example.com')),
      'StoreDamaged',
    );
    assert.equal(store.account('ada@example.com')?.keys.length, 1);
  });
});

test('job: refuses with StoreDamaged, when a row holds what this store never writes', (t) => {
  const folder = stateFolder(t);
  withStore(folder, (store) => store.addJob(sampleJob(), sampleChange()));
  withDatabase(folder, (database) => {
    database.exec(`UPDATE job SET job_status = 'Lost'; UPDATE job_change SET details = '{'`);
  });

  withStore(folder, (store) => {
    assert.equal(
      codeOf(() => store.job(jobIdOf('53TX4'))),
      'StoreDamaged',
    );
    assert.equal(
      codeOf(() => store.jobHistory(jobIdOf('53TX4'))),
      'StoreDamaged',
    );
  });
});

for (const { what, lose } of [
  { what: 'missing', lose: (file: string) => rmSync(file) },
  { what: 'empty', lose: (file: string) => truncateSync(file) },
]) {
  test(`openStore: refuses with StoreDamaged and makes none, when the file is ${what} and there were loads`, (t) => {
    const folder = stateFolder(t);
    withStore(folder, () => undefined);
    mkdirSync(join(folder, 'loads', '53TX4'), { recursive: true });
    const file = join(folder, STORE_FILE);
    lose(file);

    assert.throws(
      () => openStore({ folder, storeKey: KEY }),
      (error) => error instanceof StationError && error.code === 'StoreDamaged' && error.message.includes(what),
    );
    assert.ok((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0, 'no new store was made');
  });
}

test('openStore: refuses with StoreUnreadable and changes nothing, when a newer version has written the file', (t) => {
  const folder = stateFolder(t);
  withStore(folder, () => undefined);
  withDatabase(folder, (database) => {
    database.exec('PRAGMA user_version = 1000');
  });

  assert.throws(
    () => openStore({ folder, storeKey: KEY }),
    (error) =>
      error instanceof StationError && error.code === 'StoreUnreadable' && /newer version/u.test(error.message),
  );
  withDatabase(folder, (database) => {
    assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], 1000);
  });
});

test('openStore: refuses with StoreDamaged and changes nothing, when its version is not that of its tables', (t) => {
  const folder = stateFolder(t);
  withStore(folder, () => undefined);
  withDatabase(folder, (database) => {
    database.exec('PRAGMA user_version = 0');
  });

  assert.throws(
    () => openStore({ folder, storeKey: KEY }),
    (error) => error instanceof StationError && error.code === 'StoreDamaged' && /schema 0/u.test(error.message),
  );
  withDatabase(folder, (database) => {
    assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], 0);
  });
});

test("openStore: refuses with StoreDamaged, when the file is another program's or no database", (t) => {
  const other = stateFolder(t);
  withDatabase(other, (database) => {
    database.exec('CREATE TABLE theirs (a)');
  });
  const noise = stateFolder(t);
  writeFileSync(join(noise, STORE_FILE), 'no database at all, but long enough to be taken for one'.repeat(100));

  assert.deepEqual(
    [other, noise].map((folder) => codeOf(() => openStore({ folder, storeKey: KEY }))),
    ['StoreDamaged', 'StoreDamaged'],
  );
  withDatabase(other, (database) => {
    assert.equal(database.prepare('SELECT count(*) AS n FROM theirs').get()?.['n'], 0);
  });
});

test('openStore: refuses with StoreDamaged, when pages of the file were overwritten', (t) => {
  const folder = stateFolder(t);
  withStore(folder, (store) => {
    store.addAccount(sampleAccount());
  });
  const file = join(folder, STORE_FILE);
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096, Math.min(bytes.length, 40_960));
  writeFileSync(file, bytes);

  assert.equal(
    codeOf(() => openStore({ folder, storeKey: KEY })),
    'StoreDamaged',
  );
});

test('openStore: refuses with StoreUnreadable, when the folder is missing or the file is a folder', (t) => {
  const folder = stateFolder(t);
  const missing = join(folder, 'missing');

  assert.equal(
    codeOf(() => openStore({ folder: missing, storeKey: KEY })),
    'StoreUnreadable',
  );
});

test('translated: tells a full disk as StoreFull and a held database as StoreBusy', (t) => {
  const file = join(stateFolder(t), 'trial.db');
  using database = new DatabaseSync(file);
  database.exec('CREATE TABLE trial (a); PRAGMA max_page_count = 3');
  using second = new DatabaseSync(file, { timeout: 0 });

  assert.equal(
    codeOf(() =>
      translated(file, () => {
        database.exec('INSERT INTO trial VALUES (zeroblob(1000000))');
      }),
    ),
    'StoreFull',
  );
  database.exec('BEGIN EXCLUSIVE');
  assert.equal(
    codeOf(() =>
      translated(file, () => {
        second.exec('INSERT INTO trial VALUES (1)');
      }),
    ),
    'StoreBusy',
  );
});

test('translated: lets a defect through as it is, when a statement breaks a rule of the schema', () => {
  using database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE trial (a UNIQUE); INSERT INTO trial VALUES (1)');

  assert.throws(
    () => {
      translated('trial', () => {
        database.exec('INSERT INTO trial VALUES (1)');
      });
    },
    (error) => error instanceof Error && !(error instanceof StationError),
  );
});

test('addJob: is durable, when the process is killed right after it returned', async (t) => {
  const folder = stateFolder(t);
  const storeModule = import.meta.resolve('#store/sqlite-store.ts');
  const samples = new URL('../../support/store-samples.ts', import.meta.url).href;
  const script = `
    const { openStore } = await import(${JSON.stringify(storeModule)});
    const { sampleJob, sampleChange } = await import(${JSON.stringify(samples)});
    const store = openStore({ folder: process.argv[1], storeKey: Buffer.alloc(32, 7) });
    store.addJob(sampleJob(), sampleChange());
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], { stdio: 'inherit' });
  const exit: readonly unknown[] = await once(child, 'exit', { signal: AbortSignal.timeout(CHILD_DEADLINE_MS) });

  assert.equal(exit[1], 'SIGKILL');
  withStore(folder, (store) => {
    assert.deepEqual(store.jobHistory(jobIdOf('53TX4')), [sampleChange()]);
  });
});
