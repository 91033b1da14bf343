// Files that claim far more bytes than the drive holds of them: all others are loaded first, then a person decides.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { MIB, TIB } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { sha256 } from '../support/loop.ts';
import { prepareDrive, type PreparedJob } from '../support/signed-drive.ts';

const WHY = 'the customer says so';
const HOLD_MIB = 2;
const SPARSE_BYTES = 3 * MIB;

let scene: BayScene;

before(async () => {
  scene = await openBayScene({ load: { sparse_hold_mib: HOLD_MIB } });
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

const makeSparse = async (path: string, sizeBytes: number): Promise<void> => {
  await writeFile(path, '');
  await truncate(path, sizeBytes);
};

/** A drive with two ordinary files and the sparse ones of these sizes. */
const prepare = (sparse: Readonly<Record<string, number>>): Promise<PreparedJob> => {
  const { station, minio, image } = scene;
  return prepareDrive({
    station,
    minio,
    image,
    files: { 'a.txt': 'a', 'z/z.txt': 'z' },
    populate: async (folder) => {
      for (const [name, sizeBytes] of Object.entries(sparse)) await makeSparse(join(folder, name), sizeBytes);
      // At the limit exactly: it is asked for nothing.
      await makeSparse(join(folder, 'small.img'), HOLD_MIB * MIB);
    },
  });
};

const rowsOf = async ({ job }: PreparedJob): Promise<readonly string[]> =>
  (await scene.rowsOf(job.logKey)).map(({ File, Status, Code }) => `${Status} ${Code} ${File}`).toSorted();

const keys = async (): Promise<readonly string[]> => (await scene.minio.listObjects(BUCKET)).map(({ key }) => key);

test('SparseFile: all other files are loaded first, a restart and another plugging in ask again, confirm sends it whole', async () => {
  const { station, minio, image } = scene;
  const prepared = await prepare({ 'disk.img': SPARSE_BYTES });
  const before = await sha256(image);
  await scene.plugIn();
  const { hold } = await station.waitForHold('Bay 1', 'SparseFile');
  assert.match(hold?.happened ?? '', /\(disk\.img says 3\.0 MiB and takes 0 bytes\); all others are loaded\.$/u);
  assert.equal(hold?.actor, 'customer');
  assert.deepEqual(hold.waysOut, ['confirm', 'reject', 'take-out']);
  assert.deepEqual(await keys(), ['a.txt', 'small.img', 'z/z.txt']);
  assert.equal((await station.job(prepared.jobId)).state.job, 'InProgress');
  const asked = scene.proxy.asked.length;
  await station.restartDaemon('SIGKILL');
  await station.waitForHold('Bay 1', 'SparseFile');
  await scene.clear();
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'SparseFile');
  const puts = scene.proxy.asked.slice(asked).filter(({ method }) => method === 'PUT');
  assert.deepEqual(puts, [], 'nothing is sent twice');

  await station.ask('confirm', 'Bay 1', 'SparseFile', '--why', WHY);
  await station.waitForJob(prepared.jobId, ['Completed']);

  assert.deepEqual(await rowsOf(prepared), [
    '103 Ignored SIGNATURE',
    '200 OK a.txt',
    '200 OK disk.img',
    '200 OK small.img',
    '200 OK z/z.txt',
  ]);
  const zeros = Buffer.alloc(SPARSE_BYTES);
  assert.deepEqual((await minio.getObject(BUCKET, 'disk.img'))?.body, zeros);
  const row = (await scene.rowsOf(prepared.job.logKey)).find(({ File }) => File === 'disk.img');
  assert.partialDeepStrictEqual(row, { MD5: createHash('md5').update(zeros).digest('hex') });
  await scene.clear();
  assert.equal(await sha256(image), before);
});

test('SparseFile: reject gives files of 1 TiB failed rows, and the job goes on to its end', async () => {
  const { station, image } = scene;
  const sizes = Object.fromEntries(['1.img', '2.img', '3.img', '4.img', 'x\u202e.img'].map((name) => [name, TIB]));
  const prepared = await prepare(sizes);
  const before = await sha256(image);
  await scene.plugIn();
  const { hold } = await station.waitForHold('Bay 1', 'SparseFile');
  assert.match(hold?.happened ?? '', /says 1\.0 TiB and takes 0 bytes; .*; and 2 more\)/u);
  assert.match(hold?.happened ?? '', /^\P{C}*$/u);

  const said = await station.ask('reject', 'Bay 1', '--code', 'SparseFile', '--why', WHY);
  const { counts, history } = await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  assert.match(said, /Bay 1 goes on without those files/u);
  assert.deepEqual(await rowsOf(prepared), [
    '103 Ignored SIGNATURE',
    '200 OK a.txt',
    '200 OK small.img',
    '200 OK z/z.txt',
    ...Object.keys(sizes).map((name) => `400 EntityTooLarge ${name}`),
  ]);
  assert.deepEqual(counts?.failed, { files: 5, bytes: 5 * TIB });
  assert.ok(history.some(({ cause, details }) => cause === 'files-rejected' && details['why'] === WHY));
  await scene.clear();
  assert.equal(await sha256(image), before);
});

test('SparseFile: a bay that holds with something else has no files to turn down', async () => {
  const { station } = scene;
  await prepare({});
  await scene.plugIn();
  await station.waitForBay('Bay 1', 'is done', ({ activity }) => activity === 'done');

  const { exitCode, stderr } = await station.cli('reject', 'Bay 1', '--code', 'SparseFile', '--why', WHY);

  assert.equal(exitCode, 1);
  assert.match(stderr, /Bay 1/u);
});

test('SparseFile: a job that is canceled while it waits has its log, which says that it does not name every file', async () => {
  const { station } = scene;
  const prepared = await prepare({ 'disk.img': TIB });
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'SparseFile');

  await station.ask('job', 'cancel', prepared.jobId, '--why', WHY);
  const { history } = await station.waitForJob(prepared.jobId, ['Canceled']);

  assert.equal((await rowsOf(prepared)).length, 4);
  assert.equal(history.at(-1)?.details['walk'], 'not complete');
});
