// Files that fail in the end, where the station waits for a person; and a disk of its own that has no room for a log.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { plug } from '../support/loop.ts';
import type { Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import type { S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { startStation, STATION_UID, type Station } from '../support/station.ts';

const FILES = { 'a.txt': 'a', 'bad/b.txt': 'b', 'bad/c.txt': 'c', 'd.txt': 'd' };
const WHY = 'the customer wants it so';

let scene: BayScene;
let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let folder: string;
let image: string;

before(async () => {
  scene = await openBayScene({ jobs: { failed_wait: true } });
  ({ station, minio, proxy, folder, image } = scene);
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

/** Files below `bad/` are refused, each for itself. */
const refuseBad = (): void => {
  const body = '<Error><Code>InvalidRequest</Code><Message>not this one</Message></Error>';
  const headers = { 'content-type': 'application/xml' };
  proxy.falsify(({ method, url }) =>
    method === 'PUT' && url.includes('/bad/') ? { status: 400, headers, body } : undefined,
  );
};

const rowsOf = async (logKey: string): Promise<readonly string[]> =>
  (await scene.rowsOf(logKey)).map(({ File, Status }) => `${Status} ${File}`).toSorted();

const putsFrom = (start: number): readonly string[] =>
  proxy.asked
    .slice(start)
    .filter(({ method }) => method === 'PUT')
    .map(({ url }) => decodeURIComponent(new URL(url, 'http://x').pathname));

test('failed_wait: the bay waits, also over a restart; retry loads the failed files alone', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES });
  refuseBad();
  await scene.plugIn();
  const bay = await station.waitForHold('Bay 1', 'FilesFailed');
  assert.match(bay.hold?.happened ?? '', /^Files could not be loaded \(2 InvalidRequest\); all others are\.$/u);
  assert.deepEqual(bay.hold?.waysOut, ['retry', 'confirm', 'reject']);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);
  await station.restartDaemon('SIGKILL');
  const before = proxy.asked.length;
  await station.waitForHold('Bay 1', 'FilesFailed');
  assert.deepEqual(putsFrom(before), []);

  proxy.falsify(() => undefined);
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  const puts = putsFrom(before).toSorted();
  assert.deepEqual(puts, [`/${BUCKET}/${job.logKey}`, `/${BUCKET}/bad/b.txt`, `/${BUCKET}/bad/c.txt`].toSorted());
  assert.deepEqual(await rowsOf(job.logKey), [
    '103 SIGNATURE',
    '200 a.txt',
    '200 bad/b.txt',
    '200 bad/c.txt',
    '200 d.txt',
  ]);
});

test('failed_wait: a retry that does not help waits again, and confirm ends the job as it is', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES });
  refuseBad();
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'FilesFailed');
  const held = (): number => station.journal().filter(({ fields }) => fields['code'] === 'FilesFailed').length;
  const before = held();
  await station.ask('retry', 'Bay 1');
  await station.waitForBay('Bay 1', 'is held again', ({ hold }) => hold?.code === 'FilesFailed' && held() > before);

  await station.ask('confirm', 'Bay 1', 'FilesFailed', '--why', WHY);
  const { history } = await station.waitForJob(jobId, ['SuccessWithErrors']);

  assert.deepEqual(await rowsOf(job.logKey), [
    '103 SIGNATURE',
    '200 a.txt',
    '200 d.txt',
    '400 bad/b.txt',
    '400 bad/c.txt',
  ]);
  assert.equal(history.filter(({ cause }) => cause === 'files-failed').length, 2);
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
});

test('failed_wait: a job that is canceled while it waits has its log, and the walk was complete', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: FILES });
  refuseBad();
  await scene.plugIn();
  await station.waitForHold('Bay 1', 'FilesFailed');

  await station.ask('job', 'cancel', jobId, '--why', WHY);
  const { history } = await station.waitForJob(jobId, ['Canceled']);

  assert.equal((await rowsOf(job.logKey)).length, 5);
  assert.equal(history.at(-1)?.details['walk'], 'complete');
});

test('station: holds a drive whose log may find no room, and goes on by retry once there is', async () => {
  const small = join(folder, 'small.img');
  await using other = await startStation({ bays: [{ name: 'Bay 2', image: small }], isStarted: false });
  const owner = `uid=${String(STATION_UID)},gid=${String(STATION_UID)},mode=0700`;
  await run('mount', ['-t', 'tmpfs', '-o', `size=20m,${owner}`, 'state', other.stateDir]);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(async () => {
    await other.daemon().end('SIGTERM');
    await run('umount', [other.stateDir]);
  });
  await other.startLauncher();
  await other.startDaemon();
  const { jobId } = await prepareDrive({ station: other, minio, image: small, files: FILES });
  const drive = cleanUp.use(await plug(small));
  const { hold } = await other.waitForHold('Bay 2', 'NoRoomForLog');
  assert.match(hold?.happened ?? '', /are free, up to .* may be needed/u);
  assert.equal((await other.job(jobId)).state.job, 'Pending');

  await run('mount', ['-o', 'remount,size=200m', other.stateDir]);
  await other.ask('retry', 'Bay 2');
  await other.waitForJob(jobId, ['Completed']);

  await drive[Symbol.asyncDispose]();
});
