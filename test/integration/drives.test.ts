// Snapshots and hints on this host: loop devices as drives, with and without udev's links.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { AttachedDrive } from '#drive/contract.ts';
import { LSBLK } from '#drive/lsblk.ts';
import { runCommand } from '#drive/run-command.ts';
import { takeSnapshot } from '#drive/snapshot.ts';
import { createDriveWatcher } from '#drive/watch.ts';
import { makeDisk, makeImage, plug } from '../support/loop.ts';
import { run } from '../support/run.ts';
import { until } from '../support/wait.ts';

const never = new AbortController().signal;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drives-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

const drives = async (): Promise<readonly AttachedDrive[]> => {
  const result = await takeSnapshot(never);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.snapshot.drives;
};
const driveAt = async (backingFile: string): Promise<AttachedDrive | undefined> =>
  (await drives()).find(({ port }) => port.backingFile === backingFile);

test('LSBLK: is a call that this version of lsblk understands, column by column', async () => {
  const result = await runCommand(LSBLK, never);

  assert.ok(result.kind === 'ended');
  assert.deepEqual([result.exitCode, result.stderr], [0, '']);
});

test('takeSnapshot: shows an image from plug to unplug, a new attachment each time', async () => {
  const image = await makeImage({ path: join(folder, 'a name.img'), fsType: 'ext4' });
  assert.equal(await driveAt(image), undefined);

  const first = await plug(image);
  const seen = await driveAt(image);
  await first[Symbol.asyncDispose]();
  assert.equal(await driveAt(image), undefined);
  await using _second = await plug(image);
  const again = await driveAt(image);

  assert.partialDeepStrictEqual(seen, {
    device: first.device,
    kernelName: first.kernelName,
    sizeBytes: 32 * 1024 * 1024,
    inUse: false,
  });
  assert.ok(seen !== undefined && again !== undefined && again.diskSequence > seen.diskSequence);
});

test('takeSnapshot: tells an image whose file was deleted from one that is there', async () => {
  const image = await makeImage({ path: join(folder, 'deleted.img'), fsType: 'ext4' });
  await using _drive = await plug(image);

  await rm(image);

  assert.equal(await driveAt(image), undefined);
  assert.ok((await driveAt(`${image} (deleted)`)) !== undefined);
});

for (const fsType of ['ext4', 'btrfs'] as const) {
  test(`takeSnapshot: shows a drive as in use while the host has a partition of it mounted, ${fsType}`, async () => {
    const part = await makeImage({ path: join(folder, `used-${fsType}-part.img`), fsType });
    const image = await makeDisk({
      path: join(folder, `used-${fsType}.img`),
      table: 'gpt',
      partitions: [{ image: part }],
    });
    await using drive = await plug(image);
    const mountPoint = await mkdtemp(join(folder, 'mount-'));
    await run('mount', ['-t', fsType, '-o', 'ro', `${drive.device}p1`, mountPoint]);
    try {
      assert.partialDeepStrictEqual(await driveAt(image), { inUse: true, inUseBy: `it is mounted at ${mountPoint}` });
    } finally {
      await run('umount', [mountPoint]);
    }
    assert.partialDeepStrictEqual(await driveAt(image), { inUse: false });
  });
}

test('takeSnapshot: shows the other drives of a mounted btrfs as in use', async () => {
  const images = [join(folder, 'pair-1.img'), join(folder, 'pair-2.img')] as const;
  for (const image of images) await run('truncate', ['--size', '128M', image]);
  await run('mkfs.btrfs', ['-q', '-f', ...images]);
  await using first = await plug(images[0]);
  await using second = await plug(images[1]);
  const mountPoint = await mkdtemp(join(folder, 'mount-'));
  await run('mount', ['-t', 'btrfs', '-o', `ro,device=${second.device}`, first.device, mountPoint]);
  try {
    for (const image of images) assert.equal((await driveAt(image))?.inUse, true, image);
  } finally {
    await run('umount', [mountPoint]);
    // The kernel keeps a list of the drives that it has seen.
    await run('btrfs', ['device', 'scan', '--forget']);
  }
});

test('takeSnapshot: shows the drive that carries the host as in use', async () => {
  const root = (await run('findmnt', ['--noheadings', '--output', 'SOURCE', '/'])).trim();

  const carrier = (await drives()).find(({ device }) => root.startsWith(device));

  assert.equal(carrier?.inUse, true);
});

test('takeSnapshot: stops with its signal', async () => {
  await assert.rejects(takeSnapshot(AbortSignal.abort(new Error('stopped'))), /stopped/u);
});

test('runCommand: gives a program up at its deadline, and waits no longer for it', async () => {
  const result = await runCommand({ program: 'sleep', args: ['60'], deadlineMs: 50 }, never);

  assert.deepEqual(result, { kind: 'problem', message: 'sleep did not end in 50 ms' });
});

test('runCommand: reports a program that does not exist', async () => {
  const result = await runCommand({ program: 'no-such-program', args: [], deadlineMs: 5000 }, never);

  assert.deepEqual(result, { kind: 'problem', message: 'no-such-program: ENOENT' });
});

test('createDriveWatcher: gives one hint for a burst of links, once the folder has appeared', async () => {
  const watched = join(folder, 'disk');
  let hints = 0;
  await using watcher = createDriveWatcher({ folder: watched, debounceMs: 100, onHint: () => (hints += 1) });
  watcher.arm();
  await mkdir(join(watched, 'by-diskseq'), { recursive: true });
  watcher.arm();
  await until(() => hints === 1, { what: 'a hint that the watch has begun' });

  for (let link = 0; link < 10; link += 1) await symlink('/dev/null', join(watched, 'by-diskseq', String(link)));

  await until(() => hints === 2, { what: 'a hint for the burst' });
});

test('createDriveWatcher: sees a folder of links come and go, and is armed anew when all was gone', async () => {
  const watched = join(folder, 'again');
  let hints = 0;
  const hinted = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    const before = hints;
    await action();
    await until(() => hints > before, { what });
  };
  await mkdir(watched);
  await using watcher = createDriveWatcher({ folder: watched, debounceMs: 1, onHint: () => (hints += 1) });

  await hinted('the watch has begun', async () => {
    watcher.arm();
    await Promise.resolve();
  });
  await hinted('by-uuid came', () => mkdir(join(watched, 'by-uuid')));
  await hinted('a link came', () => symlink('/dev/null', join(watched, 'by-uuid', 'x')));
  await hinted('a link went', () => rm(join(watched, 'by-uuid', 'x')));
  await rm(watched, { recursive: true });
  await mkdir(watched);
  await hinted('the watch has begun anew', async () => {
    watcher.arm();
    await Promise.resolve();
  });
  await hinted('by-id came', () => mkdir(join(watched, 'by-id')));
});

test('createDriveWatcher: gives no hint once it is disposed', async () => {
  const watched = join(folder, 'disposed');
  await mkdir(watched);
  let hints = 0;
  const watcher = createDriveWatcher({ folder: watched, debounceMs: 1, onHint: () => (hints += 1) });
  watcher.arm();
  await until(() => hints > 0, { what: 'the watch has begun' });

  await watcher[Symbol.asyncDispose]();
  await watcher[Symbol.asyncDispose]();
  watcher.arm();
  const before = hints;
  await mkdir(join(watched, 'by-id'));
  // A watcher of its own is told of the same folder, after which the disposed one would have been.
  await using witness = createDriveWatcher({ folder: watched, debounceMs: 50, onHint: () => (hints += 100) });
  witness.arm();
  await until(() => hints >= 100, { what: 'the witness has begun' });

  assert.equal(hints - before, 100);
});
