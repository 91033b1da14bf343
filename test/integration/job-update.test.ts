// A manifest is replaced before the first file is sent (decision 18): what was signed verifies, what is in force loads.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { makeImage } from '../support/loop.ts';
import type { Minio } from '../support/minio.ts';
import type { S3Proxy } from '../support/s3-proxy.ts';
import { formatManifest, prepareDrive, prepareJob } from '../support/signed-drive.ts';
import type { Station } from '../support/station.ts';

const FILES = { 'a.txt': 'a', 'b/c.txt': 'cc' };

let scene: BayScene;
let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let image: string;

before(async () => {
  scene = await openBayScene();
  ({ station, minio, proxy, image } = scene);
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

/** Signs a manifest with these lines for the job, as a customer does; gives the options of the command. */
const signUpdate = async (jobId: string, lines: readonly string[]): Promise<readonly string[]> => {
  const manifest = join(station.folder, 'Manifest2.txt');
  await writeFile(manifest, formatManifest(minio.accessKeyId, BUCKET, lines));
  const secret = join(station.folder, 'update.secret');
  await writeFile(secret, `${minio.secretAccessKey}\n`, { mode: 0o600 });
  await station.ask('sign', '--job', jobId, '--manifest', manifest, '--secret-file', secret, '--out', station.folder);
  return ['--manifest', manifest, '--signature', join(station.folder, 'SIGNATURE')];
};

test('job update: the original verifies the drive, the update loads it and says where the log goes', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES, manifestLines: ['prefix: old/'] });
  const options = await signUpdate(jobId, ['prefix: new/', 'logPrefix: logs/']);

  assert.match(await station.ask('--by', 'Ada', 'job', 'update', jobId, ...options), /keeps the SIGNATURE/u);
  await scene.plugIn();
  await station.waitForJob(jobId, ['Completed']);

  assert.ok((await minio.getObject(BUCKET, 'new/b/c.txt')) !== undefined);
  assert.equal(await minio.getObject(BUCKET, 'old/b/c.txt'), undefined);
  assert.equal((await scene.rowsOf(`logs/import-log-${jobId}`)).length, 3);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);
  const change = (await station.job(jobId)).history.find(({ cause }) => cause === 'updated');
  assert.deepEqual([change?.details['right'], change?.details['by']], ['operator', 'Ada']);
});

test('job update: a held job goes on by `retry` with the updated manifest, and no row of the former stays', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, files: FILES, manifestLines: ['ignore:', '    - .*'] });
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'NothingToLoad');
  const options = await signUpdate(jobId, ['prefix: held/', 'ignore:', '    - b/.*']);

  await station.ask('job', 'update', jobId, ...options);
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  const rows = await scene.rowsOf(`import-log-${jobId}`);
  assert.deepEqual(rows.map(({ File, Status }) => `${Status} ${File}`).toSorted(), [
    '103 SIGNATURE',
    '103 b/c.txt',
    '200 a.txt',
  ]);
  assert.ok((await minio.getObject(BUCKET, 'held/a.txt')) !== undefined);
});

test('job update: a drive that was signed by the update is held in the words of decision 18', async () => {
  const { jobId } = await prepareJob({ station, minio });
  const options = await signUpdate(jobId, ['prefix: new/']);
  await station.ask('job', 'update', jobId, ...options);
  const signature = await readFile(join(station.folder, 'SIGNATURE'));
  await makeImage({ path: image, fsType: 'ext4', files: { ...FILES, SIGNATURE: signature } });

  await scene.plugIn();
  const { hold } = await station.waitForHold('Bay 1', 'InvalidSignature');

  assert.match(hold?.happened ?? '', /the drive's SIGNATURE fits the update but not the original/u);
});

test('job update: is refused once the first file is sent, and over a restart of the daemon', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${String(index)}.txt`, 'x']));
  const { jobId } = await prepareDrive({ station, minio, image, files });
  const options = await signUpdate(jobId, ['prefix: new/']);
  proxy.setLatency(200);
  await scene.plugIn();
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) >= 3);

  const during = await station.cli('job', 'update', jobId, ...options);
  proxy.setLatency(0);
  await station.waitForJob(jobId, ['Completed']);
  await station.restartDaemon('SIGKILL');
  const afterwards = await station.cli('job', 'update', jobId, ...options);

  assert.deepEqual([during.exitCode, afterwards.exitCode], [1, 1]);
  assert.match(during.stderr, /UnableToUpdateJobId/u);
  assert.match(during.stderr, /the job is InProgress/u);
  assert.match(afterwards.stderr, /the job is Completed/u);
});

test('job update: an update outlives a kill of the daemon, and the drive is loaded by it', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, files: FILES });
  const options = await signUpdate(jobId, ['prefix: killed/']);

  await station.ask('job', 'update', jobId, ...options);
  await station.restartDaemon('SIGKILL');
  await scene.plugIn();
  await station.waitForJob(jobId, ['Completed']);

  assert.ok((await minio.getObject(BUCKET, 'killed/a.txt')) !== undefined);
});

test('job update: is refused with every finding, and the job stays as it was', async () => {
  const { jobId, job } = await prepareJob({ station, minio });
  const options = await signUpdate(jobId, ['prefix: new/']);
  await writeFile(join(station.folder, 'Manifest2.txt'), formatManifest('NOSUCHKEY', BUCKET, ['ignore:', '    - (']));

  const { exitCode, stderr } = await station.cli('job', 'update', jobId, ...options);

  assert.notEqual(exitCode, 0);
  assert.match(stderr, /line 2/u);
  assert.match(stderr, /ignore\[1\]/u);
  assert.deepEqual(await station.job(jobId), job);
});
