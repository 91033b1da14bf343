// The drive of a data set: one image that everyone reads. It is attached and mounted anew for each run, for the station
// by the station itself, for the others here, so that all of them find the same caches: those of the image, or none.

import { mkdtemp, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeImage, plug, withMounted } from '../test/support/loop.ts';
import { run } from '../test/support/run.ts';
import { imageBytesOf, writeDataSet, type DataSet } from './data-sets.ts';

const FS_TYPE = 'ext4';
/** Folder of the drive that holds the set: what else lies on a drive is not the peers' business. */
const DATA_FOLDER = 'data';

/** Makes the drive of a set in a folder, and gives the path of its image. */
export const makeDrive = (set: DataSet, folder: string): Promise<string> =>
  makeImage({
    path: join(folder, 'drive.img'),
    fsType: FS_TYPE,
    sizeBytes: imageBytesOf(set),
    populate: (root) => {
      writeDataSet(set, join(root, DATA_FOLDER));
      return Promise.resolve();
    },
  });

/** Puts a SIGNATURE onto the drive, which must not be plugged in. */
export const signDrive = (image: string, signature: Uint8Array): Promise<void> =>
  withMounted(image, FS_TYPE, (root) => writeFile(join(root, 'SIGNATURE'), signature));

/** Mounts the drive read-only, hands over the folder of the set, and takes the drive out again. */
export const withDrive = async <Result>(image: string, use: (folder: string) => Promise<Result>): Promise<Result> => {
  await using drive = await plug(image);
  const folder = await mkdtemp(join(tmpdir(), 'bench-mount-'));
  try {
    await run('mount', ['-t', FS_TYPE, '-o', 'ro,noload,nodev,nosuid,noexec', '--', drive.device, folder]);
    try {
      return await use(join(folder, DATA_FOLDER));
    } finally {
      await run('umount', ['--', folder]);
    }
  } finally {
    await rmdir(folder);
  }
};
