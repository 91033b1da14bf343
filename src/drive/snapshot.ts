// Everything that is plugged in now: a coarse list from drivelist and lsblk, the rest from /sys, /proc and udev's
// database. No device is opened, so a drive that does not answer cannot hold this up.

import { readFile } from 'node:fs/promises';

import type { AttachedDrive, DriveSnapshot, Port } from './contract.ts';
import { readUsedDevices, type UsedDevices } from './in-use.ts';
import { listDevices, type ListedDevice } from './lsblk.ts';
import { isGone, readDisk, type KernelDisk } from './sysfs.ts';
import { parseUdevData, UDEV_DATA_FOLDER, type UdevFacts } from './udev-data.ts';

/** The snapshot, or why there is none; then nothing at all is known, and nothing may be concluded about any drive. */
export type SnapshotResult =
  { readonly kind: 'ok'; readonly snapshot: DriveSnapshot } | { readonly kind: 'problem'; readonly message: string };

/**
 * Lists the drives that are attached now. A loop device counts as attached once it has a backing file; what vanishes
 * while it is looked at is left out.
 */
export const takeSnapshot = async (signal: AbortSignal): Promise<SnapshotResult> => {
  const list = await listDevices(signal);
  if (list.kind === 'problem') return list;
  const [bootId, used, isUdevRunning] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readUsedDevices(),
    udevListens(),
  ]);
  const drives = await Promise.all(list.devices.map((listed) => readDrive(listed, used, isUdevRunning)));
  signal.throwIfAborted();
  return {
    kind: 'ok',
    snapshot: { bootId: bootId.trim(), drives: drives.filter((drive) => drive !== undefined) },
  };
};

const readDrive = async (
  listed: ListedDevice,
  used: UsedDevices,
  isUdevRunning: boolean,
): Promise<AttachedDrive | undefined> => {
  const disk = await readDisk(listed.majorMinor);
  if (disk === undefined) return undefined;
  const isLoop = disk.kernelName.startsWith('loop');
  if (isLoop && disk.backingFile === undefined) return undefined;
  const [facts, ...partitionFacts] = await Promise.all(
    [disk, ...disk.partitions].map(({ majorMinor }) => readUdevFacts(majorMinor)),
  );
  const inUseBy = useOf(disk, used);
  const settled = !isUdevRunning || [facts, ...partitionFacts].every(isSettled);
  return {
    device: disk.device,
    kernelName: disk.kernelName,
    diskSequence: disk.diskSequence,
    port: portOf(disk, facts),
    sizeBytes: disk.sizeBytes,
    ...names(listed, facts),
    inUse: inUseBy !== undefined,
    ...(inUseBy === undefined ? {} : { inUseBy }),
    ready: disk.sizeBytes > 0 && settled,
  };
};

// udev's reading comes first for WWN and serial (lsblk falls back to what an enclosure says of itself); for make and
// model lsblk's comes first, because udev puts underscores for blanks.
const names = (listed: ListedDevice, facts: UdevFacts | undefined): Partial<AttachedDrive> => {
  const field = (name: 'vendor' | 'model' | 'serial' | 'wwn', value: string | undefined): object =>
    value === undefined ? {} : { [name]: value };
  return {
    ...field('vendor', listed.vendor ?? facts?.vendor),
    ...field('model', listed.model ?? facts?.model),
    ...field('serial', facts?.serial ?? listed.serial),
    ...field('wwn', facts?.wwn ?? listed.wwn),
  };
};

const portOf = (disk: KernelDisk, facts: UdevFacts | undefined): Port => {
  if (disk.backingFile !== undefined) return { backingFile: disk.backingFile };
  return facts?.idPath === undefined ? {} : { idPath: facts.idPath };
};

const useOf = (disk: KernelDisk, used: UsedDevices): string | undefined => {
  for (const { majorMinor, holders } of [disk, ...disk.partitions]) {
    const reason = used.get(majorMinor);
    if (reason !== undefined) return reason;
    if (holders.length > 0) return `it is part of ${holders.join(', ')}`;
  }
  return undefined;
};

const UDEV_CONTROL_SOCKET = '/run/udev/control';

// udev's own rules, and those of a desktop, are then over; a bridge that still finds its drive re-announces it.
const SETTLE_USEC = 2_000_000n;
const NANOSECONDS_PER_USEC = 1000n;

const isSettled = (facts: UdevFacts | undefined): boolean => {
  if (facts?.initializedUsec === undefined) return false;
  return process.hrtime.bigint() / NANOSECONDS_PER_USEC - BigInt(facts.initializedUsec) >= SETTLE_USEC;
};

const readUdevFacts = async (majorMinor: string): Promise<UdevFacts | undefined> => {
  try {
    return parseUdevData(await readFile(`${UDEV_DATA_FOLDER}/b${majorMinor}`, 'utf8'));
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

// Of a udevd that has died its socket's file is still there; only the kernel's list says who listens (proc(5)).
const udevListens = async (): Promise<boolean> =>
  (await readFile('/proc/net/unix', 'utf8')).split('\n').some((line) => line.endsWith(` ${UDEV_CONTROL_SOCKET}`));
