// What the kernel says of a drive without asking the drive: whether it is still the same, and how many of its answers were
// errors so far.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { isGone } from './sysfs.ts';

/** A drive at one moment. */
export interface DriveState {
  readonly diskSequence: number;
  /** In sectors of 512 bytes. */
  readonly sectors: number;
  /** Requests that ended in an error since the drive was attached; only of SCSI drives, USB included. */
  readonly ioErrors?: number;
}

/** Where the kernel shows its drives; other folders in tests. */
export interface KernelFolders {
  readonly sysFolder: string;
  readonly deviceFolder: string;
}

const FOLDERS: KernelFolders = { sysFolder: '/sys/block', deviceFolder: '/dev' };

/** Reads it; undefined where the drive or its node is gone. Nothing is opened but files of the kernel. */
export const readDriveState = async (
  kernelName: string,
  { sysFolder, deviceFolder }: KernelFolders = FOLDERS,
): Promise<DriveState | undefined> => {
  const folder = join(sysFolder, kernelName);
  const [diskSequence, sectors, ioErrors] = await Promise.all([
    readNumber(join(folder, 'diskseq')),
    readNumber(join(folder, 'size')),
    readNumber(join(folder, 'device', 'ioerr_cnt')),
  ]);
  // An exclamation mark stands for a slash (`cciss!c0d0`).
  const hasNode = await isThere(join(deviceFolder, kernelName.replaceAll('!', '/')));
  if (diskSequence === undefined || sectors === undefined || !hasNode) return undefined;
  return { diskSequence, sectors, ...(ioErrors === undefined ? {} : { ioErrors }) };
};

// Decimal, or hex with 0x as SCSI counts its errors.
const readNumber = async (path: string): Promise<number | undefined> => {
  try {
    return Number((await readFile(path, 'latin1')).trim());
  } catch (error: unknown) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error: unknown) {
    if (isGone(error)) return false;
    throw error;
  }
};
