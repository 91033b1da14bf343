// The key of the store: made once and whole, read only where nobody else can read it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { StationError } from '#language/station-error.ts';
import { loadStoreKey } from '#store/store-key.ts';

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'import-station-key-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

const refusal = (path: string, create = false): string => {
  try {
    loadStoreKey({ path, create });
    return 'none';
  } catch (error: unknown) {
    assert.ok(error instanceof StationError && error.code === 'StoreKeyUnreadable', String(error));
    return String(error.details['message']);
  }
};

test('loadStoreKey: makes a key of 32 bytes that its owner alone may read, and reads it from then on', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'store-key');
  const key = loadStoreKey({ path, create: true });

  assert.equal(key.length, 32);
  assert.deepEqual(loadStoreKey({ path, create: true }), key);
  assert.deepEqual(loadStoreKey({ path, create: false }), key);
  assert.deepEqual(readdirSync(folder), ['store-key']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('loadStoreKey: makes another key each time', (t) => {
  const folder = folderOf(t);
  const keys = ['a', 'b'].map((name) => loadStoreKey({ path: join(folder, name), create: true }));

  assert.notDeepEqual(keys[0], keys[1]);
});

test('loadStoreKey: refuses, when the file is missing and none is to be made, or none can be made', (t) => {
  const folder = folderOf(t);

  assert.equal(refusal(join(folder, 'store-key')), 'it does not exist');
  assert.equal(refusal(join(folder, 'missing', 'store-key'), true), 'ENOENT');
  assert.deepEqual(readdirSync(folder), []);
});

test('loadStoreKey: refuses and leaves alone what is no key, also when one may be made', (t) => {
  const folder = folderOf(t);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('short'), Buffer.alloc(31), { mode: 0o600 });
  writeFileSync(at('long'), Buffer.alloc(33), { mode: 0o600 });
  writeFileSync(at('open'), Buffer.alloc(32), { mode: 0o600 });
  chmodSync(at('open'), 0o640);
  symlinkSync(at('short'), at('link'));
  mkdirSync(at('folder'));
  execFileSync('mkfifo', ['-m', '600', at('fifo')]);

  assert.deepEqual(
    ['short', 'long', 'open', 'link', 'folder', 'fifo'].map((name) => refusal(at(name), true)),
    [
      'it has 31 bytes, expected 32',
      'it has 33 bytes, expected 32',
      'its mode is 0640, expected 0600',
      'it is a link, expected a plain file',
      'it is no plain file',
      'it is no plain file',
    ],
  );
  assert.equal(statSync(at('short')).size, 31);
});

// Only root can give files away; the suite as a whole needs root, and says so at its start.
if (process.geteuid?.() === 0) {
  test('loadStoreKey: refuses, when the file belongs to a third user', (t) => {
    const path = join(folderOf(t), 'store-key');
    loadStoreKey({ path, create: true });
    chownSync(path, 12_345, 12_345);

    assert.equal(refusal(path), "it belongs to user 12345, expected this process's user or root");
  });
}
