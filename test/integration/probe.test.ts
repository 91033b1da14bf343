// What the launcher finds on a drive, and what is planned with it, on real loop devices.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { DriveProbe } from '#drive/contract.ts';
import { planVolumes } from '#drive/volumes.ts';
import { MIB } from '#language/units.ts';
import { writeBitLocker, writeLvmMember, writeRaidMember } from '../support/foreign-volumes.ts';
import { driveOf, problemOf, startLauncher } from '../support/launcher.ts';
import { makeDisk, makeImage, plug, sha256 } from '../support/loop.ts';
import { run } from '../support/run.ts';

const FILES = { SIGNATURE: 'signature', 'folder/a file.txt': 'some text', 'folder/empty': '' } as const;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launch-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

describe('probe', () => {
  const probeOf = async (image: string): Promise<DriveProbe> => {
    const before = await sha256(image);
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    const reply = await launcher.ask({ kind: 'probe', ...(await driveOf(drive)) });
    assert.equal(await sha256(image), before, 'the image is unchanged');
    assert.equal((await readFile(`/sys/block/${drive.kernelName}/ro`, 'utf8')).trim(), '1');
    if (reply.kind !== 'probed') throw new Error(JSON.stringify(reply));
    // Parse: the schema's own type has optional texts where the room's has absent ones.
    return reply as DriveProbe;
  };
  const planOf = async (image: string): Promise<string> => {
    const plan = planVolumes(await probeOf(image));
    const numbers = (volumes: DriveProbe['volumes']): string => volumes.map((one) => one.partitionNumber).join();
    return plan.kind === 'hold' ? plan.code : `look ${numbers(plan.volumes)} maybe ${numbers(plan.maybe)}`;
  };
  const blank = async (name: string, sizeBytes = 16 * MIB): Promise<string> => {
    const path = join(folder, name);
    await run('truncate', ['--size', String(sizeBytes), '--', path]);
    return path;
  };

  test('probe: finds label, UUID and size of a file system without a partition table', async () => {
    const uuid = '01234567-89ab-4def-8123-456789abcdef';
    const label = 'büc "$';
    const image = await makeImage({ path: join(folder, 'label.img'), fsType: 'ext4', label, uuid });

    const probe = await probeOf(image);

    assert.equal(probe.partitionTable, undefined);
    assert.partialDeepStrictEqual(probe.volumes, [
      { partitionNumber: 0, type: 'ext4', usage: 'filesystem', uuid, label, sizeBytes: 32 * MIB, startBytes: 0 },
    ]);
  });

  test('probe: finds the data among MSR, EFI system, swap and empty partitions of a GPT', async () => {
    const data = await makeImage({ path: join(folder, 'gpt-data.img'), fsType: 'ext4', files: FILES });
    const efi = await makeImage({ path: join(folder, 'gpt-efi.img'), fsType: 'vfat' });
    const swap = await blank('gpt-swap.img');
    await run('mkswap', [swap]);
    const image = await makeDisk({
      path: join(folder, 'gpt.img'),
      table: 'gpt',
      partitions: [
        { type: 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE' },
        { image: efi, type: 'uefi' },
        { image: swap, type: 'swap' },
        { type: 'linux' },
        { image: data },
      ],
    });

    assert.equal(await planOf(image), 'look 5 maybe 2');
  });

  test('probe: finds both volumes of an MBR', async () => {
    const data = await makeImage({ path: join(folder, 'mbr-data.img'), fsType: 'ext4', files: FILES });
    const image = await makeDisk({
      path: join(folder, 'mbr.img'),
      table: 'dos',
      partitions: [{ image: data }, { image: data }, { type: '82' }],
    });

    const probe = await probeOf(image);

    assert.equal(probe.partitionTable?.type, 'dos');
    assert.equal(probe.volumes[1]?.partitionType, '0x83');
    assert.equal(await planOf(image), 'look 1,2 maybe ');
  });

  test('probe: sees a FAT without a partition table once', async () => {
    const image = await makeImage({ path: join(folder, 'superfloppy.img'), fsType: 'vfat' });

    assert.equal(await planOf(image), 'look 0 maybe ');
  });

  test('probe: holds a drive on which nothing was ever written as BlankDrive', async () => {
    assert.equal(await planOf(await blank('blank.img')), 'BlankDrive');
  });

  for (const table of ['gpt', 'dos'] as const) {
    test(`probe: holds a ${table} table without a file system as NoFileSystem`, async () => {
      const none = await makeDisk({ path: join(folder, `none-${table}.img`), table, partitions: [] });
      const empty = await makeDisk({ path: join(folder, `empty-${table}.img`), table, partitions: [{}] });

      assert.equal(await planOf(none), 'NoFileSystem');
      assert.equal(await planOf(empty), 'NoFileSystem');
    });
  }

  test('probe: holds what no program recognises as UnknownFileSystem, on the drive and in a partition', async () => {
    const noise = join(folder, 'noise.img');
    // Fixed noise: random bytes may look like something once in a while.
    const block = createHash('sha512').update('noise').digest();
    await writeFile(noise, Buffer.alloc(8 * MIB, block));
    const data = await makeImage({ path: join(folder, 'noise-data.img'), fsType: 'ext4', files: FILES });
    const disk = await makeDisk({
      path: join(folder, 'noise-disk.img'),
      table: 'gpt',
      partitions: [{ image: data }, { image: noise }],
    });

    assert.equal(await planOf(noise), 'UnknownFileSystem');
    assert.equal(await planOf(disk), 'UnknownFileSystem');
  });

  test('probe: holds a LUKS volume as EncryptedVolume, also beside a readable one', async () => {
    const luks = await blank('luks.img', 32 * MIB);
    const key = join(folder, 'luks.key');
    await writeFile(key, 'passphrase');
    const cheap = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
    await run('cryptsetup', ['luksFormat', '--batch-mode', ...cheap, '--key-file', key, luks]);
    const data = await makeImage({ path: join(folder, 'luks-data.img'), fsType: 'ext4', files: FILES });
    const disk = await makeDisk({
      path: join(folder, 'luks-disk.img'),
      table: 'gpt',
      partitions: [{ image: data }, { image: luks }],
    });

    assert.equal(await planOf(luks), 'EncryptedVolume');
    assert.equal(await planOf(disk), 'EncryptedVolume');
  });

  const foreign = [
    { what: 'a BitLocker volume', code: 'EncryptedVolume', write: writeBitLocker },
    { what: 'a member of LVM', code: 'LvmMember', write: writeLvmMember },
    { what: 'a member of a Linux RAID', code: 'RaidMember', write: writeRaidMember },
  ] as const;
  for (const { what, code, write } of foreign) {
    test(`probe: holds ${what} as ${code}`, async () => {
      const image = await blank(`${code}.img`);
      await write(image);

      assert.equal(await planOf(image), code);
    });
  }

  test('probe: holds one of two drives of a btrfs as MultiDeviceFileSystem, and takes a btrfs of its own', async () => {
    const pair = [await blank('btrfs-1.img', 128 * MIB), await blank('btrfs-2.img', 128 * MIB)];
    await run('mkfs.btrfs', ['-q', '-f', ...pair]);
    const single = await makeImage({ path: join(folder, 'btrfs-single.img'), fsType: 'btrfs' });

    for (const image of pair) assert.equal(await planOf(image), 'MultiDeviceFileSystem');
    assert.equal(await planOf(single), 'look 0 maybe ');
  });

  test('probe: holds a file system that no station mounts as UnsupportedFileSystem', async () => {
    const image = await blank('minix.img');
    await run('mkfs.minix', ['-3', image]);

    assert.equal(await planOf(image), 'UnsupportedFileSystem');
  });

  test('probe: refuses to judge a drive whose partitions the kernel does not show', async () => {
    const data = await makeImage({ path: join(folder, 'hidden-data.img'), fsType: 'ext4', files: FILES });
    const image = await makeDisk({ path: join(folder, 'hidden.img'), table: 'gpt', partitions: [{ image: data }] });
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);
    await run('partx', ['--delete', drive.device]);

    const reply = await launcher.ask({ kind: 'probe', ...(await driveOf(drive)) });

    assert.equal(problemOf(reply), 'ProbeFailed');
  });
});
