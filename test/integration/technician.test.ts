// The technician's commands on bays, on real parts: hold, retry, confirm, release, and what a bay says by itself.

import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { MINUTE_MS } from '#language/units.ts';
import { makeDisk, makeImage, plug, type Plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

const stack = new AsyncDisposableStack();
const WHY = 'it is on the packing slip';
const FILES = { 'a.txt': 'a', 'b/c.txt': 'c' };
const MANY_FILES = Object.fromEntries(
  Array.from({ length: 150 }, (_, index) => [`${String(index)}.txt`, 'x'.repeat(index)]),
);
const SLOW_MS = 300;

let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let one: string;
let two: string;
let plugged: Plug[] = [];

const plugIn = async (image: string): Promise<Plug> => {
  const drive = await plug(image);
  plugged.push(drive);
  return drive;
};

/** The causes of a job's history, with what was kept of them. */
const historyOf = async (jobId: string, cause: string): Promise<Readonly<Record<string, string>> | undefined> =>
  (await station.job(jobId)).history.find((change) => change.cause === cause)?.details;

const refusalOf = async (...args: readonly string[]): Promise<string> => {
  const { exitCode, stderr } = await station.cli(...args);
  assert.equal(exitCode, 1, stderr);
  return stderr;
};

const logOf = async (logKey: string): Promise<readonly (readonly string[])[]> => {
  const log = await minio.getObject('customer-data', logKey);
  return parse((log?.body ?? Buffer.alloc(0)).toString()).slice(1);
};

before(async () => {
  const server = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(server.endpoint));
  minio = { ...server, endpoint: proxy.endpoint, pid: 0 };
  const folder = await mkdtemp(join(tmpdir(), 'technician-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  one = join(folder, 'one.img');
  two = join(folder, 'two.img');
  const bays = [
    { name: 'Bay 1', image: one },
    { name: 'Bay 2', image: two },
  ];
  station = stack.use(await startStation({ bays, config: { load: { max_requests_in_flight: 2 } } }));
});

afterEach(async () => {
  proxy.setLatency(0);
  proxy.setDateShift(0);
  for (const drive of plugged) await drive[Symbol.asyncDispose]();
  plugged = [];
  for (const bay of ['Bay 1', 'Bay 2'])
    await station.waitForBay(bay, 'has no drive', ({ drive }) => drive === undefined);
});

after(() => stack.disposeAsync());

test('confirm: loads the volume with SIGNATURE beside another one with data, and keeps who knew and why', async () => {
  const prepared = await prepareJob({ station, minio });
  const signed = await makeImage({
    path: `${two}.a`,
    fsType: 'ext4',
    files: { ...FILES, SIGNATURE: prepared.signature },
  });
  const other = await makeImage({ path: `${two}.b`, fsType: 'ext4', files: FILES });
  await makeDisk({ path: one, table: 'gpt', partitions: [{ image: signed }, { image: other }] });
  await plugIn(one);
  const bay = await station.waitForHold('Bay 1', 'OtherVolumeWithData');
  assert.deepEqual(bay.hold?.waysOut, ['confirm', 'reject', 'take-out']);
  assert.match(await station.ask('status'), /Ways out: confirm, reject, take the drive out\./u);

  assert.match(
    await refusalOf('confirm', 'Bay 1', 'NothingToLoad', '--why', WHY),
    /just changed.*OtherVolumeWithData/u,
  );
  assert.match(await refusalOf('confirm', 'Bay 2', 'NothingToLoad', '--why', WHY), /no drive in Bay 2/u);
  assert.match(await refusalOf('confirm', 'Bay 9', 'NothingToLoad', '--why', WHY), /neither a bay nor a job/u);
  await station.ask('confirm', 'Bay 1', 'OtherVolumeWithData', '--why', WHY);
  const job = await station.waitForJob(prepared.jobId, ['Completed']);

  assert.equal(job.counts?.loaded.files, 2);
  const kept = await historyOf(prepared.jobId, 'confirmed');
  assert.deepEqual([kept?.['code'], kept?.['why'], kept?.['bay']], ['OtherVolumeWithData', WHY, 'Bay 1']);
});

for (const { what, files, manifestLines } of [
  { what: 'SIGNATURE alone', files: {}, manifestLines: [] },
  { what: 'everything ignored', files: FILES, manifestLines: ['ignore:', '    - .*'] },
]) {
  test(`confirm: completes a job with nothing to load, for ${what}`, async () => {
    const { jobId, job } = await prepareDrive({ station, minio, image: one, files, manifestLines });
    await plugIn(one);
    await station.waitForHold('Bay 1', 'NothingToLoad');

    await station.ask('confirm', 'Bay 1', 'NothingToLoad', '--why', WHY);
    await station.waitForJob(jobId, ['Completed']);

    const rows = await logOf(job.logKey);
    assert.equal(rows.length, Object.keys(files).length + 1);
  });
}

test('confirm: of two drives with one SIGNATURE the confirmed one is loaded, the other one stays held', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: MANY_FILES });
  await copyFile(one, two);
  proxy.setLatency(SLOW_MS);
  await plugIn(one);
  await plugIn(two);
  await Promise.all(['Bay 1', 'Bay 2'].map((bay) => station.waitForHold(bay, 'DuplicateSignature')));

  proxy.setLatency(0);
  await station.ask('confirm', 'Bay 2', 'DuplicateSignature', '--why', WHY);
  await station.waitForJob(jobId, ['Completed']);

  assert.equal((await station.bay('Bay 1')).hold?.code, 'DuplicateSignature');
  assert.match(
    await refusalOf('confirm', 'Bay 2', 'DuplicateSignature', '--why', WHY),
    /just changed: Bay 2 does not hold with that code/u,
  );
});

