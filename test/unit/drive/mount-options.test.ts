// The allow-list of mounts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mountOptions } from '#drive/mount-options.ts';

const TYPES = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'exfat', 'ntfs', 'hfsplus', 'iso9660', 'udf'];

for (const type of TYPES) {
  test(`mountOptions: mounts ${type} read-only, and runs, trusts and follows nothing on it`, () => {
    const options = mountOptions(type);

    assert.ok(options.kind === 'mount');
    for (const { options: given, driver } of options.attempts) {
      for (const flag of ['ro', 'nosuid', 'nodev', 'noexec', 'noatime']) assert.ok(given.includes(flag), flag);
      // A FUSE driver refuses an option that it does not know; the launcher sets the flag afterwards.
      assert.equal(given.includes('nosymfollow'), driver === 'kernel');
      assert.equal(given.includes('allow_other'), driver === 'fuse');
    }
  });
}

const own = [
  { type: 'ext3', options: ['errors=remount-ro', 'noload'] },
  { type: 'ext4', options: ['errors=remount-ro', 'noload'] },
  { type: 'btrfs', options: ['subvolid=5'] },
  { type: 'xfs', options: ['nouuid', 'norecovery'] },
  { type: 'vfat', options: ['utf8'] },
] as const;
for (const { type, options } of own) {
  test(`mountOptions: gives ${type} ${options.join()}`, () => {
    const found = mountOptions(type);

    assert.ok(found.kind === 'mount');
    assert.deepEqual(
      options.filter((one) => found.attempts[0].options.includes(one)),
      options,
    );
  });
}

test('mountOptions: takes the driver in user space where the kernel has none', () => {
  const ntfs = mountOptions('ntfs');

  assert.ok(ntfs.kind === 'mount');
  assert.deepEqual(
    ntfs.attempts.map(({ fsType }) => fsType),
    ['ntfs3', 'ntfs-3g'],
  );
  assert.ok(ntfs.attempts[1]?.options.includes('norecover'));
});

for (const type of ['apfs', 'squashfs', 'auto', 'tmpfs', 'nfs', 'ntfs3', '']) {
  test(`mountOptions: knows no "${type}"`, () => {
    assert.deepEqual(mountOptions(type), { kind: 'unsupported' });
  });
}
