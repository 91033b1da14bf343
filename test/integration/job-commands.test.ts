// What a person says of a job, on real parts: `receive`, `return`, and its end by `job cancel` and `reject`, before a load, in
// the middle of one and over a restart.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { MIB, SECOND_MS } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { makeImage } from '../support/loop.ts';
import type { Minio } from '../support/minio.ts';
import type { S3Proxy } from '../support/s3-proxy.ts';
import { formatManifest, prepareDrive, prepareJob, type PreparedJob } from '../support/signed-drive.ts';
import type { Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const WHY = 'the customer wrote so';
const SLOW_MS = 300;
const FILES = 150;
const MANY_FILES = Object.fromEntries(
  Array.from({ length: FILES }, (_, index) => [`${String(index)}.txt`, 'x'.repeat(index)]),
);
const BIG_FILE = { 'big.bin': Buffer.alloc(24 * MIB, 'x') };

let scene: BayScene;
let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let image: string;

before(async () => {
  scene = await openBayScene({ load: { max_requests_in_flight: 2 } });
  ({ station, minio, proxy, image } = scene);
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

const refusalOf = async (...args: readonly string[]): Promise<string> => {
  const { exitCode, stderr } = await station.cli(...args);
  assert.equal(exitCode, 1, stderr);
  return stderr;
};

const lastChange = async (
  jobId: string,
): Promise<{ readonly cause: string; readonly details: Readonly<Record<string, string>> }> => {
  const change = (await station.job(jobId)).history.at(-1);
  assert.ok(change !== undefined);
  return change;
};

/** Keys that the log says are loaded; every one of them is in the bucket, and no upload is open. */
const checkLog = async (logKey: string): Promise<readonly string[]> => {
  const rows = await scene.rowsOf(logKey);
  const loaded = rows.filter(({ Status }) => Status === '200').map(({ File }) => File);
  for (const key of loaded) assert.ok((await minio.getObject(BUCKET, key)) !== undefined, key);
  assert.deepEqual(await minio.listUploads(BUCKET, ['', 'big.bin']), []);
  return loaded;
};

const loadUntil = async (files: number): Promise<void> => {
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) >= files);
};

/** A drive that was pulled while its large file was sent: the upload is open. */
const interruptUpload = async (): Promise<PreparedJob> => {
  const prepared = await prepareDrive({ station, minio, image, files: { ...BIG_FILE, 'a.txt': 'a' } });
  proxy.setLatency(SLOW_MS);
  const drive = await scene.plugIn();
  await until(async () => (await minio.listUploads(BUCKET, ['big.bin'])).length > 0, { what: 'an upload is open' });
  await drive[Symbol.asyncDispose]();
  await station.waitForHold('Bay 1', 'Interrupted');
  proxy.setLatency(0);
  return prepared;
};

test('job cancel: ends a job that waits for its drive, which is held as canceled when it comes all the same', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: { 'a.txt': 'a' } });

  assert.match(await station.ask('job', 'cancel', jobId.toLowerCase(), '--why', WHY), /is canceled/u);

  assert.deepEqual((await station.job(jobId)).state, { job: 'Canceled', device: 'NotReceived' });
  const { cause, details } = await lastChange(jobId);
  assert.deepEqual([cause, details['why'], details['right']], ['canceled', WHY, 'operator']);
  assert.match(await refusalOf('job', 'cancel', jobId), /is not ended: the job is over/u);
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'CanceledJob');
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);
});

test('job cancel: stops a load after the files in flight, writes the log of what was done, and lets the drive go', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: MANY_FILES });
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await loadUntil(3);

  assert.match(await station.ask('job', 'cancel', jobId), /stops after the files in flight/u);
  await station.waitForJob(jobId, ['Canceled']);

  const loaded = await checkLog(job.logKey);
  assert.ok(loaded.length >= 3 && loaded.length < FILES, String(loaded.length));
  const { details } = await lastChange(jobId);
  assert.equal(details['loadedFiles'], String(loaded.length));
  // Those that were found, and no others: the walk waits for the files in flight.
  const canceled = (await scene.rowsOf(job.logKey)).filter(
    ({ Status, Code }) => Status === '499' && Code === 'Canceled',
  );
  assert.ok(canceled.length > 0 && canceled.length < 10, String(canceled.length));
  assert.equal(details['failedFiles'], String(canceled.length));
  assert.equal(details['walk'], 'not complete');
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
  assert.deepEqual((await station.status()).holds, []);
});

