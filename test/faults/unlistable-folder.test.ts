// A folder that the file system cannot list: a failed row, a job that says so, and the reason in the journal.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openBayScene } from '../support/bay-scene.ts';
import { run } from '../support/run.ts';
import { prepareDrive } from '../support/signed-drive.ts';

// No file system is as large.
const NO_BLOCK = '2147483647';

test('station: a folder that cannot be listed is a failed row, and the job has errors', async () => {
  await using scene = await openBayScene();
  const { station, minio, image } = scene;
  const { jobId, job } = await prepareDrive({
    ...{ station, minio, image, fsType: 'ext2' },
    files: { 'a.txt': 'a', 'lost/b.txt': 'b', 'sound/c.txt': 'c' },
  });
  await run('debugfs', ['-w', '-R', `set_inode_field lost block[0] ${NO_BLOCK}`, image]);

  await scene.plugIn();
  await station.waitForJob(jobId, ['SuccessWithErrors']);

  const rows = (await scene.rowsOf(job.logKey)).map(({ File, Status, Code }) => `${Status} ${Code} ${File}`);
  assert.deepEqual(rows.toSorted(), [
    '103 Ignored SIGNATURE',
    '200 OK a.txt',
    '200 OK sound/c.txt',
    '500 ReadError lost/',
  ]);
  const lines = station.journal().filter(({ fields }) => fields['msg'] === 'not read from the drive');
  assert.deepEqual(
    lines.map(({ fields }) => [fields['jobId'], fields['file'], fields['detail']]),
    [[jobId, 'lost/', 'EUCLEAN']],
  );
  await scene.clear();
});
