// Mounts one volume, read-only, by an allow-listed driver, and translates what mount(8) says when it cannot.

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';

import { majorMinorOf, parseMountinfo } from '#drive/in-use.ts';
import { MOUNT_FLAGS, mountOptions, XFS_WITHOUT_JOURNAL, type MountAttempt } from '#drive/mount-options.ts';
import { printable } from '#language/printable.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { mountFuse } from './mount-fuse.ts';
import type { LaunchProblem } from './reply.ts';
import { btrfsNeedsRecovery, extNeedsRecovery } from './superblock.ts';
import { runSystem, type SystemResult } from './system.ts';

/** The volume to mount. */
export type VolumeToMount = Pick<LaunchPlan, 'device' | 'diskSequence' | 'type'>;

/** Mounts the volume at `mountPoint` of this process's own namespace; undefined when it is mounted as it must be. */
export const mountVolume = async (volume: VolumeToMount, mountPoint: string): Promise<LaunchProblem | undefined> => {
  const options = mountOptions(volume.type);
  if (options.kind === 'unsupported') return unsupported(volume.type);
  // As long as the device is open, its name and number cannot pass to another drive.
  const descriptor = openSync(volume.device, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const majorMinor = majorMinorOf(fstatSync(descriptor).rdev);
    if (!isSameAttachment(majorMinor, volume.diskSequence)) return replaced(volume.device);
    if (await needsRecovery(volume)) {
      return { code: 'JournalNotClean', message: `the journal of ${volume.device} was not written back` };
    }
    const problem = volume.type === 'xfs' ? findXfsProblem(volume, options.attempts[0], mountPoint) : undefined;
    if (problem !== undefined) return problem;
    for (const attempt of options.attempts) {
      const { exitCode, stderr } = mount(attempt, volume.device, mountPoint);
      if (exitCode === 0) return checkMount(volume, majorMinor, mountPoint);
      if (!/unknown filesystem type/iu.test(stderr)) return problemOf(volume, stderr);
    }
    return unsupported(volume.type);
  } finally {
    closeSync(descriptor);
  }
};

// Asked before the mount: an ext's own superblock may tell the kernel to leave the journal alone and to mount without
// it, and what the kernel says of a btrfs does not name the cause. XFS has no such mark: see `findXfsProblem`.
const needsRecovery = async ({ device, type }: VolumeToMount): Promise<boolean> => {
  if (type.startsWith('ext')) return extNeedsRecovery(device);
  return type === 'btrfs' && btrfsNeedsRecovery(device);
};

// An XFS whose journal wants to be replayed cannot be mounted on a device that is read-only, which is how it is known; but one
// that may replay it also writes to a file system that it finds damaged. So it is mounted twice: to see that it can be,
// looking at nothing, and without its journal, to be read.
const findXfsProblem = (
  volume: VolumeToMount,
  attempt: MountAttempt,
  mountPoint: string,
): LaunchProblem | undefined => {
  const options = attempt.options.filter((option) => option !== XFS_WITHOUT_JOURNAL);
  const { exitCode, stderr } = mount({ ...attempt, options }, volume.device, mountPoint);
  if (exitCode !== 0) return /unknown filesystem type/iu.test(stderr) ? undefined : problemOf(volume, stderr);
  const left = runSystem('umount', ['-n', '--internal-only', '--', mountPoint]);
  return left.exitCode === 0 ? undefined : { code: 'MountFailed', message: firstLine(left.stderr) };
};

const mount = (attempt: MountAttempt, device: string, mountPoint: string): SystemResult => {
  if (attempt.driver === 'fuse') return mountFuse(attempt, device, mountPoint);
  const { fsType, options } = attempt;
  // --internal-only: a kernel's type never runs a helper program, whatever is installed.
  return runSystem('mount', ['-n', '--internal-only', '-t', fsType, '-o', options.join(','), '--', device, mountPoint]);
};

const isSameAttachment = (majorMinor: string, diskSequence: number): boolean => {
  const folder = `/sys/dev/block/${majorMinor}`;
  const isPartition = lstatSync(`${folder}/partition`, { throwIfNoEntry: false }) !== undefined;
  const path = isPartition ? `${folder}/../diskseq` : `${folder}/diskseq`;
  return Number(readFileSync(path, 'utf8')) === diskSequence;
};

// Trust nothing: what was mounted must be this device, with every flag, and the device still this drive.
const checkMount = (
  { device, diskSequence, type }: VolumeToMount,
  majorMinor: string,
  mountPoint: string,
): LaunchProblem | undefined => {
  const found = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')).findLast(
    (one) => one.mountPoint === mountPoint,
  );
  const missing = MOUNT_FLAGS.filter((flag) => found?.options.includes(flag) !== true);
  if (found === undefined || missing.length > 0) {
    return { code: 'MountFailed', message: `${device} is mounted without ${missing.join(', ')}` };
  }
  // btrfs has a device number of its own; its source names the device.
  const isAnonymous = found.majorMinor.startsWith('0:');
  const isThisDevice = isAnonymous ? found.source === device : found.majorMinor === majorMinor;
  if (!isThisDevice || !isSameAttachment(majorMinor, diskSequence)) return replaced(device);
  return type === 'ntfs' && isHibernated(mountPoint)
    ? { code: 'HibernatedVolume', message: 'hiberfil.sys holds a hibernated Windows' }
    : undefined;
};

const HIBERNATION_MARK = 'hibr';

// Read-only mounts of ntfs-3g and ntfs3 do not look. The file begins with `hibr` (Windows 7) or `HIBR` (Windows 8 and
// newer, fast start included) while a Windows sleeps in it; what it has not yet written to the volume is missing.
const isHibernated = (mountPoint: string): boolean => {
  const path = `${mountPoint}/hiberfil.sys`;
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const mark = Buffer.alloc(HIBERNATION_MARK.length);
    readSync(descriptor, mark, 0, mark.length, 0);
    return mark.toString('latin1').toLowerCase() === HIBERNATION_MARK;
  } finally {
    closeSync(descriptor);
  }
};

const problemOf = ({ type }: VolumeToMount, stderr: string): LaunchProblem => {
  const message = firstLine(stderr);
  // mount(8) for EROFS: the journal wants to be replayed, and the device refuses.
  if (type === 'xfs' && /cannot mount .* read-only/u.test(stderr)) return { code: 'JournalNotClean', message };
  if (/hibernated/iu.test(stderr)) return { code: 'HibernatedVolume', message };
  return { code: 'MountFailed', message };
};

const MAX_MESSAGE_LENGTH = 300;

const firstLine = (stderr: string): string => {
  const line = stderr.split('\n').find((one) => one.trim() !== '') ?? 'mount gives no reason';
  return printable(line.replace(/^mount: [^ ]*: /u, '').trim()).slice(0, MAX_MESSAGE_LENGTH);
};

const unsupported = (type: string): LaunchProblem => ({
  code: 'UnsupportedFileSystem',
  message: `this host has no driver for ${printable(type)}`,
});

const replaced = (device: string): LaunchProblem => ({
  code: 'LaunchRefused',
  message: `${device} is another drive by now`,
});
