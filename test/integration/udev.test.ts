// With udevd a drive is noticed by its links in /dev/disk at once; without it by the next look. udevd belongs to the
// machine: it is started here and ended here.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

const RULES = '/run/udev/rules.d';

// Ports by the image: a loop device has none of its own.
const portRule = (image: string, port: string): string =>
  `SUBSYSTEM=="block", ATTR{loop/backing_file}=="${image}", ENV{ID_PATH}="${port}"\n`;

// Unlike `plug`, which attaches read-only by itself. The switch outlives the device, so it is put back.
const attachWritable = async (image: string): Promise<AsyncDisposable & { readonly device: string }> => {
  const device = (await run('losetup', ['--find', '--show', image])).trim();
  return {
    device,
    [Symbol.asyncDispose]: async () => {
      await run('blockdev', ['--setrw', device]);
      await run('losetup', ['--detach', device]);
    },
  };
};

test('config udev: makes a drive in a bay read-only and keeps others away, and leaves every other drive alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'udev-'));
  const rules = [join(RULES, '60-test-import-station.rules'), join(RULES, '61-test-import-station.rules')] as const;
  try {
    await using _udevd = await startUdevd();
    await using station = await startStation({
      bays: [{ name: 'Bay 1', port: 'pci-0000:00:14.0-usb-0:1' }],
      isStarted: false,
    });
    const [one, two] = await Promise.all(
      ['one.img', 'two.img'].map((name) => makeImage({ path: join(folder, name), fsType: 'ext4', files: { a: 'a' } })),
    );
    assert.ok(one !== undefined && two !== undefined);
    await mkdir(RULES, { recursive: true });
    await writeFile(rules[0], portRule(one, 'pci-0000:00:14.0-usb-0:1') + portRule(two, 'pci-0000:00:14.0-usb-0:2'));
    await writeFile(rules[1], await station.ask('config', 'udev'));
    await run('udevadm', ['control', '--reload']);

    const factsOf = async (device: string): Promise<{ readonly properties: string }> => {
      await run('udevadm', ['trigger', '--action=change', '--settle', device]);
      return { properties: await run('udevadm', ['info', '--query=property', device]) };
    };
    await using inBay = await attachWritable(one);
    await using elsewhere = await attachWritable(two);
    const bay = await factsOf(inBay.device);
    const other = await factsOf(elsewhere.device);

    assert.match(bay.properties, /^UDISKS_IGNORE=1$/mu);
    assert.match(bay.properties, /^DM_MULTIPATH_DEVICE_PATH=1$/mu);
    assert.match(bay.properties, /^SYSTEMD_READY=0$/mu);
    assert.equal(await run('blockdev', ['--getro', inBay.device]), '1\n');
    assert.equal(await run('blockdev', ['--getro', elsewhere.device]), '0\n');
    assert.doesNotMatch(other.properties, /UDISKS_IGNORE|DM_MULTIPATH|SYSTEMD_READY|IMPORT_STATION_BAY/u);
  } finally {
    for (const path of rules) await rm(path, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
});
