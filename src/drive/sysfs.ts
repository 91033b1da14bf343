// Reads what /sys says of a block device. Nothing here opens the device.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Unit of `size` and `start` in /sys, whatever the drive's own sectors are (Linux, Documentation/block/stat.rst). */
const SECTOR_BYTES = 512;

/** A partition as the kernel shows it. */
export interface KernelPartition {
  /** `sdb1` */
  readonly kernelName: string;
  readonly device: string;
  readonly majorMinor: string;
  readonly number: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** What is built upon it (LVM, md, dm), by kernel name. */
  readonly holders: readonly string[];
}

/** A whole device as the kernel shows it. */
export interface KernelDisk {
  readonly kernelName: string;
  readonly device: string;
  readonly majorMinor: string;
  readonly diskSequence: number;
  /** 0 for a reader without medium or a loop device without file. */
  readonly sizeBytes: number;
  /** Absolute path of a loop image, ending in ` (deleted)` where the file is gone. */
  readonly backingFile?: string;
  readonly holders: readonly string[];
  /** In the order of their numbers. */
  readonly partitions: readonly KernelPartition[];
}

/** Reads a whole device by its number (`8:16`); undefined if it vanished meanwhile. */
export const readDisk = async (majorMinor: string): Promise<KernelDisk | undefined> => {
  try {
    const kernelName = basename(await readlink(`/sys/dev/block/${majorMinor}`));
    return await readDiskFolder(kernelName, `/sys/block/${kernelName}`, majorMinor);
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

/** Reads a whole device by its kernel name; undefined if there is none. */
export const readDiskByName = async (kernelName: string): Promise<KernelDisk | undefined> => {
  try {
    return await readDisk(await readText(`/sys/block/${kernelName}/dev`));
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

/** The node of a kernel name: an exclamation mark stands for a slash (`cciss!c0d0`). */
const deviceOf = (kernelName: string): string => `/dev/${kernelName.replaceAll('!', '/')}`;

/** True for the errors by which a file or a device that is not (or no longer) there is known. */
export const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR'].includes(String(error.code));

const readDiskFolder = async (kernelName: string, folder: string, majorMinor: string): Promise<KernelDisk> => {
  const [diskSequence, sectors, holders, names, backingFile] = await Promise.all([
    readNumber(`${folder}/diskseq`),
    readNumber(`${folder}/size`),
    readdir(`${folder}/holders`),
    readdir(folder),
    readBackingFile(folder),
  ]);
  const own = names.filter((name) => name.startsWith(kernelName));
  const partitions = await Promise.all(own.map((name) => readPartition(name, `${folder}/${name}`)));
  return {
    kernelName,
    device: deviceOf(kernelName),
    majorMinor,
    diskSequence,
    sizeBytes: sectors * SECTOR_BYTES,
    holders,
    partitions: partitions.filter((one) => one !== undefined).toSorted((a, b) => a.number - b.number),
    ...(backingFile === undefined ? {} : { backingFile }),
  };
};

// A partition that vanishes alone (its table is read anew) must not make the drive look unplugged.
const readPartition = async (kernelName: string, folder: string): Promise<KernelPartition | undefined> => {
  try {
    return await readPartitionFolder(kernelName, folder);
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

const readPartitionFolder = async (kernelName: string, folder: string): Promise<KernelPartition> => {
  const [number, start, sectors, majorMinor, holders] = await Promise.all([
    readNumber(`${folder}/partition`),
    readNumber(`${folder}/start`),
    readNumber(`${folder}/size`),
    readText(`${folder}/dev`),
    readdir(`${folder}/holders`),
  ]);
  return {
    kernelName,
    device: deviceOf(kernelName),
    majorMinor,
    number,
    startBytes: start * SECTOR_BYTES,
    sizeBytes: sectors * SECTOR_BYTES,
    holders,
  };
};

// `losetup -d` is the unplug: on a device that is still open it only sets autoclear (loop(4)), and the kernel lets go of the
// file with the last user. For the station such an image has left.
const readBackingFile = async (folder: string): Promise<string | undefined> => {
  try {
    if ((await readText(`${folder}/loop/autoclear`)) === '1') return undefined;
    return await readText(`${folder}/loop/backing_file`);
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

// The kernel ends each value with one line feed; a path may end with blanks of its own.
const readText = async (path: string): Promise<string> => (await readFile(path, 'utf8')).replace(/\n$/u, '');

const readNumber = async (path: string): Promise<number> => Number(await readText(path));
