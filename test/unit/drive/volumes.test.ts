// Which volumes are looked at, and what holds a drive, over probes as blkid gives them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DriveProbe, Volume } from '#drive/contract.ts';
import { MAX_VOLUMES, planVolumes } from '#drive/volumes.ts';

const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const MSR = 'e3c9e316-0b5c-4db8-817d-f92df00215ae';
const BASIC_DATA = 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7';
const MIB = 1024 * 1024;

const volume = (partitionNumber: number, facts: Partial<Volume> = {}): Volume => ({
  device: partitionNumber === 0 ? '/dev/sdb' : `/dev/sdb${String(partitionNumber)}`,
  partitionNumber,
  sizeBytes: 64 * MIB,
  startBytes: partitionNumber * MIB,
  ...(facts.type === undefined || facts.usage !== undefined ? {} : { usage: 'filesystem' }),
  ...facts,
});
const drive = (whole: Partial<Volume>, ...partitions: readonly Partial<Volume>[]): DriveProbe => ({
  volumes: [volume(0, whole), ...partitions.map((facts, index) => volume(index + 1, facts))],
});
const partitioned = (...partitions: readonly Partial<Volume>[]): DriveProbe => ({
  partitionTable: { type: 'gpt', uuid: 'b0525296' },
  ...drive({}, ...partitions),
});
const planned = (probe: DriveProbe): string => {
  const plan = planVolumes(probe);
  const numbers = (volumes: readonly Volume[]): string => volumes.map((one) => one.partitionNumber).join(',');
  return plan.kind === 'hold' ? plan.code : `look ${numbers(plan.volumes)}; maybe ${numbers(plan.maybe)}`;
};

