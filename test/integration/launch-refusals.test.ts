// What the launcher refuses, on real loop devices: drives, requests, and everyone but the daemon.

import assert from 'node:assert/strict';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { driveOf, loadRequest, problemOf, refusalOf, startLauncher } from '../support/launcher.ts';
import { isExclusive, startLoader } from '../support/loader.ts';
import { canMount, makeImage, plug, sha256, withMounted, type FsType } from '../support/loop.ts';
import { run } from '../support/run.ts';
import { STATION_UID } from '../support/station.ts';
import { until } from '../support/wait.ts';

const FILES = { SIGNATURE: 'signature', 'folder/a file.txt': 'some text', 'folder/empty': '' } as const;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launch-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

describe('load, refused by the drive', () => {
  test('load: refuses a dirty ext4 journal as JournalNotClean, and does not replay it', async () => {
    const image = await makeDirty({ name: 'dirty-ext4', fsType: 'ext4' });

    assert.equal(await refusedLoad(image, 'ext4'), 'JournalNotClean');
  });

  for (const fsType of ['ext3', 'ext4'] as const) {
    test(`load: refuses a dirty ${fsType} whose superblock says not to look at its journal`, async () => {
      const image = await makeDirty({ name: `noload-${fsType}`, fsType });
      await run('debugfs', ['-w', '-R', 'set_super_value mount_opts noload', image]);

      assert.equal(await refusedLoad(image, fsType), 'JournalNotClean');
    });
  }

  test('load: refuses a btrfs with a log that was not written back as JournalNotClean', async () => {
    const image = await makeDirty({ name: 'dirty-btrfs', fsType: 'btrfs' });

    assert.equal(await refusedLoad(image, 'btrfs'), 'JournalNotClean');
  });

  test('load: refuses a dirty XFS log as JournalNotClean, and does not replay it', async () => {
    const image = await makeDirty({ name: 'dirty-xfs', fsType: 'xfs' });

    assert.equal(await refusedLoad(image, 'xfs'), 'JournalNotClean');
  });

  test('load: refuses an NTFS with a Windows asleep in it as HibernatedVolume', async () => {
    const image = await makeImage({
      path: join(folder, 'hibernated.img'),
      fsType: 'ntfs',
      files: { 'hiberfil.sys': `HIBR${'\0'.repeat(8192)}` },
    });

    assert.equal(await refusedLoad(image, 'ntfs'), 'HibernatedVolume');
  });

  test('load: takes an NTFS whose hiberfil.sys is empty of a Windows', async () => {
    const files = { 'hiberfil.sys': '\0'.repeat(8192) };
    const image = await makeImage({ path: join(folder, 'awake.img'), fsType: 'ntfs', files });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);

    await using loader = await startLoader(launcher, await loadRequest(drive, 'ntfs'));

    assert.ok('/drive/hiberfil.sys' in loader.looked.digests);
  });

  test('load: refuses a damaged file system as MountFailed', async () => {
    const image = await makeImage({ path: join(folder, 'damaged.img'), fsType: 'ext4', files: FILES });
    await using file = await open(image, 'r+');
    // The group descriptors follow the superblock, which stays whole.
    await file.write(Buffer.alloc(3 * 1024, 0xa5), 0, undefined, 2048);

    assert.equal(await refusedLoad(image, 'ext4'), 'MountFailed');
  });

  test('load: refuses a type that is not on the list, and one that the drive does not have', async () => {
    const image = await makeImage({ path: join(folder, 'types.img'), fsType: 'ext4', files: FILES });

    assert.equal(await refusedLoad(image, 'squashfs'), 'UnsupportedFileSystem');
    assert.equal(await refusedLoad(image, 'xfs'), 'MountFailed');
    if (!(await canMount('vfat'))) assert.equal(await refusedLoad(image, 'vfat'), 'UnsupportedFileSystem');
  });
});

// A journal as a pulled cable leaves it: a copy that was made while the file system was in use.
const makeDirty = async ({ name, fsType }: { readonly name: string; readonly fsType: FsType }): Promise<string> => {
  const used = await makeImage({ path: join(folder, `${name}-used.img`), fsType });
  const image = join(folder, `${name}.img`);
  await withMounted(used, fsType, async (root) => {
    await using file = await open(join(root, 'synced'), 'w');
    await file.write('acknowledged');
    await file.sync();
    await run('cp', ['--sparse=always', '--', used, image]);
  });
  return image;
};

