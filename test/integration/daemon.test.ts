// The daemon as a process: who it is, what it may, how it starts and ends.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { startStation, STATION_UID } from '../support/station.ts';
import { tryRun } from '../support/run.ts';

const BAYS = [{ name: 'Bay 1', image: '/nowhere/drive.img' }];

test('daemon: runs without privileges and without core dumps', async () => {
  await using station = await startStation({ bays: BAYS });
  const { pid } = station.daemon();

  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const limits = await readFile(`/proc/${String(pid)}/limits`, 'utf8');

  assert.match(status, new RegExp(`^Uid:\\t${String(STATION_UID)}\\t`, 'mu'));
  assert.match(status, /^CapEff:\t0+$/mu);
  assert.match(status, /^CapBnd:\t0+$/mu);
  assert.match(limits, /^Max core file size\s+0\s+0\s/mu);
});

test('daemon: a second one on the same state refuses to start and the first goes on', async () => {
  await using station = await startStation({ bays: BAYS });

  const second = await tryRun('setpriv', [
    `--reuid=${String(STATION_UID)}`,
    `--regid=${String(STATION_UID)}`,
    '--clear-groups',
    '--',
    join(import.meta.dirname, '..', '..', 'scripts', 'import-station'),
    'daemon',
    '--config',
    station.configPath,
  ]);

  assert.notEqual(second.exitCode, 0);
  assert.match(second.stderr, /another|already/iu);
  assert.equal((await station.status()).bays.length, 1);
});

test('daemon: refuses to run as root', async () => {
  await using station = await startStation({ bays: BAYS, isStarted: false });

  const refused = await station.cli('daemon', '--config', station.configPath);

  assert.notEqual(refused.exitCode, 0);
  assert.match(refused.stderr, new RegExp(String(STATION_UID), 'u'));
});

test('daemon: ends on SIGTERM with exit code 0, and its sockets answer no more', async () => {
  await using station = await startStation({ bays: BAYS });

  assert.equal(await station.daemon().end('SIGTERM'), 0);

  assert.notEqual((await station.cli('status')).exitCode, 0);
});

test('daemon: a control socket that is sent garbage, too much or nothing refuses and goes on', async () => {
  await using station = await startStation({ bays: BAYS });
  const socket = join(station.runDir, 'control', 'operator.sock');
  const curl = (...args: readonly string[]): Promise<{ readonly stdout: string }> =>
    tryRun('curl', ['--silent', '--max-time', '5', '--unix-socket', socket, ...args]);

  const garbage = await curl('--data-binary', '{"target":', 'http://station/retry');
  const large = await curl('--data-binary', `@${process.execPath}`, 'http://station/accounts');
  const unknown = await curl('http://station/nothing-here');

  for (const { stdout } of [garbage, unknown]) assert.match(stdout, /"happened"/u);
  assert.ok(large.stdout === '' || large.stdout.includes('"happened"'));
  assert.equal((await station.status()).bays.length, 1);
});

test('daemon: each socket gives its own right and no more', async () => {
  await using station = await startStation({ bays: BAYS });
  const post = (right: string, path: string): Promise<{ readonly stdout: string }> =>
    tryRun('curl', [
      ...['--silent', '--unix-socket', join(station.runDir, 'control', `${right}.sock`)],
      ...['--write-out', ' %{http_code}', '--data-binary', '{"target":"Bay 1"}', `http://station${path}`],
    ]);

  assert.match((await post('read', '/retry')).stdout, /NotPermitted.* 403$/su);
  assert.match((await post('technician', '/retry')).stdout, /NothingToRetry.* 409$/su);
  assert.match((await post('technician', '/accounts')).stdout, /NotPermitted.* 403$/su);
  assert.match((await post('operator', '/accounts')).stdout, /InvalidRequest.* 400$/su);
});

test('daemon: says all problems of a malformed configuration at once and does not start', async () => {
  await using station = await startStation({
    bays: BAYS,
    isStarted: false,
    config: { load: { max_requests_in_flight: -1 }, journal: { level: 'loud' }, nonsense: { key: 1 } },
  });

  const refused = await tryRun('setpriv', [
    ...[`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, '--clear-groups', '--'],
    ...[join(import.meta.dirname, '..', '..', 'scripts', 'import-station'), 'daemon', '--config', station.configPath],
  ]);

  assert.notEqual(refused.exitCode, 0);
  for (const path of ['load.max_requests_in_flight', 'journal.level', 'nonsense']) {
    assert.ok(refused.stderr.includes(path), path);
  }
});

test('daemon: does not start without the password that its mail needs, and says which file', async () => {
  await using station = await startStation({
    bays: BAYS,
    isStarted: false,
    config: { mail: { host: 'localhost', user: 'station', from: 'station@example.org', operator: 'ops@example.org' } },
  });

  const refused = await tryRun('setpriv', [
    ...[`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, '--clear-groups', '--'],
    ...[join(import.meta.dirname, '..', '..', 'scripts', 'import-station'), 'daemon', '--config', station.configPath],
  ]);

  assert.notEqual(refused.exitCode, 0);
  assert.ok(refused.stderr.includes(join(station.stateDir, 'smtp-password')), refused.stderr);
  assert.match(refused.stderr, /mode 0600/u);
});
