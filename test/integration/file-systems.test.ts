// Every file system that this machine can make and mount goes through the whole station, and no byte of it changes.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { canMount, plug, sha256, type FsType } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

const FILES = {
  'a.txt': 'a',
  'folder/ünïcode.txt': 'names',
  'folder/empty': '',
  // Read past the cache where that can be.
  'folder/large.bin': 'large, and no multiple of a sector\n'.repeat(100_000),
};
const TYPES: readonly FsType[] = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'exfat'];

const stack = new AsyncDisposableStack();
let station: Station;
let minio: Minio;
let image: string;

before(async () => {
  minio = stack.use(await startMinio());
  const folder = await mkdtemp(join(tmpdir(), 'file-systems-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  image = join(folder, 'drive.img');
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }] }));
});

after(() => stack.disposeAsync());

for (const fsType of TYPES) {
  test(`station: loads a drive with ${fsType} and changes no byte of it`, async () => {
    assert.ok(await canMount(fsType), `this machine mounts ${fsType}`);
    const bucket = `drive-${fsType}`;
    const { jobId } = await prepareDrive({ station, minio, image, bucket, fsType, files: FILES });
    const before = await sha256(image);
    {
      await using drive = await plug(image);
      const readOnly = `/sys/block/${drive.kernelName}/ro`;
      assert.equal((await readFile(readOnly, 'utf8')).trim(), '0', 'it comes writable');
      const job = await station.waitForJob(jobId, ['Completed']);
      assert.equal(job.counts?.loaded.files, Object.keys(FILES).length);
      await station.waitForBay('Bay 1', 'is done', ({ activity }) => activity === 'done');
      assert.equal((await readFile(readOnly, 'utf8')).trim(), '1', 'the station has made it read-only');
      await drive.unplug();
      await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
    }

    for (const [name, content] of Object.entries(FILES)) {
      assert.equal((await minio.getObject(bucket, name))?.body.toString(), content, name);
    }
    assert.equal(await sha256(image), before);
  });
}