test('job cancel: removes the multipart upload of a load whose drive is out', async () => {
  const { jobId, job } = await interruptUpload();

  await station.ask('job', 'cancel', jobId);
  await station.waitForJob(jobId, ['Canceled']);

  const uploads = await minio.listUploads(BUCKET, ['big.bin']);
  assert.deepEqual(uploads, []);
  await checkLog(job.logKey);
  const big = (await scene.rowsOf(job.logKey)).filter(({ File }) => File === 'big.bin');
  assert.deepEqual(
    big.map(({ Status, Code }) => [Status, Code]),
    [['499', 'Canceled']],
  );
  assert.deepEqual((await station.status()).holds, []);
});

test('job cancel: says why it waits while the bucket is away, and ends soon after it is back', async () => {
  const { jobId, job } = await interruptUpload();
  await proxy.refuse();

  try {
    await station.ask('job', 'cancel', jobId);
    await until(async () => (await station.job(jobId)).hold?.code === 'BucketUnreachable', {
      what: 'the job says why',
    });
    const { holds } = await station.status();
    assert.match(holds.find(({ code }) => code === 'BucketUnreachable')?.happened ?? '', /ECONNREFUSED/u);
  } finally {
    await proxy.accept();
  }
  await station.waitForJob(jobId, ['Canceled'], 20 * SECOND_MS);

  assert.deepEqual(await minio.listUploads(BUCKET, ['big.bin']), []);
  await checkLog(job.logKey);
  assert.deepEqual((await station.status()).holds, []);
});

test('job cancel: holds with a damaged record of uploads, and retry ends the job once it is repaired', async () => {
  const { jobId } = await interruptUpload();
  const parts = join(station.stateDir, 'loads', jobId, 'parts');
  const whole = await readFile(parts);
  await writeFile(parts, 'garbage\n');

  await station.ask('job', 'cancel', jobId);
  await until(async () => (await station.job(jobId)).hold?.code === 'PartsJournalDamaged', {
    what: 'the job says why',
  });
  await writeFile(parts, whole);
  await station.ask('retry', jobId);
  await station.waitForJob(jobId, ['Canceled'], 20 * SECOND_MS);

  assert.deepEqual(await minio.listUploads(BUCKET, ['big.bin']), []);
  assert.deepEqual((await station.status()).holds, []);
});

test('job cancel: goes on after a kill of the daemon, and no drive of the job is loaded meanwhile', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: MANY_FILES });
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await loadUntil(3);

  await station.ask('job', 'cancel', jobId);
  await station.restartDaemon('SIGKILL');
  await station.waitForJob(jobId, ['Canceled']);

  assert.ok((await checkLog(job.logKey)).length < FILES);
});

