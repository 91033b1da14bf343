// What is on a drive: made read-only first, then read by blkid, volume by volume.

import { readFile } from 'node:fs/promises';

import type { AttachedDrive, DriveProbe, Volume } from '#drive/contract.ts';
import { runCommand } from '#drive/run-command.ts';
import { readDiskByName, type KernelDisk, type KernelPartition } from '#drive/sysfs.ts';
import { SECOND_MS } from '#language/units.ts';
import { probeDevice, type BlkidFacts } from './blkid.ts';
import { btrfsDeviceCount, isBlankDevice } from './superblock.ts';

/** What was found, or why nothing can be said. */
export type ProbeResult =
  { readonly kind: 'ok'; readonly probe: DriveProbe } | { readonly kind: 'problem'; readonly message: string };

/** Whether the whole drive is read-only now. */
export type ReadOnlyResult = { readonly kind: 'ok' } | { readonly kind: 'problem'; readonly message: string };

const COMMAND_DEADLINE_MS = 30 * SECOND_MS;

/**
 * Switches a drive and its partitions to read-only at block level and proves it. A mount with `ro` alone would write
 * to the drive: it replays journals.
 */
export const makeReadOnly = async (disk: KernelDisk, signal: AbortSignal): Promise<ReadOnlyResult> => {
  for (const { kernelName, device } of [disk, ...disk.partitions]) {
    const command = { program: 'blockdev', args: ['--setro', device], deadlineMs: COMMAND_DEADLINE_MS };
    const result = await runCommand(command, signal);
    if (result.kind === 'problem') return result;
    if ((await readFile(`/sys/class/block/${kernelName}/ro`, 'utf8')).trim() !== '1') {
      return { kind: 'problem', message: `${device} cannot be made read-only: ${result.stderr.trim()}` };
    }
  }
  return { kind: 'ok' };
};

/** Makes a drive read-only and finds out what is on it. */
export const probeDrive = async (drive: AttachedDrive, signal: AbortSignal): Promise<ProbeResult> => {
  const disk = await readDiskByName(drive.kernelName);
  if (disk?.diskSequence !== drive.diskSequence) return { kind: 'problem', message: 'the drive went away' };
  const readOnly = await makeReadOnly(disk, signal);
  if (readOnly.kind === 'problem') return readOnly;
  const whole = await probeDevice(disk.device, signal);
  if (whole.kind === 'problem') return whole;
  if (whole.facts.tableType !== undefined && whole.facts.type === undefined) {
    const missing = await missingPartitions(disk, signal);
    if (missing !== undefined) return { kind: 'problem', message: missing };
  }
  const volumes = [await volumeOf(disk, { number: 0, startBytes: 0 }, whole.facts)];
  for (const partition of disk.partitions) {
    const result = await probeDevice(partition.device, signal);
    if (result.kind === 'problem') return result;
    volumes.push(await volumeOf(partition, partition, result.facts));
  }
  return { kind: 'ok', probe: { ...tableOf(whole.facts), volumes } };
};

const tableOf = ({ tableType, tableUuid }: BlkidFacts): Pick<DriveProbe, 'partitionTable'> =>
  tableType === undefined
    ? {}
    : { partitionTable: { type: tableType, ...(tableUuid === undefined ? {} : { uuid: tableUuid }) } };

const volumeOf = async (
  { device, sizeBytes }: Pick<KernelPartition, 'device' | 'sizeBytes'>,
  { number, startBytes }: Pick<KernelPartition, 'number' | 'startBytes'>,
  { type, usage, uuid, label, partitionType, tableType }: BlkidFacts,
): Promise<Volume> => ({
  device,
  partitionNumber: number,
  sizeBytes,
  startBytes,
  ...(type === undefined ? {} : { type }),
  ...(usage === undefined ? {} : { usage }),
  ...(uuid === undefined ? {} : { uuid }),
  ...(label === undefined ? {} : { label }),
  ...(partitionType === undefined ? {} : { partitionType }),
  ...((type ?? usage ?? (number === 0 ? tableType : undefined)) === undefined
    ? { isBlank: await isBlankDevice(device) }
    : {}),
  ...(type === 'btrfs' ? { deviceCount: await btrfsDeviceCount(device) } : {}),
});

// A partition of the table that the kernel does not show could be neither seen nor loaded: data would silently be left
// out. partx(8) reads the table itself.
const missingPartitions = async (disk: KernelDisk, signal: AbortSignal): Promise<string | undefined> => {
  const result = await runCommand(
    {
      program: 'partx',
      args: ['--show', '--noheadings', '--output', 'NR', disk.device],
      deadlineMs: COMMAND_DEADLINE_MS,
    },
    signal,
  );
  if (result.kind === 'problem') return result.message;
  // It ends with 1 for a table without partitions too.
  const numbers = result.stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
  const shown = new Set(disk.partitions.map(({ number }) => number));
  const missing = numbers.filter((number) => !shown.has(number));
  return missing.length === 0
    ? undefined
    : `the partition table names partitions that the kernel does not show (${missing.join(', ')})`;
};
