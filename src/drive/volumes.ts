// What to do with the volumes of a drive: a pure decision over what the launcher's probe has found. Everything that
// could hide data is a hold; only what cannot hold customers' files is left alone.

import type { DriveHoldCode, DriveProbe, Volume, VolumePlan } from './contract.ts';
import { mountOptions } from './mount-options.ts';

/** More volumes than this on one drive are no customer's drive; each costs a loader process while it is looked at. */
export const MAX_VOLUMES = 16;

/**
 * Plans which volumes are looked at. MSR, BIOS boot, swap and blank partitions are left alone; EFI system partitions
 * come as `maybe`. One volume that is encrypted, part of a group or unknown holds the whole drive.
 */
export const planVolumes = (probe: DriveProbe): VolumePlan => {
  const whole = probe.volumes.find(({ partitionNumber }) => partitionNumber === 0);
  const partitions = probe.volumes.filter((volume) => volume.partitionNumber !== 0 && !isSameVolume(volume, whole));
  if (partitions.length === 0) return planWhole(probe, whole);
  const wholeIsSeenTwice = partitions.length < probe.volumes.length - 1;
  if (whole !== undefined && !wholeIsSeenTwice && isRecognised(whole)) return holdOf(ambiguous(whole), whole);
  return planAll(wholeIsSeenTwice && whole !== undefined ? [whole, ...partitions] : partitions);
};

// dosfstools writes a partition table into a drive without one, so that its one volume shows up twice.
const isSameVolume = (partition: Volume, whole: Volume | undefined): boolean =>
  whole?.type !== undefined &&
  partition.startBytes === 0 &&
  partition.type === whole.type &&
  partition.uuid === whole.uuid;

// blkid gives a usage without a type where several signatures contradict each other.
const isRecognised = ({ type, usage }: Volume): boolean => type !== undefined || usage !== undefined;

const planWhole = (probe: DriveProbe, whole: Volume | undefined): VolumePlan => {
  // exFAT and BitLocker end their first sector as a partition table does: a file system counts more than a table.
  if (whole?.type !== undefined) return planAll([whole]);
  if (probe.partitionTable !== undefined) return hold('NoFileSystem', {});
  if (whole?.usage !== undefined || whole?.isBlank === false) return holdOf('UnknownFileSystem', whole);
  return hold('BlankDrive', {});
};

const planAll = (all: readonly Volume[]): VolumePlan => {
  const relevant = all.filter((volume) => !isLeftAlone(volume));
  const found = relevant.map((volume) => ({ volume, code: holdCodeOf(volume) }));
  for (const wanted of PRECEDENCE) {
    const held = found.find(({ code }) => code === wanted);
    if (held !== undefined) return holdOf(wanted, held.volume);
  }
  if (relevant.length === 0) return hold('NoFileSystem', {});
  if (relevant.length > MAX_VOLUMES) return hold('TooManyVolumes', { count: String(relevant.length) });
  return {
    kind: 'look',
    volumes: relevant.filter((volume) => !isEfiSystem(volume)),
    maybe: relevant.filter(isEfiSystem),
  };
};

// Of several holds the one that says most about the drive.
const PRECEDENCE: readonly DriveHoldCode[] = [
  'EncryptedVolume',
  'LvmMember',
  'RaidMember',
  'MultiDeviceFileSystem',
  'UnsupportedFileSystem',
  'UnknownFileSystem',
];

const holdCodeOf = (volume: Volume): DriveHoldCode | undefined => {
  const { type, usage, deviceCount } = volume;
  if (type === undefined) return 'UnknownFileSystem';
  if (usage === 'crypto') return 'EncryptedVolume';
  if (/^LVM\d_member$/u.test(type)) return 'LvmMember';
  if (usage === 'raid') return 'RaidMember';
  if (type === 'btrfs' && deviceCount !== 1) return 'MultiDeviceFileSystem';
  return mountOptions(type).kind === 'mount' ? undefined : 'UnsupportedFileSystem';
};

// A file system on the whole drive and partitions besides: one of them is a leftover, and nobody can tell which.
const ambiguous = (whole: Volume): DriveHoldCode => {
  const code = holdCodeOf(whole);
  return code === 'EncryptedVolume' || code === 'LvmMember' || code === 'RaidMember' ? code : 'UnknownFileSystem';
};

const SWAP_TYPES: ReadonlySet<string> = new Set(['swap', 'swsuspend']);

// Partition types that never hold files: GPT (UEFI 2.10, table 5.7; Discoverable Partitions Specification), MBR bytes,
// and the names of an Apple partition map.
const TYPES_WITHOUT_FILES: ReadonlySet<string> = new Set([
  'e3c9e316-0b5c-4db8-817d-f92df00215ae', // Microsoft reserved
  '21686148-6449-6e6f-744e-656564454649', // BIOS boot
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f', // Linux swap
  '0x82', // Linux swap
  '0x5', // extended: a container of the partitions that are listed beside it
  '0xf',
  '0x85',
  'apple_partition_map',
  'apple_free',
]);

const isLeftAlone = ({ type, usage, partitionNumber, partitionType, isBlank }: Volume): boolean => {
  if (type !== undefined) return SWAP_TYPES.has(type);
  if (usage !== undefined || partitionNumber === 0) return false;
  return isBlank === true || (partitionType !== undefined && TYPES_WITHOUT_FILES.has(partitionType));
};

const EFI_SYSTEM_TYPES: ReadonlySet<string> = new Set(['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', '0xef']);

const isEfiSystem = ({ type, partitionType }: Volume): boolean =>
  type === 'vfat' && partitionType !== undefined && EFI_SYSTEM_TYPES.has(partitionType);

const hold = (code: DriveHoldCode, details: Readonly<Record<string, string>>): VolumePlan => ({
  kind: 'hold',
  code,
  details,
});

const holdOf = (code: DriveHoldCode, volume: Volume): VolumePlan =>
  hold(code, {
    volume: volume.partitionNumber === 0 ? 'the whole drive' : `partition ${String(volume.partitionNumber)}`,
    ...(volume.type === undefined ? {} : { type: volume.type }),
    ...(volume.label === undefined ? {} : { label: volume.label }),
  });