test('reject: ends a job that was never loaded, with code and reason, and lets its drive go', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, files: {} });
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'NothingToLoad');

  assert.match(
    await refusalOf('reject', 'Bay 1', '--job', '2T2XX', '--code', 'DeviceError', '--why', WHY),
    /not to job/u,
  );
  await station.ask('--by', 'Ada', 'reject', 'bay 1', '--code', 'DeviceError', '--why', WHY);

  assert.equal((await station.job(jobId)).state.job, 'DeviceError');
  const { cause, details } = await lastChange(jobId);
  assert.deepEqual(
    [cause, details['code'], details['why'], details['right'], details['by']],
    ['rejected', 'DeviceError', WHY, 'technician', 'Ada'],
  );
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('two technicians at once: one command is carried out, the other one is told why not, and the job ends once', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, files: {} });
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'NothingToLoad');
  const why = ['--why', WHY];

  const both = await Promise.all([
    station.cli('--by', 'Ada', 'confirm', 'Bay 1', 'NothingToLoad', ...why),
    station.cli('--by', 'Bob', 'confirm', 'Bay 1', 'NothingToLoad', ...why),
    station.cli('--by', 'Eve', 'reject', 'Bay 1', '--code', 'DeviceError', ...why),
  ]);
  await station.waitForJob(jobId, ['Completed', 'DeviceError']);

  assert.ok(both.some(({ exitCode }) => exitCode === 0));
  const refused = both.filter(({ exitCode }) => exitCode !== 0);
  assert.ok(refused.length > 0);
  for (const { exitCode, stderr } of refused) {
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /^import-station: .*\n +Who acts: .*\n +What to do: /u);
  }
  const ends = (await station.job(jobId)).history.filter(({ cause }) => ['completed', 'rejected'].includes(cause));
  assert.equal(ends.length, 1);
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('reject: takes the job from the packing slip, where the drive does not say it', async () => {
  const { jobId } = await prepareJob({ station, minio });
  await makeImage({ path: image, fsType: 'ext4', files: { 'a.txt': 'a' } });
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'MissingSignature');

  assert.match(await refusalOf('reject', 'Bay 1', '--code', 'MissingSignature', '--why', WHY), /which job/u);
  assert.match(await refusalOf('reject', 'Bay 9', '--code', 'MissingSignature', '--why', WHY), /neither a bay nor/u);
  await station.ask('reject', 'Bay 1', '--job', jobId, '--code', 'MissingSignature', '--why', WHY);

  assert.equal((await station.job(jobId)).state.job, 'MissingSignature');
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('reject: a load in progress is ended as DeviceError alone, with the log of what was loaded', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: MANY_FILES });
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await loadUntil(3);

  assert.match(
    await refusalOf('reject', jobId, '--code', 'MissingDevice', '--why', WHY),
    /only be rejected as DeviceError/u,
  );
  await station.ask('reject', jobId, '--code', 'DeviceError', '--why', WHY);
  await station.waitForJob(jobId, ['DeviceError']);

  assert.ok((await checkLog(job.logKey)).length < FILES);
});

test('receive and return: a parcel is compared, goes into a bay, and back to the address of the manifest', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, files: { 'a.txt': 'a' } });

  const slip = await station.ask('receive', jobId);
  assert.match(slip, /TEST-0001/u);
  assert.match(slip, /12 Sample Street/u);
  assert.deepEqual((await station.job(jobId)).state, { job: 'Pending', device: 'AtAWS' });
  assert.equal((await lastChange(jobId)).cause, 'received');
  assert.match(await refusalOf('return', jobId, '--tracking', 'T 1'), /does not go back: the job is Pending/u);
  const drive = await scene.plugIn();
  await station.waitForJob(jobId, ['Completed']);
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
  assert.match(await refusalOf('return', jobId, '--tracking', 'T 1'), /is in Bay 1/u);
  await drive[Symbol.asyncDispose]();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');

  const sent = await station.ask('return', jobId, '--tracking', 'UPS 1Z99');

  assert.match(sent, /Ada Example\n.*12 Sample Street\n.*Seattle, WA, 98101\n/u);
  assert.deepEqual((await station.job(jobId)).state, { job: 'Completed', device: 'Returned' });
  assert.equal((await lastChange(jobId)).details['tracking'], 'UPS 1Z99');
  assert.match(await refusalOf('receive', jobId), /Refuse the delivery.*returned already/u);
});

test('receive: refuses unknown, mistyped and canceled IDs, and suggests what is one character away', async () => {
  const { jobId } = await prepareJob({ station, minio });
  const mistyped = `${jobId.slice(0, -1)}0`;

  const refusal = await refusalOf('receive', mistyped);

  assert.match(refusal, /Refuse the delivery/u);
  assert.match(refusal, new RegExp(`similar one: .*${jobId}`, 'u'));
  assert.deepEqual((await station.job(jobId)).state, { job: 'Pending', device: 'NotReceived' });
  assert.match(await refusalOf('receive', 'ZZ'), /no job has this ID\./u);
  await station.ask('job', 'cancel', jobId);
  assert.match(await refusalOf('receive', jobId), /Refuse the delivery.*Canceled/u);
});

test('return: asks whether a drive was erased, where its customer wants that', async () => {
  const manifest = formatManifest(minio.accessKeyId, BUCKET).replace('eraseDevice: no', 'eraseDevice: yes');
  const { jobId } = await prepareJob({ station, minio, manifest });
  await station.ask('receive', jobId);
  await station.ask('job', 'cancel', jobId);

  assert.match(await refusalOf('return', jobId, '--tracking', 'T 1'), /does not erase/u);
  await station.ask('return', jobId, '--tracking', 'T 1', '--not-erased');

  assert.equal((await lastChange(jobId)).details['erased'], 'no');
});
