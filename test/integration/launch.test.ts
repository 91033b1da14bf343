// The loader on real loop devices: what it is and sees, and that a drive is free and unchanged afterwards.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { driveOf, loadRequest, refusalOf, startLauncher } from '../support/launcher.ts';
import {
  familyOf,
  isExclusive,
  isThere,
  kindSchema,
  loaderPid,
  startLoader,
  triedSchema,
  usersOf,
} from '../support/loader.ts';
import { canMount, makeDisk, makeImage, plug, sha256, type FsType } from '../support/loop.ts';
import { tryRun } from '../support/run.ts';
import { LOADER_UID } from '../support/station.ts';
import { until } from '../support/wait.ts';

const FILE_SYSTEMS: readonly FsType[] = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'exfat', 'vfat'];
const FILES = { SIGNATURE: 'signature', 'folder/a file.txt': 'some text', 'folder/empty': '' } as const;
// Which of them this host has a driver for, in the kernel or in user space.
const mountable: FsType[] = [];
for (const fsType of FILE_SYSTEMS) if (await canMount(fsType)) mountable.push(fsType);
const MD5_OF_FILES = Object.fromEntries(
  Object.entries(FILES).map(([name, content]) => [`/drive/${name}`, createHash('md5').update(content).digest('hex')]),
);

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launch-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

