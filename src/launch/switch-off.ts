// Takes a SCSI device out of the kernel, which makes a spinning drive stop its spindle (sd(4): `device/delete` in sysfs
// flushes the cache and sends START STOP UNIT).

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isGone } from '#drive/sysfs.ts';

/**
 * Deletes the device; false where the drive has no such switch (a loop image, NVMe), which is no failure.
 * `sysFolder`: `/sys/block` but in tests.
 */
export const switchOff = async (kernelName: string, sysFolder = '/sys/block'): Promise<boolean> => {
  try {
    // Never made where it is missing.
    await writeFile(join(sysFolder, kernelName, 'device', 'delete'), '1', { flag: 'r+' });
    return true;
  } catch (error: unknown) {
    if (isGone(error)) return false;
    throw error;
  }
};
