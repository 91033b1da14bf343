// The daemon under a service manager: what it says and when, how it is told to read its configuration again, how it ends.
// The service manager is a socket of the tests: they prove the protocol, not systemd itself.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { test } from 'node:test';

import { makeImage, plug } from '../support/loop.ts';
import { startNotifySocket, type NotifySocket } from '../support/notify-socket.ts';
import { startStation, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const BAYS = [{ name: 'Bay 1', image: '/nowhere/drive.img' }];
const WATCHDOG_MS = 1500;
const WATCHDOG_ENV = { WATCHDOG_USEC: String(WATCHDOG_MS * 1000) };

const startUnder = (manager: NotifySocket, env: Readonly<Record<string, string>> = {}): Promise<Station> =>
  startStation({ bays: BAYS, daemonEnv: { NOTIFY_SOCKET: manager.path, ...env } });

const said = (manager: NotifySocket, assignment: string): number =>
  manager.messages().filter((message) => message.includes(assignment)).length;

const journalled = (station: Station, message: string): Readonly<Record<string, unknown>> | undefined =>
  station.journal().find(({ fields }) => fields['msg'] === message)?.fields;

const changeConfig = async (station: Station, change: (text: string) => string): Promise<void> => {
  const before = await readFile(station.configPath, 'utf8');
  const after = change(before);
  assert.notEqual(after, before);
  await writeFile(station.configPath, after);
  process.kill(station.daemon().pid, 'SIGHUP');
};

test('daemon: says ready once it answers, its status in one line, and stopping before it ends', async () => {
  await using manager = await startNotifySocket();
  await using station = await startUnder(manager);

  await until(() => said(manager, 'READY=1') === 1, { what: 'the daemon says that it is ready' });
  assert.equal(await station.daemon().end('SIGTERM'), 0);

  const messages = manager.messages();
  assert.deepEqual(messages[0], ['READY=1', 'STATUS=0 of 1 bays busy']);
  assert.deepEqual(messages.at(-1), ['STOPPING=1', 'STATUS=stopping']);
  assert.equal(said(manager, 'WATCHDOG=1'), 0);
});

test('daemon: feeds the watchdog several times within its patience, and no more once it stands still', async () => {
  await using manager = await startNotifySocket();
  await using station = await startUnder(manager, WATCHDOG_ENV);

  await until(() => said(manager, 'WATCHDOG=1') >= 4, { what: 'the watchdog is fed' });
  const { pid } = station.daemon();
  process.kill(pid, 'SIGSTOP');
  const atStop = said(manager, 'WATCHDOG=1');
  await new Promise((resolve) => setTimeout(resolve, WATCHDOG_MS));
  const later = said(manager, 'WATCHDOG=1');
  process.kill(pid, 'SIGCONT');

  // One may have been under way.
  assert.ok(later - atStop <= 1);
  await until(() => said(manager, 'WATCHDOG=1') > later, { what: 'the watchdog is fed again' });
});

test('daemon: feeds a watchdog that is meant for another process not at all', async () => {
  await using manager = await startNotifySocket();
  await using station = await startUnder(manager, { ...WATCHDOG_ENV, WATCHDOG_PID: '1' });

  await until(() => said(manager, 'READY=1') === 1, { what: 'the daemon says that it is ready' });
  await station.daemon().end('SIGTERM');

  assert.equal(said(manager, 'WATCHDOG=1'), 0);
});

test('daemon: goes on and says so once, when the service manager does not read', async () => {
  await using manager = await startNotifySocket();
  manager.stall();
  await using station = await startUnder(manager, WATCHDOG_ENV);

  await until(() => journalled(station, 'service manager not told'), { what: 'the journal tells of it' });

  assert.equal((await station.status()).bays.length, 1);
});

test('daemon: is ended at once by a second signal, when the orderly end takes its time', async () => {
  await using manager = await startNotifySocket();
  await using station = await startUnder(manager);
  await until(() => said(manager, 'READY=1') === 1, { what: 'the daemon says that it is ready' });
  manager.stall();

  process.kill(station.daemon().pid, 'SIGTERM');
  await until(() => journalled(station, 'daemon stopping'), { what: 'the daemon stops' });
  const began = performance.now();
  const end = await station.daemon().end('SIGINT');

  assert.equal(end, 'SIGINT');
  assert.ok(performance.now() - began < 3000);
});

test('daemon: takes a changed configuration as a whole on SIGHUP', async () => {
  await using manager = await startNotifySocket();
  await using station = await startUnder(manager);
  await until(() => said(manager, 'READY=1') === 1, { what: 'the daemon says that it is ready' });

  await changeConfig(station, (text) => `${text}[[bay]]\nname = "Bay 2"\nimage = "/nowhere/other.img"\n`);
  await until(() => said(manager, 'READY=1') === 2, { what: 'the reload has ended' });

  assert.deepEqual(
    (await station.status()).bays.map(({ bay }) => bay),
    ['Bay 1', 'Bay 2'],
  );
  const order = manager.messages().flatMap(([first]) => (first === undefined ? [] : [first]));
  assert.deepEqual(
    order.filter((first) => first === 'READY=1' || first === 'RELOADING=1'),
    ['READY=1', 'RELOADING=1', 'READY=1'],
  );
  const reloading = manager.messages().find(([first]) => first === 'RELOADING=1');
  assert.match(reloading?.[1] ?? '', /^MONOTONIC_USEC=\d+$/u);
});

for (const { what, change, says } of [
  {
    what: 'one key is unknown',
    change: (text: string) => text.replace('[watch]', '[watch]\nnonsense = 1').replace('"test-station"', '"renamed"'),
    says: /watch\.nonsense/u,
  },
  {
    what: 'one key is taken at the start alone',
    change: (text: string) =>
      text.replace('loader_uid = 64102', 'loader_uid = 64109').replace('"test-station"', '"renamed"'),
    says: /launch is taken at the start alone/u,
  },
  {
    what: 'it has a port for metrics from now on',
    change: (text: string) => `[metrics]\nlisten = "127.0.0.1:1"\n${text}`,
    says: /metrics is taken at the start alone, restart the daemon/u,
  },
  { what: 'it is no TOML', change: (text: string) => `${text}[`, says: /line/u },
]) {
  test(`daemon: takes nothing of a changed configuration and says why, when ${what}`, async () => {
    await using station = await startStation({ bays: BAYS });

    await changeConfig(station, change);
    const refused = await until(() => journalled(station, 'configuration refused'), { what: 'the reload is refused' });

    assert.equal(refused['code'], 'ReloadRefused');
    assert.match(String(refused['reason']), says);
    assert.match(String(refused['todo']), /systemctl reload import-station/u);
    assert.equal((await station.status()).station, 'test-station');
  });
}

test('daemon: leaves a bay that has a drive as it is until the drive is out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reload-'));
  try {
    const image = await makeImage({ path: join(folder, 'drive.img'), fsType: 'ext4', files: { 'a.txt': 'a' } });
    await using station = await startStation({ bays: [{ name: 'Bay 1', image }] });
    const rename = (text: string): string => text.replace('"Bay 1"', '"Bay 7"');
    {
      await using _drive = await plug(image);
      await station.waitForHold('Bay 1', 'MissingSignature');

      await changeConfig(station, rename);
      const refused = await until(() => journalled(station, 'configuration refused'), { what: 'it is refused' });

      assert.match(String(refused['reason']), /bay "Bay 1" has a drive/u);
      assert.equal((await station.bay('Bay 1')).hold?.code, 'MissingSignature');
    }
    await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');

    process.kill(station.daemon().pid, 'SIGHUP');

    await until(async () => (await station.status()).bays[0]?.bay === 'Bay 7', { what: 'the bay has its new name' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
