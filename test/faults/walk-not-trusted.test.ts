// A drive that lists other names the second time: the station waits for a person, and says take it out only when the person
// has spoken.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { run } from '../support/run.ts';
import { prepareDrive, type PreparedJob } from '../support/signed-drive.ts';
import { until } from '../support/wait.ts';

const FILES = { 'a.txt': 'a', 'photos/b.txt': 'b', 'photos/c.txt': 'c' };
const SLOW_DOWN = { status: 503, body: '<Error><Code>SlowDown</Code><Message>later</Message></Error>' };
const WHY = 'the customer sent a list, and nothing is missing';

let scene: BayScene;

before(async () => {
  scene = await openBayScene();
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

/** Loads a drive whose folders change on the disk between the first walk and the end of the load. */
const loadWhileChanging = async (request: string): Promise<PreparedJob> => {
  const { station, minio, proxy, image } = scene;
  const prepared = await prepareDrive({ station, minio, image, files: FILES });
  const puts = proxy.asked.length;
  proxy.falsify(({ method }) => (method === 'PUT' ? SLOW_DOWN : undefined));
  const { device } = await scene.plugIn();
  await station.waitForBay('Bay 1', 'has walked the drive', ({ progress }) => progress?.walkEnded === true);
  await until(() => Object.keys(FILES).every((name) => proxy.asked.slice(puts).some(({ url }) => url.includes(name))), {
    what: 'every file has been read',
  });
  await run('debugfs', ['-w', '-R', request, image]);
  // What the kernel remembers of the folder.
  await run('blockdev', ['--flushbufs', device]);
  proxy.falsify(() => undefined);
  return prepared;
};

const rowsOf = async (logKey: string): Promise<readonly string[]> =>
  (await scene.rowsOf(logKey)).map(({ File, Status }) => `${Status} ${File}`).toSorted();

test('station: waits where a second listing gives one name more, and retry loads that one alone', async () => {
  const { station, minio, proxy } = scene;
  const { jobId, job } = await loadWhileChanging('ln a.txt photos/late.txt');

  const { hold } = await station.waitForHold('Bay 1', 'WalkNotTrusted');

  assert.match(hold?.happened ?? '', /a second listing gave 5 names, the first one 4\.$/u);
  assert.deepEqual(hold?.waysOut, ['retry', 'confirm', 'reject']);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);

  const before = proxy.asked.length;
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  const puts = proxy.asked.slice(before).filter(({ method }) => method === 'PUT');
  assert.deepEqual(puts.map(({ url }) => url.split('?')[0]).toSorted(), [
    `/${BUCKET}/${job.logKey}`,
    `/${BUCKET}/photos/late.txt`,
  ]);
  assert.deepEqual(await rowsOf(job.logKey), [
    '103 SIGNATURE',
    '200 a.txt',
    '200 photos/b.txt',
    '200 photos/c.txt',
    '200 photos/late.txt',
  ]);
});

test('station: waits where a name is gone, also over a restart, and confirm ends the job as it is', async () => {
  const { station, minio } = scene;
  const { jobId, job } = await loadWhileChanging('unlink photos/c.txt');
  await station.waitForHold('Bay 1', 'WalkNotTrusted');
  await station.restartDaemon('SIGKILL');
  const { hold } = await station.waitForHold('Bay 1', 'WalkNotTrusted');
  assert.match(hold?.happened ?? '', /a second listing gave 3 names, the first one 4\.$/u);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);

  await station.ask('confirm', 'Bay 1', 'WalkNotTrusted', '--why', WHY);
  const { history } = await station.waitForJob(jobId, ['Completed']);

  assert.equal(history.filter(({ cause }) => cause === 'walk-not-trusted').length, 1);
  assert.deepEqual(await rowsOf(job.logKey), ['103 SIGNATURE', '200 a.txt', '200 photos/b.txt', '200 photos/c.txt']);
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('station: a job that is canceled after a doubtful walk says that the walk was not complete', async () => {
  const { station } = scene;
  const { jobId } = await loadWhileChanging('unlink photos/c.txt');
  await station.waitForHold('Bay 1', 'WalkNotTrusted');

  await station.ask('job', 'cancel', jobId, '--why', WHY);
  const { history } = await station.waitForJob(jobId, ['Canceled']);

  assert.equal(history.at(-1)?.details['walk'], 'not complete');
});
