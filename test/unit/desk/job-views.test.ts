// Jobs as they are listed and shown: state, history, hold and counts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobSchema } from '#protocol/control.ts';
import type { JobHold } from '#store/contract.ts';
import { jobIdOf, sampleChange, sampleJob, sampleLoad } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { aDesk, createdOf, NOW, refusalOf, type DeskScene } from './a-desk.ts';

const JOB_ID = jobIdOf('53TX4');

const SHOWN = {
  jobId: '53TX4',
  account: 'ada@example.com',
  bucket: 'vector-bucket',
  bucketRegion: 'us-east-1',
  logBucket: 'vector-bucket',
  logKey: 'import-log-53TX4',
  deviceId: 'S/N 1',
  createdAt: '2026-01-02T03:04:05.678Z',
  expiresAt: '2026-02-01T03:04:05.678Z',
  state: { job: 'Pending', device: 'NotReceived' },
};

const CREATED = {
  changedAt: '2026-01-02T03:04:05.678Z',
  state: { job: 'Pending', device: 'NotReceived' },
  cause: 'created',
  details: {},
};

/** A desk with a job whose manifest is valid. */
const withJob = (manifest = manifestText({})): DeskScene => {
  const scene = aDesk();
  scene.store.addJob(sampleJob({ manifest: Uint8Array.from(Buffer.from(manifest)) }), sampleChange());
  return scene;
};

test('job show: shows a new job, with its one line of history', async () => {
  const reply = await withJob().ask('GET', '/jobs/53TX4');

  assert.deepEqual(reply, { status: 200, body: { ...SHOWN, history: [CREATED] } });
});

test('job show: finds a job by its ID in any case', async () => {
  const scene = withJob();

  assert.deepEqual(await scene.ask('GET', '/jobs/53tx4'), await scene.ask('GET', '/jobs/53TX4'));
});

for (const text of ['PRPBE', '53TX0', '53TXO', '53TX', '53TX44', '%20']) {
  test(`job show: is refused with InvalidJobId, naming what was asked for, by "${text}"`, async () => {
    const { status, code, happened } = refusalOf(await withJob().ask('GET', `/jobs/${text}`));

    assert.deepEqual([status, code], [404, 'InvalidJobId']);
    assert.ok(happened.startsWith(`There is no job ${decodeURIComponent(text)}.`), happened);
  });
}

test('job show: shows the history from its beginning, with causes and details', async () => {
  const scene = withJob();
  const inProgress = { job: 'InProgress', device: 'AtAWS' } as const;
  const change = { changedAt: NOW, state: inProgress, cause: 'first-file', details: { bay: 'Bay 1' } };
  scene.store.changeJob(JOB_ID, change);

  const { body } = await scene.ask('GET', '/jobs/53TX4');

  assert.deepEqual(body, {
    ...SHOWN,
    state: inProgress,
    history: [CREATED, { ...change, changedAt: NOW.toISOString() }],
  });
});

test('job show: shows no counts, while the load goes on', async () => {
  const scene = withJob();
  scene.store.startLoad(sampleLoad());

  assert.deepEqual((await scene.ask('GET', '/jobs/53TX4')).body, { ...SHOWN, history: [CREATED] });
});

test('job show: shows the counts of a finished load and when it ended, and nothing else of it', async () => {
  const scene = withJob();
  const counts = {
    loaded: { files: 5, bytes: 500 },
    ignored: { files: 2, bytes: 20 },
    failed: { files: 1, bytes: 0 },
    failedByCode: { ReadError: 1 },
  };
  scene.store.startLoad(sampleLoad());
  const summary = JSON.stringify({ ...counts, rows: 8 });
  scene.store.changeLoad(JOB_ID, { phase: 'done', finishedAt: NOW, summary });

  const { body } = await scene.ask('GET', '/jobs/53TX4');

  assert.deepEqual(body, { ...SHOWN, counts, finishedAt: NOW.toISOString(), history: [CREATED] });
});

interface Held {
  readonly title: string;
  readonly hold: Pick<JobHold, 'code' | 'details'>;
  readonly code: string;
  readonly happened: RegExp;
  readonly todo?: RegExp;
}

