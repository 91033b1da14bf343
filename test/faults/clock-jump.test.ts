// The wall clock of the host jumps by a year in the middle of a load, in either direction: a hold that says so, nothing that
// waits for a year, and once the clock is right again one row for each file.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { DAY_MS, MINUTE_MS } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { readOnDisk, sentAgain } from '../support/killer.ts';
import { copyProduct, type ShiftedProduct } from '../support/shifted-product.ts';
import { prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { until } from '../support/wait.ts';

const YEAR_MS = 365 * DAY_MS;
const FILES = Object.fromEntries(
  Array.from({ length: 100 }, (_, index) => [`${String(index)}.txt`, 'x'.repeat(index)]),
);
const SLOW_MS = 50;
const HOUR_SECONDS = 3600;

const stack = new AsyncDisposableStack();
let product: ShiftedProduct;
let scene: BayScene;

before(async () => {
  product = stack.use(await copyProduct());
  scene = stack.use(await openBayScene({ load: { max_requests_in_flight: 2 } }, { productFolder: product.folder }));
});

afterEach(async () => {
  scene.proxy.breakBy(() => Promise.resolve(undefined));
  await product.setClock(0);
  await scene.clear();
});

after(() => stack.disposeAsync());

const rowsOnDisk = async (jobId: string): Promise<number> =>
  (await readOnDisk({ station: scene.station, jobId })).rows.size;

const untilRows = (jobId: string, count: number): Promise<true> =>
  until(async () => (await rowsOnDisk(jobId)) >= count, {
    what: `${String(count)} rows are on disk`,
    deadlineMs: MINUTE_MS,
    describe: () => scene.station.journalText().slice(-2000),
  });

const waitForSkewHold = async (): Promise<void> => {
  const { hold } = await scene.station.waitForHold('Bay 1', 'RequestTimeTooSkewed');
  assert.equal(hold?.actor, 'operator');
  assert.match(hold.todo, /clock/u);
  assert.ok(hold.retryHelps);
};

const jumps = [
  { what: 'ahead by a year', shiftMs: YEAR_MS, prefix: 'ahead/' },
  { what: 'back by a year', shiftMs: -YEAR_MS, prefix: 'back/' },
];
for (const { what, shiftMs, prefix } of jumps) {
  test(`station: a clock that jumps ${what} in a load is a hold, and retry ends the load once it is right`, async () => {
    const { station, minio, proxy, image } = scene;
    const waiting = await prepareJob({ station, minio, bucket: `waits-${prefix.slice(0, -1)}` });
    const { jobId, job } = await prepareDrive({
      station,
      minio,
      image,
      files: FILES,
      manifestLines: [`prefix: ${prefix}`],
    });
    proxy.setLatency(SLOW_MS);
    await scene.plugIn();
    await untilRows(jobId, 20);

    await product.setClock(shiftMs);
    await waitForSkewHold();
    assert.ok((await rowsOnDisk(jobId)) < Object.keys(FILES).length, 'in the middle of the load');
    // A daemon that starts by the wrong clock judges all anew by it.
    const asked = proxy.asked.length;
    await station.restartDaemon('SIGTERM');
    await waitForSkewHold();
    if (shiftMs > 0) {
      await until(() => proxy.asked.slice(asked).some(({ url }) => url.startsWith(`/${waiting.bucket}`)), {
        what: 'the bucket is asked for the time before a job expires',
      });
    }
    const had = await readOnDisk({ station, jobId });
    const askedBefore = proxy.asked.length;
    await product.setClock(0);
    await station.ask('retry', 'Bay 1');
    const done = await station.waitForJob(jobId, ['Completed']);

    assert.equal(done.counts?.loaded.files, Object.keys(FILES).length);
    assert.ok((done.loadingSeconds ?? Infinity) < HOUR_SECONDS, 'the loading fee is for the time that has passed');
    const rows = await scene.rowsOf(job.logKey);
    assert.deepEqual(rows.map(({ File }) => File).toSorted(), ['SIGNATURE', ...Object.keys(FILES)].toSorted());
    assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, askedBefore), []);
    assert.equal(
      (await station.job(waiting.jobId)).state.job,
      waiting.job.state.job,
      'a job that waits has not expired',
    );
    await station.waitForBay(
      'Bay 1',
      'says "take it out"',
      ({ hold, activity }) => hold === undefined && activity === 'done',
    );
  });
}

test('station: a clock that jumps before the log is written loses no row; the log comes once it is right', async () => {
  const { station, minio, proxy, image } = scene;
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES, manifestLines: ['prefix: last/'] });
  // While the last files are answered, so that the next thing that is signed is the log.
  let jumped: Promise<void> | undefined;
  proxy.breakBy(async () => {
    const sent = proxy.asked.filter((one) => one.method === 'PUT' && one.url.includes('/last/')).length;
    if (sent >= Object.keys(FILES).length) jumped ??= product.setClock(YEAR_MS);
    await jumped;
    return undefined;
  });
  await scene.plugIn();

  const { hold } = await station.waitForBay('Bay 1', 'holds', (bay) => bay.hold !== undefined);
  assert.equal(hold?.code, 'LogNotWritten');
  assert.equal(await rowsOnDisk(jobId), Object.keys(FILES).length);
  const asked = proxy.asked.length;
  await product.setClock(0);
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  const rows = await scene.rowsOf(job.logKey);
  assert.deepEqual(rows.map(({ File }) => File).toSorted(), ['SIGNATURE', ...Object.keys(FILES)].toSorted());
  assert.ok(!proxy.asked.slice(asked).some(({ method, url }) => method === 'PUT' && url.includes('/last/')));
});
