// One process at a time holds a state directory, and the lock dies with the process.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { StationError } from '#language/station-error.ts';
import { SECOND_MS } from '#language/units.ts';
import { acquireStoreLock, LOCK_FILE } from '#store/store-lock.ts';

const DEADLINE_MS = 20 * SECOND_MS;

const stateFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'import-station-lock-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

/** A process that tries to take the lock, says how that went, and stays until its stdin ends. */
const lockingProcess = async (t: TestContext, folder: string): Promise<{ said: string; child: ChildProcess }> => {
  const script = `
    const { acquireStoreLock } = await import(${JSON.stringify(import.meta.resolve('#store/store-lock.ts'))});
    globalThis.result = acquireStoreLock(process.argv[1]);
    process.stdout.write(result.kind);
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const said: readonly unknown[] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return { said: String(said[0]), child };
};

test('acquireStoreLock: is held for a second one, and free again when the first is disposed of', (t) => {
  const folder = stateFolder(t);
  const first = acquireStoreLock(folder);
  assert.ok(first.kind === 'ok');

  assert.equal(acquireStoreLock(folder).kind, 'held');

  first.lock[Symbol.dispose]();
  first.lock[Symbol.dispose]();
  const again = acquireStoreLock(folder);
  assert.ok(again.kind === 'ok');
  again.lock[Symbol.dispose]();
});

test('acquireStoreLock: stays held for other processes, when this one was refused a second lock', async (t) => {
  const folder = stateFolder(t);
  const first = acquireStoreLock(folder);
  assert.ok(first.kind === 'ok');
  t.after(() => {
    first.lock[Symbol.dispose]();
  });

  assert.equal(acquireStoreLock(folder).kind, 'held');
  assert.equal((await lockingProcess(t, folder)).said, 'held');
});

test('acquireStoreLock: is held while another process lives, and free as soon as that one is killed', async (t) => {
  const folder = stateFolder(t);
  const { said, child } = await lockingProcess(t, folder);
  assert.equal(said, 'ok');

  assert.equal(acquireStoreLock(folder).kind, 'held');

  const exited = once(child, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) });
  child.kill('SIGKILL');
  await exited;
  const lock = acquireStoreLock(folder);
  assert.ok(lock.kind === 'ok');
  lock.lock[Symbol.dispose]();
});

test('acquireStoreLock: leaves one file, which its owner alone may read', (t) => {
  const folder = stateFolder(t);
  const result = acquireStoreLock(folder);
  assert.ok(result.kind === 'ok');
  using _lock = result.lock;

  assert.deepEqual(readdirSync(folder), [LOCK_FILE]);
  assert.equal(statSync(join(folder, LOCK_FILE)).mode & 0o777, 0o600);
});

test('acquireStoreLock: throws StoreUnreadable, when the folder is missing', (t) => {
  const folder = join(stateFolder(t), 'missing');

  assert.throws(
    () => acquireStoreLock(folder),
    (error) => error instanceof StationError && error.code === 'StoreUnreadable',
  );
});