test('hold: stops a load after the files in flight, stays with the job while the drive is out, and retry ends it', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image: one, files: MANY_FILES });
  proxy.setLatency(SLOW_MS);
  const drive = await plugIn(one);
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) > 0);

  await station.ask('hold', 'Bay 1', '--why', 'the customer called');
  const held = await station.waitForHold('Bay 1', 'HeldByPerson');
  assert.match(held.hold?.happened ?? '', /the customer called/u);
  assert.match(await refusalOf('hold', jobId, '--why', WHY), /is held already/u);
  const writes = proxy.writes.length;
  await drive[Symbol.asyncDispose]();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
  assert.ok((await station.status()).holds.some((one) => one.code === 'HeldByPerson' && one.jobId === jobId));
  await plugIn(one);
  await station.waitForHold('Bay 1', 'HeldByPerson');
  assert.equal(proxy.writes.length, writes);

  proxy.setLatency(0);
  await station.ask('retry', jobId);
  await station.waitForJob(jobId, ['Completed']);

  const rows = await logOf(job.logKey);
  assert.equal(rows.length, Object.keys(MANY_FILES).length + 1);
  assert.equal((await historyOf(jobId, 'held'))?.['why'], 'the customer called');
  assert.ok((await historyOf(jobId, 'retry'))?.['right'] === 'technician');
  assert.match(await refusalOf('hold', jobId, '--why', WHY), /is over/u);
});

test('release: without a launcher is refused and leaves a hold; once it runs again the drive goes', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: {} });
  const drive = await plugIn(one);
  await station.waitForHold('Bay 1', 'NothingToLoad');
  await station.launcher().end('SIGKILL');

  try {
    assert.match(await refusalOf('release', 'Bay 1'), /LauncherUnreachable/u);
    const { jobId: held } = await station.waitForHold('Bay 1', 'LauncherUnreachable');
    assert.equal(held, jobId);
  } finally {
    await station.startLauncher();
  }

  assert.match(await station.ask('release', 'Bay 1'), /is free: take it out/u);
  await drive[Symbol.asyncDispose]();
});

test('release: a load in progress only with --now; then the drive is free, also after a restart, and goes on later', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: MANY_FILES });
  proxy.setLatency(SLOW_MS);
  const drive = await plugIn(one);
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) > 0);
  assert.match(await refusalOf('release', 'Bay 1'), /load is in progress.*\n.*\n.*--now/u);

  assert.match(await station.ask('release', 'Bay 1', '--now'), /is free: take it out/u);

  const exclusive = await open(drive.device, constants.O_RDONLY | constants.O_EXCL);
  await exclusive.close();
  assert.match((await station.bay('Bay 1')).says, /take it out/u);
  assert.match(await refusalOf('retry', 'Bay 1'), /Nothing waits/u);
  await station.restartDaemon('SIGTERM');
  await station.waitForBay('Bay 1', 'is released still', ({ says }) => says.includes('take it out'));
  await drive[Symbol.asyncDispose]();
  await station.waitForBay('Bay 1', 'is interrupted', ({ hold }) => hold?.code === 'Interrupted');
  assert.match(await refusalOf('release', 'Bay 1'), /no drive in Bay 1/u);
  proxy.setLatency(0);
  await plugIn(one);
  await station.waitForJob(jobId, ['Completed']);
});

test('station: three drives that leave before they are read are a bad contact, which a drive that stays ends', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: FILES });
  const left = (): number => station.journal().filter(({ fields }) => fields['departures'] !== undefined).length;
  const before = left();
  for (let time = 0; time < 3; time += 1) {
    const drive = await plug(one);
    await station.waitForBay('Bay 1', 'is looked at', ({ activity }) => activity === 'inspecting');
    await drive[Symbol.asyncDispose]();
    await station.waitForBay('Bay 1', 'has no drive', ({ drive: shown }) => shown === undefined);
  }

  const bay = await station.waitForHold('Bay 1', 'BadContact');
  assert.match(bay.says, /change cable or bay/u);
  assert.equal(left() - before, 3);
  await station.ask('retry', 'Bay 1');
  assert.equal((await station.bay('Bay 1')).hold, undefined);
  await plugIn(one);
  await station.waitForJob(jobId, ['Completed']);
});

test('station: a clock that differs from the bucket by ten minutes holds the whole station before anything is loaded', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: FILES });
  proxy.setDateShift(10 * MINUTE_MS);
  await plugIn(one);

  const bay = await station.waitForHold('Bay 1', 'ClockOff');
  assert.match(bay.hold?.happened ?? '', /by 10 minutes/u);
  const { holds } = await station.status();
  assert.ok(holds.some((one) => one.code === 'ClockOff' && one.bay === undefined));
  assert.equal((await station.job(jobId)).state.job, 'Pending');
  proxy.setDateShift(0);
  await station.ask('retry', 'Bay 1');
  await station.waitForJob(jobId, ['Completed']);

  assert.deepEqual((await station.status()).holds, []);
});

test('station: holds a drive that nobody has said to be received, where the configuration wants it', async () => {
  const image = `${one}.unreceived`;
  await using strict = await startStation({
    bays: [{ name: 'Bay 1', image }],
    config: { station: { require_receive: true } },
  });
  const { jobId } = await prepareDrive({ station: strict, minio, image, files: FILES });
  await using drive = await plug(image);
  assert.ok(drive.device.startsWith('/dev/'));

  await strict.waitForHold('Bay 1', 'NotReceivedYet');

  assert.deepEqual((await strict.job(jobId)).state, { job: 'Pending', device: 'NotReceived' });
  assert.match(await strict.ask('release', 'Bay 1'), /is free/u);
});
