// The second reading of a drive: what changed on it since the load is found, and waits for a person; what did not is said to
// agree.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';

import { MIB } from '#language/units.ts';
import { jobReportSchema, type JobReport } from '#protocol/reports.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import type { Files } from '../support/loop.ts';
import { loadersOf } from '../support/loader.ts';
import { run } from '../support/run.ts';
import { prepareDrive, type PreparedJob } from '../support/signed-drive.ts';
import { until } from '../support/wait.ts';

const FILES: Files = { 'a.txt': 'first', 'b.bin': randomBytes(12 * MIB), empty: '', 'folder/c.bin': randomBytes(MIB) };
const SLOW_DOWN = { status: 503, body: '<Error><Code>SlowDown</Code><Message>later</Message></Error>' };
// Each test mounts the drive twice or more, and waits for many processes to start.
const PATIENCE_MS = 240_000;
const WHY = 'the customer takes it so';

let scene: BayScene;

before(async () => {
  scene = await openBayScene({ load: { verify: 'reread', multipart_threshold_mib: 5, part_size_mib: 5 } });
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

const report = async (jobId: string): Promise<JobReport> =>
  jobReportSchema.parse(JSON.parse(await scene.station.ask('job', 'report', jobId, '--json')));

const rowsOf = async (logKey: string): Promise<readonly string[]> =>
  (await scene.rowsOf(logKey)).map(({ File, Status, Code }) => `${Status} ${Code} ${File}`).toSorted();

const linesOf = (jobId: string, msg: string): readonly Readonly<Record<string, unknown>>[] =>
  scene.station
    .journal()
    .map(({ fields }) => fields)
    .filter((fields) => fields['msg'] === msg && fields['jobId'] === jobId);

/** Loads a drive up to the answer for its last file, does something, and lets the load end. */
const loadAnd = async (files: Files, meanwhile: () => Promise<void>): Promise<PreparedJob> => {
  const { station, minio, proxy, image } = scene;
  const prepared = await prepareDrive({ station, minio, image, files, sizeBytes: 128 * MIB });
  const asked = proxy.asked.length;
  proxy.falsify(({ method }) => (method === 'PUT' ? SLOW_DOWN : undefined));
  await scene.plugIn();
  await until(
    () => Object.keys(files).every((name) => proxy.asked.slice(asked).some(({ url }) => url.includes(name))),
    {
      what: 'every file has been read',
      deadlineMs: PATIENCE_MS,
    },
  );
  await meanwhile();
  proxy.falsify(() => undefined);
  return prepared;
};

/** Changes the content of a small file on the drive itself, beneath the file system. */
const change = async (path: string, content: string): Promise<void> => {
  const debugfs = (request: string): Promise<string> => run('debugfs', ['-R', request, scene.image]);
  const block = Number((await debugfs(`blocks ${path}`)).trim());
  const blockBytes = Number(/^Block size:\s+(\d+)$/mu.exec(await debugfs('stats'))?.[1]);
  await using image = await open(scene.image, 'r+');
  await image.write(Buffer.from(content), 0, content.length, block * blockBytes);
  await image.sync();
};

test('station: reads a drive a second time, and says that everything agrees', async () => {
  const { jobId, job } = await loadAnd(FILES, () => Promise.resolve());

  await scene.station.waitForJob(jobId, ['Completed'], PATIENCE_MS);

  const { secondReading, failed } = await report(jobId);
  assert.deepEqual(secondReading, { agreeing: 4, differing: 0 });
  assert.equal(failed.files, 0);
  assert.match(await scene.station.ask('job', 'report', jobId), /^Second reading:\s+done, 4 files agreeing$/mu);
  assert.equal((await rowsOf(job.logKey)).length, 5);
  assert.equal(linesOf(jobId, 'second reading started').length, 1);
});

test('station: holds where the drive gives other bytes the second time, and retry loads those anew', async () => {
  const { station, minio, proxy } = scene;
  const { jobId, job } = await loadAnd(FILES, () => change('a.txt', 'other'));

  const { hold } = await station.waitForHold('Bay 1', 'SecondReadingDiffers', PATIENCE_MS);

  assert.deepEqual(hold?.waysOut, ['retry', 'confirm', 'reject']);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);
  assert.deepEqual((await report(jobId)).failedByCode, { VerifyError: 1 });
  assert.deepEqual(
    linesOf(jobId, 'second reading differs').map(({ file, code }) => [file, code]),
    [['a.txt', 'VerifyError']],
  );

  await station.restartDaemon('SIGKILL');
  await station.waitForHold('Bay 1', 'SecondReadingDiffers', PATIENCE_MS);
  const asked = proxy.asked.length;
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed'], PATIENCE_MS);

  const puts = proxy.asked.slice(asked).filter(({ method }) => method === 'PUT');
  assert.deepEqual(puts.map(({ url }) => url.split('?')[0]).toSorted(), [
    `/${BUCKET}/a.txt`,
    `/${BUCKET}/${job.logKey}`,
  ]);
  assert.equal((await minio.getObject(BUCKET, 'a.txt'))?.body.toString(), 'other');
  assert.deepEqual((await report(jobId)).secondReading, { agreeing: 4, differing: 0 });
  assert.equal(linesOf(jobId, 'second reading ended').length, 2);
});

test('station: a person can take a second reading as it is, and the log says which files differ', async () => {
  const { station } = scene;
  const { jobId, job } = await loadAnd(FILES, async () => {
    await change('a.txt', 'other');
    await run('debugfs', ['-w', '-R', 'unlink empty', scene.image]);
  });
  const { hold } = await station.waitForHold('Bay 1', 'SecondReadingDiffers', PATIENCE_MS);
  assert.match(hold?.happened ?? '', /\(2 files; the second reading met 4 names, the log has 5\)/u);

  await station.ask('confirm', 'Bay 1', 'SecondReadingDiffers', '--why', WHY);
  await station.waitForJob(jobId, ['SuccessWithErrors'], PATIENCE_MS);

  assert.deepEqual(await rowsOf(job.logKey), [
    '103 Ignored SIGNATURE',
    '200 OK b.bin',
    '200 OK folder/c.bin',
    '500 VerifyError a.txt',
    '500 VerifyError empty',
  ]);
  assert.deepEqual((await report(jobId)).secondReading, { agreeing: 2, differing: 2 });
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('station: a second reading whose loader is killed begins anew', async () => {
  const { station } = scene;
  const launcher = station.launcher().pid;
  let first: readonly number[] = [];
  const { jobId } = await loadAnd({ 'large.bin': randomBytes(64 * MIB) }, async () => {
    first = await loadersOf(launcher);
  });
  assert.equal(first.length, 1);
  await station.waitForBay('Bay 1', 'reads a second time', ({ says }) => says.includes('second time'), PATIENCE_MS);
  const second = await until(async () => (await loadersOf(launcher)).find((pid) => !first.includes(pid)), {
    what: 'the loader of the second reading is there',
    everyMs: 5,
    deadlineMs: PATIENCE_MS,
  });
  await until(() => linesOf(jobId, 'second reading started').length > 0, {
    what: 'it has its order',
    everyMs: 5,
    deadlineMs: PATIENCE_MS,
  });
  process.kill(second, 'SIGKILL');
  await station.waitForHold('Bay 1', 'LoaderFailed', PATIENCE_MS);
  assert.equal(linesOf(jobId, 'second reading ended').length, 0);

  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed'], PATIENCE_MS);

  assert.equal(linesOf(jobId, 'second reading started').length, 2);
  assert.deepEqual((await report(jobId)).secondReading, { agreeing: 1, differing: 0 });
});