describe('load', () => {
  for (const fsType of mountable) {
    test(`load: reads ${fsType} without changing a byte, and frees the drive when the loader is killed`, async () => {
      const image = await makeImage({ path: join(folder, `${fsType}.img`), fsType, files: FILES });
      const before = await sha256(image);
      await using launcher = await startLauncher([image]);
      await using drive = await plug(image);

      await using loader = await startLoader(launcher, await loadRequest(drive, fsType));
      assert.partialDeepStrictEqual(loader.looked.digests, MD5_OF_FILES);
      assert.equal(await isExclusive(drive.device), false);
      assert.deepEqual(await launcher.ask({ kind: 'free', ...(await driveOf(drive)) }), {
        kind: 'free',
        isFree: false,
      });
      process.kill(await loaderPid(drive.device), 'SIGKILL');

      await until(() => isExclusive(drive.device), { what: 'the drive is free' });
      assert.deepEqual(await usersOf(drive.device), []);
      assert.deepEqual(await launcher.ask({ kind: 'free', ...(await driveOf(drive)) }), { kind: 'free', isFree: true });
      assert.equal(await sha256(image), before);
    });
  }

  test('load: gives a loader one capability, no other user, no core files, and an environment of its own', async () => {
    const image = await makeImage({ path: join(folder, 'who.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);

    await using loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));

    const { looked } = loader;
    const field = (name: string): string | undefined => new RegExp(`^${name}:\\s+(.*)$`, 'mu').exec(looked.status)?.[1];
    assert.deepEqual([looked.uid, looked.gid, looked.pid], [LOADER_UID, LOADER_UID, 1]);
    assert.deepEqual(looked.groups, [LOADER_UID]);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.equal(field(set), '0000000000000004');
    assert.equal(field('NoNewPrivs'), '1');
    const { NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: portable, ...others } = looked.environment;
    assert.deepEqual(others, { PATH: '/usr/bin:/bin', HOME: '/', LANG: 'C.UTF-8', UV_THREADPOOL_SIZE: '12' });
    assert.deepEqual([cache, portable], ['/product/node_modules/.compile-cache', '1']);
    const limits = await readFile(`/proc/${String(await loaderPid(drive.device))}/limits`, 'utf8');
    assert.match(limits, /^Max core file size +0 +0 /mu);
  });

  test('load: shows a loader the drive, the product and nothing else of the host', async () => {
    const image = await makeImage({ path: join(folder, 'root.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    await using loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));
    const { looked } = loader;

    assert.deepEqual(
      looked.root.filter((name) => !/^(?:s?bin|lib(?:32|64)?)$/u.test(name)),
      ['dev', 'drive', 'etc', 'proc', 'product', 'usr'],
    );
    assert.deepEqual(looked.devices, ['null', 'urandom']);
    assert.deepEqual(looked.processes, ['1']);
    assert.deepEqual(
      looked.openFiles.filter((name) => !/^(?:socket|pipe|anon_inode):|^\/dev\/null$|^\/proc\/1\/fd$/u.test(name)),
      [],
    );
    const hostDevices = (await readdir('/dev')).filter((name) => /^(?:sd|vd|nvme|loop|zram|dm-|md)/u.test(name));
    const hidden = [
      '/etc/shadow',
      join(launcher.stateDir, 'store-key'),
      launcher.socket,
      launcher.folder,
      '/old',
      '/root',
      '/home',
      '/var',
      '/sys',
      '/run',
      '/tmp',
      ...hostDevices.map((name) => `/dev/${name}`),
    ];
    assert.ok(hidden.includes(drive.device));
    for (const path of hidden) {
      loader.say(path);
      const tried = triedSchema.parse(await loader.next());
      assert.equal(tried.read, 'ENOENT', path);
    }
  });

  test('load: lets a loader write nowhere', async () => {
    const image = await makeImage({ path: join(folder, 'write.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    await using loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));

    const places = ['/x', '/drive/x', '/drive/SIGNATURE', '/etc/hosts', '/usr/x', '/product/src/main.ts', '/product/x'];
    for (const path of places) {
      loader.say(path);
      assert.match(triedSchema.parse(await loader.next()).write, /^(?:EROFS|EACCES)$/u, path);
    }
    for (const line of loader.looked.mounts.split('\n').filter((one) => one !== '')) {
      const [, , , , mountPoint = '', options = ''] = line.split(' ');
      if (!['/proc', '/dev/null', '/dev/urandom'].includes(mountPoint))
        assert.match(options, /^ro,nosuid,nodev/u, line);
    }
    const { stdout } = await tryRun('blockdev', ['--getro', drive.device]);
    assert.equal(stdout.trim(), '1');
  });

  test('load: lets a loader read files of other owners and modes, and follow no link of the drive', async () => {
    const image = await makeImage({
      path: join(folder, 'owners.img'),
      fsType: 'ext4',
      populate: async (root) => {
        await mkdir(join(root, 'private'));
        await writeFile(join(root, 'private', 'file'), 'secret');
        await chmod(join(root, 'private', 'file'), 0);
        await chown(join(root, 'private'), 1234, 1234);
        await chmod(join(root, 'private'), 0o700);
        await symlink('/etc/hosts', join(root, 'link'));
      },
    });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);

    await using loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));

    assert.equal(loader.looked.digests['/drive/private/file'], createHash('md5').update('secret').digest('hex'));
    assert.equal(loader.looked.digests['/drive/link'], 'ELOOP');
  });

  test('load: mounts two volumes of a drive side by side, and no volume twice', async () => {
    const first = await makeImage({ path: join(folder, 'p1.img'), fsType: 'ext4', files: { one: '1' } });
    const second = await makeImage({ path: join(folder, 'p2.img'), fsType: 'ntfs', files: { two: '2' } });
    const image = await makeDisk({
      path: join(folder, 'two.img'),
      table: 'gpt',
      partitions: [{ image: first }, { image: second }],
    });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);

    await using one = await startLoader(launcher, await loadRequest(drive, 'ext4', 1));
    await using two = await startLoader(launcher, await loadRequest(drive, 'ntfs', 2));

    assert.ok('/drive/one' in one.looked.digests);
    assert.ok('/drive/two' in two.looked.digests);
    assert.equal(await refusalOf(launcher, await loadRequest(drive, 'ext4', 1)), 'DriveInUse');
    assert.deepEqual(await launcher.ask({ kind: 'free', ...(await driveOf(drive)) }), { kind: 'free', isFree: false });
  });

  test('load: of two requests for one volume at the same moment, at most one gets it', async () => {
    const image = await makeImage({ path: join(folder, 'race.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    const request = await loadRequest(drive, 'ext4');
    await using first = await launcher.connect();
    await using second = await launcher.connect();

    first.say(request);
    second.say(request);
    const kinds = await Promise.all([first, second].map(async (one) => kindSchema.parse(await one.next()).kind));

    assert.ok(kinds.filter((kind) => kind === 'looked').length <= 1, kinds.join());
    assert.ok(kinds.includes('launch-problem'), kinds.join());
  });

  test('load: ends the loader when its connection ends', async () => {
    const image = await makeImage({ path: join(folder, 'eof.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    const loader = await startLoader(launcher, await loadRequest(drive, 'ext4'));

    await loader[Symbol.asyncDispose]();

    await until(() => isExclusive(drive.device), { what: 'the drive is free' });
  });

  for (const fsType of mountable.filter((one) => ['ntfs', 'exfat'].includes(one))) {
    for (const first of ['outer', 'server', 'loader'] as const) {
      test(`load: frees ${fsType} when all its processes are killed at once, the ${first} first`, async () => {
        const image = await makeImage({ path: join(folder, `${fsType}-all.img`), fsType, files: FILES });
        await using launcher = await startLauncher([image]);
        await using drive = await plug(image);
        await using loader = await startLoader(launcher, await loadRequest(drive, fsType));
        assert.equal(loader.looked.pid, 1);
        const family = await familyOf(await loaderPid(drive.device));
        const order = [first, ...(['outer', 'server', 'loader'] as const)].flatMap((role) => family[role] ?? []);

        for (const pid of new Set(order)) killIfThere(pid);

        await until(() => isExclusive(drive.device), { what: 'the drive is free' });
        for (const pid of order) await until(async () => !(await isThere(pid)), { what: `${String(pid)} has ended` });
      });
    }
  }

  test('end: kills a loader with its FUSE server, and only those of the drive that is meant', async () => {
    const image = await makeImage({ path: join(folder, 'end.img'), fsType: 'ntfs', files: FILES });
    const other = await makeImage({ path: join(folder, 'other.img'), fsType: 'ext4', files: FILES });
    await using launcher = await startLauncher([image, other]);
    await using drive = await plug(image);
    await using otherDrive = await plug(other);
    await using loader = await startLoader(launcher, await loadRequest(drive, 'ntfs'));
    await using otherLoader = await startLoader(launcher, await loadRequest(otherDrive, 'ext4'));

    const { kernelName, diskSequence } = await driveOf(drive);
    assert.deepEqual(await launcher.ask({ kind: 'end', kernelName, diskSequence: diskSequence + 1000 }), {
      kind: 'ended',
      count: 0,
    });
    assert.deepEqual(await launcher.ask({ kind: 'end', kernelName, diskSequence }), { kind: 'ended', count: 1 });

    assert.equal(await loader.next(), undefined);
    await until(() => isExclusive(drive.device), { what: 'the drive is free' });
    assert.equal(await isExclusive(otherDrive.device), false);
    otherLoader.say('/drive/SIGNATURE');
    assert.equal(triedSchema.parse(await otherLoader.next()).read, 'ok');
  });
});

// The end of one of a family ends others.
const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error: unknown) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};
