// What is asked of a job besides its load: what its log said, and the PIN of its drive.

import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { createSocketTransport } from '#cli/socket-transport.ts';
import { jobReportSchema } from '#protocol/reports.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';

import type { Minio } from '../support/minio.ts';
import type { S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { PRODUCT_FOLDER, type Station } from '../support/station.ts';
import { openTerminal } from '../support/terminal.ts';

const LINKS = 30;

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

const makeLinks = async (folder: string): Promise<void> => {
  for (let index = 0; index < LINKS; index += 1) await symlink('/nowhere', join(folder, `link-${String(index)}`));
  await symlink('/nowhere', join(folder, 'evil\u001b[31m"\nred'));
};

test('job report: says counts and codes with their meaning, the first failed files, and all of them as CSV', async () => {
  const { jobId, job } = await prepareDrive({ station, minio, image, files: { 'a.txt': 'a' }, populate: makeLinks });
  await scene.plugIn();
  await station.waitForJob(jobId, ['SuccessWithErrors']);
  // Also of a job whose drive is gone, and after a restart.
  await station.restartDaemon('SIGTERM');

  const text = await station.ask('job', 'report', jobId.toLowerCase());
  const report = jobReportSchema.strict().parse(JSON.parse(await station.ask('job', 'report', jobId, '--json')));
  const log = await station.ask('job', 'report', jobId, '--log');
  const failed = parse<{ readonly File: string; readonly Code: string }>(
    await station.ask('job', 'report', jobId, '--failed'),
    { columns: true },
  );

  assert.equal((await station.job(jobId)).history.at(-1)?.details['loadingHours'], '1');
  assert.match(await station.ask('job', 'show', jobId), /^Loading: .*\(1 hour begun\)$/mu);
  assert.match(text, /^Failed: +31 files, /mu);
  assert.match(text, /^31 files UnsupportedFileType: /mu);
  assert.match(text, /The first 20 failed files; --failed gives all:/u);
  assert.ok(text.includes(`s3://${BUCKET}/${job.logKey}`), text);
  assert.deepEqual(
    [report.isFinal, report.walkIsComplete, report.loaded.files, report.failed.files],
    [true, true, 1, 31],
  );
  assert.deepEqual(report.failedByCode, { UnsupportedFileType: 31 });
  assert.equal(log, (await minio.getObject(BUCKET, job.logKey))?.body.toString());
  assert.equal(failed.length, 31);
  assert.ok(failed.every(({ Code }) => Code === 'UnsupportedFileType'));
  assert.ok(failed.some(({ File }) => File === 'evil\u001b[31m"\nred'));
});

test('job report: shows a terminal no name as it is', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, populate: makeLinks });
  await scene.plugIn();
  await station.waitForJob(jobId, ['SuccessWithErrors']);
  const command = `${join(PRODUCT_FOLDER, 'scripts', 'import-station')} job report ${jobId} --failed`;
  await using terminal = await openTerminal({ columns: 160, rows: 50 });
  await terminal.type(`${command} --config ${station.configPath}; echo "en""ded"`);
  const lines = await terminal.waitFor('the rows', (shown) => shown.includes('ended'));

  assert.ok(
    lines.some((line) => line.includes('evil\\u{1b}[31m')),
    lines.join('\n'),
  );
});

test('job report: tells of a load in progress what stands in its log so far', async () => {
  const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${String(index)}.txt`, 'x']));
  const { jobId } = await prepareDrive({ station, minio, image, files });
  proxy.setLatency(200);
  await scene.plugIn();
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) >= 3);

  const report = jobReportSchema.parse(JSON.parse(await station.ask('job', 'report', jobId, '--json')));
  const text = await station.ask('job', 'report', jobId);
  proxy.setLatency(0);
  await station.waitForJob(jobId, ['Completed']);

  assert.equal(report.isFinal, false);
  assert.ok(report.loaded.files >= 2 && report.loaded.files < 150, String(report.loaded.files));
  assert.match(text, /The load has not ended/u);
});

test('job report: is refused, where there is no such job or nothing of it was loaded', async () => {
  const { jobId } = await prepareJob({ station, minio });

  const early = await station.cli('job', 'report', jobId, '--failed');
  const unknown = await station.cli('job', 'report', 'ZZZZZ');

  assert.deepEqual([early.exitCode, early.stdout, unknown.exitCode], [1, '', 1]);
  assert.match(early.stderr, /There is no report on job .*: nothing of it was loaded, it is Pending/u);
  assert.match(unknown.stderr, /InvalidJobId/u);
});

test('job report: the daemon goes on when a reader takes no more of a log', async () => {
  const { jobId } = await prepareDrive({ station, minio, image, populate: makeLinks });
  await scene.plugIn();
  await station.waitForJob(jobId, ['SuccessWithErrors']);
  const transport = createSocketTransport(join(station.runDir, 'control', 'read.sock'));

  await assert.rejects(
    transport.receive(
      { method: 'GET', path: `/jobs/${jobId}/log` },
      () => Promise.reject(new Error('no more')),
      new AbortController().signal,
    ),
  );

  assert.match(await station.ask('job', 'report', jobId), /31 files/u);
});

test('job pin: shows the PIN of the manifest to a technician, and keeps who saw it', async () => {
  const { jobId } = await prepareJob({ station, minio, manifestLines: ['pinCode: 00-4711'] });

  assert.equal(await station.ask('--by', 'Grace', 'job', 'pin', jobId), '00-4711\n');

  const { history, state } = await station.job(jobId);
  const { cause, details } = history.at(-1) ?? assert.fail('no history');
  assert.deepEqual([cause, details['right'], details['by']], ['pin-shown', 'technician', 'Grace']);
  assert.equal(state.job, 'Pending');
  assert.doesNotMatch(JSON.stringify(station.journal()), /4711/u);
  assert.doesNotMatch(JSON.stringify(await station.job(jobId)), /4711/u);
  await station.ask('job', 'cancel', jobId);
  assert.match((await station.cli('job', 'pin', jobId)).stderr, /no PIN to show .*: the job is over/u);
});

test('job pin: says so, where the manifest has none or the right is too small', async () => {
  const { jobId } = await prepareJob({ station, minio });

  const without = await station.cli('job', 'pin', jobId);
  const transport = createSocketTransport(join(station.runDir, 'control', 'read.sock'));
  const reader = await transport.send({ method: 'POST', path: '/pin', body: { jobId } }, new AbortController().signal);

  assert.match(without.stderr, /its manifest has no pinCode/u);
  assert.equal(reader.status, 403);
  assert.equal((await station.job(jobId)).history.at(-1)?.cause, 'created');
});
