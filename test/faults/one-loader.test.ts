// Daemons that come and go around a running loader, and a job that is ended under it: never two of anything for one drive.

import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, afterEach, before, test } from 'node:test';

import { MIB, MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { readOnDisk, sentAgain } from '../support/killer.ts';
import { isExclusive, isThere, loadersOf, usersOf } from '../support/loader.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { until } from '../support/wait.ts';

const FILES = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [`${String(index)}.txt`, 'x'.repeat(index)]),
);
const SLOW_MS = 150;

let scene: BayScene;

before(async () => {
  scene = await openBayScene({
    load: { max_requests_in_flight: 2, multipart_threshold_mib: 5, part_size_mib: 5 },
  });
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

const untilRows = (jobId: string, count: number): Promise<true> =>
  until(async () => (await readOnDisk({ station: scene.station, jobId })).rows.size >= count, {
    what: `${String(count)} rows are on disk`,
    deadlineMs: MINUTE_MS,
    describe: () => scene.station.journalText().slice(-2000),
  });

const oneLoader = async (): Promise<number> => {
  const [loader, ...others] = await loadersOf(scene.station.launcher().pid);
  assert.ok(loader !== undefined);
  assert.deepEqual(others, []);
  return loader;
};

test('daemon: starts no second loader beside one that has not ended with the daemon before it', async () => {
  const { station, minio, proxy, image } = scene;
  const { jobId } = await prepareDrive({ station, minio, image, files: FILES });
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await untilRows(jobId, 20);
  const former = await oneLoader();
  process.kill(former, 'SIGSTOP');
  let asked: number;
  let had: Awaited<ReturnType<typeof readOnDisk>>;
  try {
    await station.daemon().end('SIGKILL');
    had = await readOnDisk({ station, jobId });
    asked = proxy.asked.length;
    await station.startDaemon();
    // It cannot have the drive; whatever it says of that, it reads nothing of it.
    await station.waitForBay('Bay 1', 'is held or looks on', ({ activity }) => activity !== 'empty');
    for (let look = 0; look < 40; look += 1) {
      const running = await loadersOf(station.launcher().pid);
      assert.deepEqual(
        running.filter((pid) => pid !== former),
        [],
        'a second loader',
      );
    }
  } finally {
    process.kill(former, 'SIGCONT');
  }
  await until(async () => !(await isThere(former)), { what: 'the loader ends at the end of its channel' });
  if ((await station.job(jobId)).state.job !== 'Completed') {
    const bay = await station.waitForBay(
      'Bay 1',
      'goes on',
      ({ activity, hold }) => activity === 'loading' || hold !== undefined,
    );
    if (bay.hold !== undefined) await station.ask('retry', 'Bay 1');
  }
  const { counts } = await station.waitForJob(jobId, ['Completed']);

  assert.equal(counts?.loaded.files, Object.keys(FILES).length);
  assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, asked), []);
});

test('job cancel: does not wait for a bucket that has stopped answering', async () => {
  const { station, minio, proxy, image } = scene;
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES, manifestLines: ['prefix: mute/'] });
  proxy.setLatency(SLOW_MS);
  const drive = await scene.plugIn();
  await untilRows(jobId, 5);
  proxy.pause();

  await station.ask('job', 'cancel', jobId);
  await until(async () => (await usersOf(drive.device)).length === 0, { what: 'the loader has ended' });
  proxy.resume();
  await station.waitForJob(jobId, ['Canceled'], 120 * SECOND_MS);

  const loaded = (await scene.rowsOf(job.logKey)).filter(({ Status }) => Status === '200');
  for (const { File } of loaded) assert.ok((await minio.getObject(BUCKET, `mute/${File}`)) !== undefined, File);
  assert.ok(loaded.length >= 5);
});

const PARTS = 8;
const ENDS_IN_MS = 5 * SECOND_MS;

test('job cancel: ends a large file within 5 s of the last answer, leaves no part, and lets the drive go', async (t) => {
  const { station, minio, proxy, image } = scene;
  const content = Buffer.alloc(PARTS * 5 * MIB, 'large');
  const { jobId, job } = await prepareDrive({
    ...{ station, minio, image, sizeBytes: 96 * MIB, manifestLines: ['prefix: cut/'] },
    files: { 'a.txt': 'a', 'large.bin': content },
  });
  const held = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  t.after(() => {
    answered.resolve();
  });
  proxy.breakBy(async ({ url }) => {
    if (!/large\.bin\?.*partNumber=(?!1\b)/u.test(url)) return undefined;
    held.resolve();
    await answered.promise;
    return undefined;
  });
  const drive = await scene.plugIn();
  await until(() => held.promise.then(() => true), { what: 'a part is on its way', deadlineMs: MINUTE_MS });
  await untilRows(jobId, 1);
  assert.equal((await minio.listUploads(BUCKET, ['cut/large.bin'])).length, 1, 'the upload is open');

  await station.ask('job', 'cancel', jobId);
  assert.equal((await station.job(jobId)).state.job, 'InProgress', 'the part is waited for');
  answered.resolve();
  const answeredAtMs = performance.now();
  await station.waitForJob(jobId, ['Canceled']);
  await until(() => isExclusive(drive.device), { what: 'the drive is free' });
  const tookMs = performance.now() - answeredAtMs;

  assert.ok(tookMs < ENDS_IN_MS, `${String(Math.round(tookMs))} ms`);
  const rows = await scene.rowsOf(job.logKey);
  assert.deepEqual(
    rows.map(({ File, Status, Code }) => [File, Status, Code]).toSorted(),
    [
      ['SIGNATURE', '103', 'Ignored'],
      ['a.txt', '200', 'OK'],
      ['large.bin', '499', 'Canceled'],
    ].toSorted(),
  );
  assert.equal((await minio.getObject(BUCKET, 'cut/a.txt'))?.body.toString(), 'a');
  assert.equal((await minio.getObject(BUCKET, 'cut/large.bin'))?.body.length, undefined);
  assert.deepEqual(await minio.listUploads(BUCKET, ['', 'cut/large.bin']), []);
});
