// With udevd a drive is noticed by its links in /dev/disk at once; without it by the next look. udevd belongs to the
// machine: it is started here and ended here.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeImage, plug } from '../support/loop.ts';
import { run, tryRun } from '../support/run.ts';
import { startStation } from '../support/station.ts';
import { until } from '../support/wait.ts';

const HOUR_MS = 3_600_000;
const UDEVD = '/lib/systemd/systemd-udevd';

const isRunning = async (): Promise<boolean> => (await tryRun('pidof', ['systemd-udevd'])).exitCode === 0;

// On a host that runs it already nothing is started, and nothing ended.
const startUdevd = async (): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack();
  if (await isRunning()) return stack.move();
  for (const path of ['/run/udev', '/dev/disk']) {
    if (!existsSync(path)) stack.defer(() => rm(path, { recursive: true, force: true }));
  }
  await run(UDEVD, ['--daemon']);
  stack.defer(async () => {
    await run('udevadm', ['control', '--exit']);
    await until(async () => !(await isRunning()), { what: 'udevd has ended' });
  });
  await run('udevadm', ['trigger', '--action=add', '--subsystem-match=block']);
  await run('udevadm', ['settle', '--timeout=20']);
  return stack.move();
};

test('station: notices a drive by the hint of /dev/disk alone when it would look again only in an hour', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'udev-'));
  try {
    await using _udevd = await startUdevd();
    const image = await makeImage({ path: join(folder, 'drive.img'), fsType: 'ext4', files: { 'a.txt': 'a' } });
    await using station = await startStation({
      bays: [{ name: 'Bay 1', image }],
      config: { watch: { every_ms: HOUR_MS } },
    });
    await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');

    await using drive = await plug(image);
    const bay = await station.waitForHold('Bay 1', 'MissingSignature');

    assert.equal(bay.drive?.device, drive.device);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