const refusedLoad = async (image: string, type: string): Promise<string> => {
  const before = await sha256(image);
  await using launcher = await startLauncher([image]);
  await using drive = await plug(image);
  const code = await refusalOf(launcher, await loadRequest(drive, type));
  await until(() => isExclusive(drive.device), { what: 'the drive is free' });
  assert.equal(await sha256(image), before, 'the image is unchanged');
  return code;
};

describe('launch, refused requests', () => {
  const garbage = [
    'no json',
    '[]',
    '{}',
    '{"kind":"probe","kernelName":"../etc","diskSequence":1}',
    '{"kind":"load","kernelName":"sda","diskSequence":1,"partitionNumber":0,"type":"ext4 -o rw"}',
    '{"kind":"probe","kernelName":"sda","diskSequence":1,"more":true}',
    '{"kind":"probe","kernelName":"sda","diskSequence":1}\nmore',
    'x'.repeat(5000),
  ];
  for (const line of garbage) {
    test(`launch: refuses the request ${JSON.stringify(line.slice(0, 70))}`, async () => {
      await using launcher = await startLauncher([]);

      assert.equal(await refusalOf(launcher, line), 'LaunchRefused');
    });
  }

  test('launch: ends without an answer when nobody asks', async () => {
    await using launcher = await startLauncher([]);
    await using connection = await launcher.connect();

    connection.socket.end();

    assert.equal(await connection.next(), undefined);
  });

  test('launch: refuses a drive that is in no bay, is another one by now, or is not there', async () => {
    const image = await makeImage({ path: join(folder, 'stranger.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([join(folder, 'another.img')]);
    await using drive = await plug(image);
    const { kernelName, diskSequence } = await driveOf(drive);
    await using owner = await startLauncher([image]);

    for (const kind of ['probe', 'free'] as const) {
      assert.equal(problemOf(await launcher.ask({ kind, kernelName, diskSequence })), 'LaunchRefused');
      assert.equal(problemOf(await owner.ask({ kind, kernelName, diskSequence: diskSequence + 1 })), 'LaunchRefused');
      assert.equal(problemOf(await owner.ask({ kind, kernelName: 'sdzz', diskSequence })), 'LaunchRefused');
    }
    assert.equal(await refusalOf(launcher, await loadRequest(drive, 'ext4')), 'LaunchRefused');
    assert.equal(await refusalOf(owner, await loadRequest(drive, 'ext4', 7)), 'LaunchRefused');
  });

  test('launch: touches no drive that the host has mounted', async () => {
    const image = await makeImage({ path: join(folder, 'mounted.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    const mountPoint = await mkdtemp(join(folder, 'mount-'));
    await run('mount', ['-o', 'ro', drive.device, mountPoint]);
    try {
      const request = { kind: 'probe', ...(await driveOf(drive)) } as const;
      assert.equal(problemOf(await launcher.ask(request)), 'DriveInUse');
      assert.deepEqual(await launcher.ask({ ...request, kind: 'free' }), { kind: 'free', isFree: false });
      assert.equal(await refusalOf(launcher, await loadRequest(drive, 'ext4')), 'DriveInUse');
    } finally {
      await run('umount', [mountPoint]);
    }
  });

  test('launch-server: listens for the daemon alone', async () => {
    await using launcher = await startLauncher([]);

    const socket = await stat(launcher.socket);
    const socketFolder = await stat(join(launcher.socket, '..'));

    assert.deepEqual([socket.uid, socket.mode & 0o777], [STATION_UID, 0o600]);
    assert.deepEqual([socketFolder.uid, socketFolder.mode & 0o777], [STATION_UID, 0o700]);
  });

  test('launch-server: ends its loaders when it ends', async () => {
    const image = await makeImage({ path: join(folder, 'server-end.img'), fsType: 'ext4', files: FILES });
    await using drive = await plug(image);
    const launcher = await startLauncher([image]);
    await using loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));

    await launcher[Symbol.asyncDispose]();

    assert.equal(await loader.next(), undefined);
    await until(() => isExclusive(drive.device), { what: 'the drive is free' });
  });
});