const rows: readonly { readonly title: string; readonly probe: DriveProbe; readonly plan: string }[] = [
  { title: 'one ext4 without a table', probe: drive({ type: 'ext4' }), plan: 'look 0; maybe ' },
  { title: 'one NTFS in a table', probe: partitioned({ type: 'ntfs' }), plan: 'look 1; maybe ' },
  {
    title: 'a Windows drive: EFI system, MSR, data',
    probe: partitioned(
      { type: 'vfat', partitionType: ESP },
      { partitionType: MSR, isBlank: false },
      { type: 'ntfs', partitionType: BASIC_DATA },
    ),
    plan: 'look 3; maybe 1',
  },
  {
    title: 'an EFI system partition alone',
    probe: partitioned({ type: 'vfat', partitionType: '0xef' }),
    plan: 'look ; maybe 1',
  },
  {
    title: 'an EFI system type with an ext4 in it',
    probe: partitioned({ type: 'ext4', partitionType: ESP }),
    plan: 'look 1; maybe ',
  },
  {
    title: 'swap, by content and by type',
    probe: partitioned({ type: 'swap', usage: 'other' }, { partitionType: '0x82', isBlank: false }, { type: 'xfs' }),
    plan: 'look 3; maybe ',
  },
  {
    title: 'a partition type of swap that holds a file system',
    probe: partitioned({ type: 'ext4', partitionType: '0x82' }),
    plan: 'look 1; maybe ',
  },
  {
    title: 'an extended partition and the one in it',
    probe: partitioned({ partitionType: '0x5', isBlank: false }, { type: 'ext4', partitionType: '0x83' }),
    plan: 'look 2; maybe ',
  },
  {
    title: 'a blank partition beside data',
    probe: partitioned({ isBlank: true }, { type: 'ext4' }),
    plan: 'look 2; maybe ',
  },
  {
    title: 'one FAT that shows up twice',
    probe: drive({ type: 'vfat', uuid: 'AB' }, { type: 'vfat', uuid: 'AB', startBytes: 0 }),
    plan: 'look 0; maybe ',
  },
  {
    title: 'a hybrid image: the whole drive, seen twice, and an EFI system partition',
    probe: drive(
      { type: 'iso9660', uuid: 'I' },
      { type: 'iso9660', uuid: 'I', startBytes: 0 },
      { type: 'vfat', partitionType: '0xef' },
    ),
    plan: 'look 0; maybe 2',
  },
  {
    title: 'exFAT that looks like a table',
    probe: { ...drive({ type: 'exfat' }), partitionTable: { type: 'dos' } },
    plan: 'look 0; maybe ',
  },
  {
    title: 'a leftover file system under partitions',
    probe: drive({ type: 'ext4', uuid: 'A' }, { type: 'ext4', uuid: 'B' }),
    plan: 'UnknownFileSystem',
  },
  {
    title: 'a clone of itself in partition 1',
    probe: drive({ type: 'ext4', uuid: 'A' }, { type: 'ext4', uuid: 'A' }),
    plan: 'UnknownFileSystem',
  },
  {
    title: 'signatures that contradict each other under partitions',
    probe: drive({ usage: 'ambivalent' }, { type: 'ext4' }),
    plan: 'UnknownFileSystem',
  },
  {
    title: 'a RAID of whole drives under partitions',
    probe: drive({ type: 'isw_raid_member', usage: 'raid' }, { type: 'ext4' }),
    plan: 'RaidMember',
  },
  { title: 'nothing at all', probe: drive({ isBlank: true }), plan: 'BlankDrive' },
  { title: 'no volume in the probe', probe: { volumes: [] }, plan: 'BlankDrive' },
  { title: 'noise', probe: drive({ isBlank: false }), plan: 'UnknownFileSystem' },
  { title: 'signatures that contradict each other', probe: drive({ usage: 'ambivalent' }), plan: 'UnknownFileSystem' },
  { title: 'a table without partitions', probe: partitioned(), plan: 'NoFileSystem' },
  { title: 'a table with blank partitions', probe: partitioned({ isBlank: true }), plan: 'NoFileSystem' },
  {
    title: 'noise in a partition beside data',
    probe: partitioned({ type: 'ext4' }, { isBlank: false }),
    plan: 'UnknownFileSystem',
  },
  {
    title: 'a partition of which nothing is known',
    probe: partitioned({ type: 'ext4' }, {}),
    plan: 'UnknownFileSystem',
  },
  { title: 'LUKS', probe: drive({ type: 'crypto_LUKS', usage: 'crypto' }), plan: 'EncryptedVolume' },
  {
    title: 'BitLocker beside data',
    probe: partitioned({ type: 'ext4' }, { type: 'BitLocker', usage: 'crypto' }),
    plan: 'EncryptedVolume',
  },
  { title: 'LVM', probe: partitioned({ type: 'LVM2_member', usage: 'raid' }), plan: 'LvmMember' },
  { title: 'md', probe: drive({ type: 'linux_raid_member', usage: 'raid' }), plan: 'RaidMember' },
  { title: 'a btrfs of its own', probe: drive({ type: 'btrfs', deviceCount: 1 }), plan: 'look 0; maybe ' },
  { title: 'a btrfs of two drives', probe: drive({ type: 'btrfs', deviceCount: 2 }), plan: 'MultiDeviceFileSystem' },
  { title: 'a btrfs of unknown extent', probe: drive({ type: 'btrfs' }), plan: 'MultiDeviceFileSystem' },
  {
    title: 'APFS',
    probe: partitioned({ type: 'vfat', partitionType: ESP }, { type: 'apfs' }),
    plan: 'UnsupportedFileSystem',
  },
  {
    title: 'several holds: the encrypted one tells most',
    probe: partitioned({ isBlank: false }, { type: 'apfs' }, { type: 'crypto_LUKS', usage: 'crypto' }),
    plan: 'EncryptedVolume',
  },
  {
    title: 'as many volumes as are looked at',
    probe: partitioned(...Array.from({ length: MAX_VOLUMES }, () => ({ type: 'ext4' }))),
    plan: `look ${Array.from({ length: MAX_VOLUMES }, (_unused, index) => index + 1).join(',')}; maybe `,
  },
  {
    title: 'one volume more',
    probe: partitioned(...Array.from({ length: MAX_VOLUMES + 1 }, () => ({ type: 'ext4' }))),
    plan: 'TooManyVolumes',
  },
];

for (const { title, probe, plan } of rows) {
  test(`planVolumes: ${plan.trim()}, for ${title}`, () => {
    assert.equal(planned(probe), plan);
  });
}

test('planVolumes: names the volume, its type and label, when it holds', () => {
  const plan = planVolumes(partitioned({ type: 'ext4' }, { type: 'apfs', label: 'Backup' }));

  assert.deepEqual(plan, {
    kind: 'hold',
    code: 'UnsupportedFileSystem',
    details: { volume: 'partition 2', type: 'apfs', label: 'Backup' },
  });
});
