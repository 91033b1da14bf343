// Commands while no daemon runs: root becomes the owner of the state directory, others are refused, a lock is kept.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { accountListSchema, jobListSchema } from '#cli/json-shapes.ts';
import { acquireStoreLock } from '#store/store-lock.ts';
import { tryRun } from '../support/run.ts';
import { PRODUCT_FOLDER, startStation, STATION_UID, type Station } from '../support/station.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const EMAIL = 'ada@example.com';
const SOMEBODY = 64103;

const startWithoutDaemon = (): Promise<Station> => startStation({ bays: [], isStarted: false });

const addAccount = async (station: Station): Promise<string> => {
  const secret = join(station.folder, 'secret');
  // Of root, and of nobody else: read before root becomes the owner of the state.
  writeFileSync(secret, SECRET, { mode: 0o600 });
  return station.ask('account', 'add', EMAIL, '--key-id', 'AKIAIOSFODNN7EXAMPLE', '--secret-file', secret);
};

test('cli: stores as the owner of the state directory when root asks, and keeps secrets sealed', async () => {
  await using station = await startWithoutDaemon();

  const shown = await addAccount(station);

  const { accounts } = accountListSchema.parse(JSON.parse(await station.ask('account', 'list', '--json')));
  assert.deepEqual(
    accounts.map(({ email }) => email),
    [EMAIL],
  );
  assert.doesNotMatch(shown + (await station.ask('account', 'show', EMAIL)), /wJalr/u);
  const files = readdirSync(station.stateDir).map((name) => join(station.stateDir, name));
  assert.ok(files.length >= 2);
  for (const file of files) {
    const { uid, mode } = statSync(file);
    assert.deepEqual({ file, uid, othersMay: mode & 0o077 }, { file, uid: STATION_UID, othersMay: 0 });
    assert.ok(!readFileSync(file).includes(SECRET), `${file} holds the secret`);
  }
});

test('cli: refuses another user, while no daemon runs', async () => {
  await using station = await startWithoutDaemon();
  await addAccount(station);
  const drop = [`--reuid=${String(SOMEBODY)}`, `--regid=${String(SOMEBODY)}`, '--clear-groups'];
  const command = [join(PRODUCT_FOLDER, 'scripts', 'import-station'), 'account', 'list'];

  const { exitCode, stdout, stderr } = await tryRun('setpriv', [
    ...drop,
    '--',
    ...command,
    '--config',
    station.configPath,
  ]);

  assert.deepEqual({ exitCode, stdout }, { exitCode: 77, stdout: '' });
  assert.match(stderr, /the daemon does not run, and .* belongs to another user/u);
});

test('cli: does not open a store that another process has', async () => {
  await using station = await startWithoutDaemon();
  await addAccount(station);
  const acquired = acquireStoreLock(station.stateDir);
  assert.equal(acquired.kind, 'ok');

  const { exitCode, stderr } = await station.cli('account', 'list');

  if (acquired.kind === 'ok') acquired.lock[Symbol.dispose]();
  assert.equal(exitCode, 69);
  assert.match(stderr, /Another process holds the station's store/u);
  assert.equal((await station.cli('account', 'list')).exitCode, 0);
});

test('cli: gives the same answers over the socket and without a daemon', async () => {
  await using station = await startWithoutDaemon();
  await addAccount(station);
  const commands = [
    ['account', 'show', EMAIL, '--json'],
    ['job', 'list', '--json'],
    ['job', 'show', 'ZZZZZ'],
    ['account', 'show', 'nobody@example.com'],
    ['account', 'key', 'remove', EMAIL, 'AKIANOSUCHKEY'],
  ];
  const alone = [];
  for (const command of commands) alone.push(await station.cli(...command));

  await station.startDaemon();

  const asked = [];
  for (const command of commands) asked.push(await station.cli(...command));
  assert.deepEqual(asked, alone);
  assert.deepEqual(jobListSchema.parse(JSON.parse(alone[1]?.stdout ?? '')), { jobs: [] });
  assert.deepEqual(
    alone.map(({ exitCode }) => exitCode),
    [0, 0, 1, 1, 1],
  );
});
