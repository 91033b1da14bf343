// The control sockets: who may open which, what the history keeps of him, and what happens to those who flood them, send
// garbage or stop in the middle.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { run, tryRun, type RunResult } from '../support/run.ts';
import { PRODUCT_FOLDER, startStation, STATION_UID, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const BAYS = [{ name: 'Bay 1', image: '/nowhere/drive.img' }];
// Numbers that no host gives away.
const GROUPS = { read: 64111, technician: 64112, operator: 64113 } as const;
const PERSON_UID = 64120;

const startWithGroups = (): Promise<Station> =>
  startStation({
    bays: BAYS,
    daemonGroups: Object.values(GROUPS),
    config: {
      control: {
        read_group: String(GROUPS.read),
        technician_group: String(GROUPS.technician),
        operator_group: String(GROUPS.operator),
      },
    },
  });

/** Runs a command as a person who is in these groups alone. */
const asPerson = ({ configPath }: Station, groups: readonly number[], ...args: readonly string[]): Promise<RunResult> =>
  tryRun('setpriv', [
    ...[`--reuid=${String(PERSON_UID)}`, `--regid=${String(PERSON_UID)}`],
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    ...['--', join(PRODUCT_FOLDER, 'scripts', 'import-station'), ...args, '--config', configPath],
  ]);

test('control sockets: belong to the group of their right, and nobody else may open them', async () => {
  await using station = await startWithGroups();

  for (const [right, group] of Object.entries(GROUPS)) {
    const path = join(station.runDir, 'control', `${right}.sock`);
    const facts = await until(
      async () => {
        const found = await stat(path).catch(() => undefined);
        return (found?.mode ?? 0) & 0o020 ? found : undefined;
      },
      { what: `the group may open ${right}.sock` },
    );
    assert.deepEqual([facts.uid, facts.gid, facts.mode & 0o777], [STATION_UID, group, 0o660]);
  }
});

for (const { who, groups, command, exitCode } of [
  { who: 'nobody in particular', groups: [], command: ['status'], exitCode: 77 },
  { who: 'a reader', groups: [GROUPS.read], command: ['status'], exitCode: 0 },
  { who: 'a reader', groups: [GROUPS.read], command: ['retry', 'Bay 1'], exitCode: 77 },
  // Permitted, and nothing to retry.
  { who: 'a technician', groups: [GROUPS.technician], command: ['retry', 'Bay 1'], exitCode: 1 },
  { who: 'a technician', groups: [GROUPS.technician], command: ['status'], exitCode: 0 },
  { who: 'a technician', groups: [GROUPS.technician], command: ['account', 'remove', 'a@example.com'], exitCode: 77 },
  { who: 'an operator', groups: [GROUPS.operator], command: ['retry', 'Bay 1'], exitCode: 1 },
  { who: 'an operator', groups: [GROUPS.operator], command: ['account', 'remove', 'a@example.com'], exitCode: 1 },
]) {
  test(`control sockets: ${who} gives "${command.join(' ')}" with exit code ${String(exitCode)}`, async () => {
    await using station = await startWithGroups();

    const result = await asPerson(station, groups, ...command);

    assert.equal(result.exitCode, exitCode, result.stderr);
    if (exitCode === 77) assert.match(result.stderr, /group that may/u);
  });
}

test('control sockets: a group that the daemon is not in is told, and the daemon does not start', async () => {
  await using station = await startStation({
    bays: BAYS,
    isStarted: false,
    config: { control: { technician_group: String(GROUPS.technician) } },
  });

  const refused = await tryRun('setpriv', [
    ...[`--reuid=${String(STATION_UID)}`, `--regid=${String(STATION_UID)}`, '--clear-groups', '--'],
    ...[join(PRODUCT_FOLDER, 'scripts', 'import-station'), 'daemon', '--config', station.configPath],
  ]);

  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /technician\.sock[\s\S]*Code: +ControlGroup/u);
});

const open = async (station: Station, count: number, text: string): Promise<readonly Socket[]> => {
  const sockets = Array.from({ length: count }, () => connect(join(station.runDir, 'control', 'read.sock')));
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on('error', () => undefined);
      // Unread, the end of a connection would not show.
      socket.resume();
      await once(socket, 'connect');
      if (text !== '') socket.write(text);
    }),
  );
  return sockets;
};

for (const { what, text } of [
  { what: 'that say nothing', text: '' },
  { what: 'that stop in the middle of the head', text: 'GET /status HTTP/1.1\r\nHost: x' },
  {
    what: 'that stop in the middle of the body',
    text: 'GET /status HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{',
  },
]) {
  test(`control sockets: a flood of 300 connections ${what} is over within seconds and harms nothing`, async () => {
    await using station = await startStation({ bays: BAYS });

    const sockets = await open(station, 300, text);
    // Another right has a socket of its own.
    const meanwhile = await station.cli('retry', 'Bay 1');
    const refused = await station.cli('status');

    assert.match(meanwhile.stderr, /NothingToRetry/u);
    if (refused.exitCode !== 0) assert.match(refused.stderr, /Code: +(?:DaemonBusy|DaemonEnded)/u);
    // None of these is asked to go away; the daemon ends them.
    await until(() => sockets.every(({ closed, readableEnded }) => closed || readableEnded), {
      what: 'the daemon has ended every connection',
    });
    assert.equal((await station.cli('status')).exitCode, 0);
    for (const socket of sockets) socket.destroy();
    assert.ok(station.journal().length < 100, 'a flood does not fill the journal');
  });
}

test('control sockets: garbage is refused in words', async () => {
  await using station = await startStation({ bays: BAYS });

  for (const garbage of ['\0\xff\0\r\n\r\n', 'hello\n\n', 'GET / HTTP/9.9\r\n\r\n']) {
    const [socket] = await open(station, 1, garbage);
    assert.ok(socket !== undefined);
    let answer = '';
    socket.setEncoding('utf8').on('data', (more: string) => {
      answer += more;
    });
    await once(socket, 'close');
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*"code":"InvalidRequest"/u);
  }
  assert.equal((await station.cli('status')).exitCode, 0);
});

test('control sockets: a name that is none is refused, from the command line and on the wire', async () => {
  await using station = await startStation({ bays: BAYS });
  const socket = join(station.runDir, 'control', 'read.sock');

  const onWire = await run('curl', [
    ...['--silent', '--unix-socket', socket, '--header', 'x-import-station-by: %0aroot', 'http://station/status'],
  ]);
  const typed = await station.cli('retry', 'Bay 1', '--by', 'a\u001b[2Jb');

  assert.match(onWire, /"code":"InvalidRequest"/u);
  assert.equal(typed.exitCode, 2);
});