const HELD: readonly Held[] = [
  {
    title: 'in the words of its code, with its details',
    hold: { code: 'NoSuchBucket', details: { bucket: 'gone-bucket' } },
    code: 'NoSuchBucket',
    happened: /\(gone-bucket\)/u,
    todo: /retry 53TX4`/u,
  },
  {
    title: 'with the bay, where the hold names one',
    hold: { code: 'NoSuchBucket', details: { bay: 'Bay 2' } },
    code: 'NoSuchBucket',
    happened: /\(the bucket\)/u,
    todo: /retry 'Bay 2'`/u,
  },
  {
    title: 'with its message, where its words ask for one',
    hold: { code: 'LogNotWritten', details: { message: '403 AccessDenied' } },
    code: 'LogNotWritten',
    happened: /bucket: 403 AccessDenied\.$/u,
    todo: /retry 53TX4`/u,
  },
  {
    title: 'with its problem, where its words ask for a message',
    hold: { code: 'LogNotWritten', details: { problem: '403 AccessDenied' } },
    code: 'LogNotWritten',
    happened: /bucket: 403 AccessDenied\.$/u,
  },
  {
    title: 'under a common code that names its own, where a newer version has stored it',
    hold: { code: 'HoldOfTomorrow', details: { message: 'unforeseen' } },
    code: 'LoaderFailed',
    happened: /HoldOfTomorrow/u,
  },
];

for (const { title, hold, code, happened, todo = /./u } of HELD) {
  test(`job show: shows a hold ${title}`, async () => {
    const scene = withJob();
    scene.store.holdJob(JOB_ID, { ...hold, heldAt: NOW });

    const view = jobSchema.parse((await scene.ask('GET', '/jobs/53TX4')).body);

    assert.equal(view.hold?.code, code);
    assert.match(view.hold.happened, happened);
    assert.match(view.hold.todo, todo);
  });
}

test('job show: shows no hold any more, once it is over', async () => {
  const scene = withJob();
  scene.store.holdJob(JOB_ID, { code: 'BucketFull', details: {}, heldAt: NOW });
  scene.store.holdJob(JOB_ID, undefined);

  assert.equal(jobSchema.parse((await scene.ask('GET', '/jobs/53TX4')).body).hold, undefined);
});

test('job show: leaves the device ID empty, where a later version takes the manifest no more', async () => {
  const view = jobSchema.parse((await withJob('manifestVersion: 9.0\n').ask('GET', '/jobs/53TX4')).body);

  assert.equal(view.deviceId, '');
});

test('job show: prints a device ID that would reorder a line as what it is', async () => {
  const manifest = manifestText({ deviceId: 'deviceId: disk \u202E7' });

  const view = jobSchema.parse((await withJob(manifest).ask('GET', '/jobs/53TX4')).body);

  assert.equal(view.deviceId, 'disk \\u{202e}7');
});

test('job list: is empty, while there is no job', async () => {
  assert.deepEqual(await aDesk().ask('GET', '/jobs'), { status: 200, body: { jobs: [] } });
});

test('job list: shows every job, newest first, as job show does but without history', async () => {
  let now = NOW;
  const scene = aDesk({ now: () => now });
  const first = createdOf(await scene.create(manifestText({}))).job;
  now = new Date('2026-03-02T12:00:00.000Z');
  const second = createdOf(await scene.create(manifestText({ deviceId: 'deviceId: S/N 2' }))).job;
  scene.store.holdJob(jobIdOf(first.jobId), { code: 'BucketFull', details: {}, heldAt: now });
  scene.store.startLoad(sampleLoad({ jobId: jobIdOf(second.jobId), phase: 'done', finishedAt: now }));

  const { status, body } = await scene.ask('GET', '/jobs');

  const shown = await Promise.all(
    [second, first].map(async ({ jobId }) => (await scene.ask('GET', `/jobs/${jobId}`)).body),
  );
  assert.equal(status, 200);
  assert.deepEqual(body, { jobs: shown.map((job) => ({ ...job, history: [] })) });
});
