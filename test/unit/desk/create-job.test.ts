// A job is made: what is stored and answered, which ID it gets, how many there may be in a day, and what may change
// while the buckets are asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJobId } from '#job/job-id.ts';
import { DAY_MS } from '#language/units.ts';
import { jobIdOf, sampleAccount, sampleChange, sampleJob, sampleKey } from '../../support/store-samples.ts';
import { example, manifestText } from '../job/sample.ts';
import {
  aDesk,
  brieflyRefused,
  BUCKET,
  createdOf,
  drawing,
  jobInput,
  NOW,
  refusalOf,
  seededRandomInt,
} from './a-desk.ts';

const KEY_ID = 'AKIAIOSFODNN7EXAMPLE';

test('job create: stores and shows a pending job, drawn by lot, with its history', async () => {
  const scene = aDesk({ randomInt: drawing('PRPBE', '53TX4'), regions: { [BUCKET]: 'eu-central-1' } });

  const reply = await scene.create(manifestText({}));

  const { job } = createdOf(reply);
  const state = { job: 'Pending', device: 'NotReceived' };
  assert.deepEqual(job, {
    jobId: '53TX4',
    account: 'ada@example.com',
    bucket: BUCKET,
    bucketRegion: 'eu-central-1',
    logBucket: BUCKET,
    logKey: 'import-log-53TX4',
    deviceId: 'S/N 1',
    createdAt: NOW.toISOString(),
    expiresAt: '2026-03-31T12:00:00.000Z',
    state,
    history: [{ changedAt: NOW.toISOString(), state, cause: 'created', details: {} }],
  });
  assert.deepEqual(scene.store.job(jobIdOf('53TX4')), {
    jobId: '53TX4',
    accountEmail: 'ada@example.com',
    manifest: Uint8Array.from(Buffer.from(manifestText({}))),
    signingKeyId: KEY_ID,
    loadingKeyId: KEY_ID,
    bucket: BUCKET,
    bucketRegion: 'eu-central-1',
    logBucket: BUCKET,
    logKey: 'import-log-53TX4',
    createdAt: NOW,
    expiresAt: new Date('2026-03-31T12:00:00.000Z'),
    state,
  });
});

const EXACT: readonly { readonly title: string; readonly bytes: Uint8Array }[] = [
  { title: 'CRLF line ends', bytes: Buffer.from(manifestText({}).replaceAll('\n', '\r\n')) },
  { title: 'a byte order mark and no last line end', bytes: Buffer.from(`\uFEFF${manifestText({}).trimEnd()}`) },
  {
    title: 'comments, blanks and UTF-8',
    bytes: Buffer.from(manifestText({ deviceId: 'deviceId: Čip 7  ' }, '# Ende \n\n')),
  },
  { title: 'the lenient spelling', bytes: example('lenient') },
];

for (const { title, bytes } of EXACT) {
  test(`job create: keeps the exact bytes that were sent, with ${title}`, async () => {
    const scene = aDesk();

    const { job } = createdOf(await scene.ask('POST', '/jobs', jobInput(bytes)));

    assert.deepEqual(Buffer.from(scene.store.job(jobIdOf(job.jobId))?.manifest ?? []), Buffer.from(bytes));
  });
}

test('job create: puts the log under logPrefix, with nothing in between, and the prefix not before it', async () => {
  const scene = aDesk({ randomInt: drawing('PRPBE', '53TX4') });

  const { job } = createdOf(await scene.create(manifestText({}, 'prefix: data/\nlogPrefix: logs/today-\n')));

  assert.equal(job.logKey, 'logs/today-import-log-53TX4');
});

test('job create: counts the days to the expiry as configured', async () => {
  const { job } = createdOf(await aDesk({ jobs: { expiryDays: 7 } }).create(manifestText({})));

  assert.equal(job.expiresAt, '2026-03-08T12:00:00.000Z');
});

test('job create: finds the account by its address in any case', async () => {
  const { job } = createdOf(await aDesk().create(manifestText({}), { account: 'ADA@Example.com' }));

  assert.equal(job.account, 'ada@example.com');
});

test('job create: draws again where an ID was used before, whoever had it and however that job ended', async () => {
  const scene = aDesk({ randomInt: drawing('PRPBE', 'AAAAA', 'BBBBB', 'AAAAA', 'CCCCC') });
  const canceled = { job: 'Canceled', device: 'NotReceived' } as const;
  scene.store.addJob(sampleJob({ jobId: jobIdOf('AAAAA'), state: canceled }), sampleChange());
  scene.store.addJob(sampleJob({ jobId: jobIdOf('BBBBB'), accountEmail: 'bo@example.com' }), sampleChange());

  const { job } = createdOf(await scene.create(manifestText({})));

  assert.deepEqual([job.jobId, job.logKey], ['CCCCC', 'import-log-CCCCC']);
  assert.equal(scene.store.job(jobIdOf('AAAAA'))?.state.job, 'Canceled');
});

test('job create: never gives an ID twice, over many jobs', async () => {
  // Two symbols a place: 32 IDs, so that most draws meet one that is used.
  const draw = seededRandomInt(7);
  const scene = aDesk({ randomInt: () => draw(2) });

  for (let count = 0; count < 32; count += 1) createdOf(await scene.create(manifestText({})));

  const ids = scene.store.jobs().map(({ jobId }) => jobId);
  assert.equal(new Set(ids).size, 32);
  assert.ok(ids.every((jobId) => parseJobId(jobId) === jobId));
});

test('job create: fails as a bug rather than for ever, when every draw gives an ID that was used', async () => {
  const scene = aDesk({ randomInt: () => 0 });
  createdOf(await scene.create(manifestText({})));

  await assert.rejects(scene.create(manifestText({})), { code: 'ERR_ASSERTION' });
});

const WARNINGS: readonly { readonly title: string; readonly text: string; readonly says: RegExp }[] = [
  { title: 'objects are replaced', text: manifestText({}), says: /"sample-bucket" already are replaced/u },
  { title: 'the drive is not erased', text: manifestText({ eraseDevice: 'eraseDevice: yes' }), says: /not erased/u },
  {
    title: 'a bucket cannot be reached by DNS',
    text: manifestText({ bucket: 'bucket: Sample_Bucket' }),
    says: /"Sample_Bucket" is not DNS-compatible/u,
  },
  {
    title: 'the documented pattern misses what Windows writes',
    text: manifestText({}, 'ignore:\n  - ^\\$Recycle\\.bin/\n'),
    says: /\$RECYCLE\.BIN/u,
  },
];

for (const { title, text, says } of WARNINGS) {
  test(`job create: warns that ${title}, and makes the job`, async () => {
    const { warnings } = createdOf(await aDesk().create(text));

    assert.ok(
      warnings.some((warning) => says.test(warning)),
      warnings.join('\n'),
    );
  });
}

test('job create: is refused with CreateJobQuotaExceeded, when the day has as many jobs as it may', async () => {
  const scene = aDesk({ jobs: { perDay: 2 }, accounts: [sampleAccount(), sampleAccount({ email: 'bo@example.com' })] });
  createdOf(await scene.create(manifestText({})));
  createdOf(await scene.create(manifestText({})));
  const asked = scene.probes.length;

  const { status, code, happened } = refusalOf(await scene.create(manifestText({})));

  assert.deepEqual([status, code], [429, 'CreateJobQuotaExceeded']);
  assert.match(happened, /ada@example\.com .*\(2\)/u);
  assert.equal(scene.store.jobs().length, 2);
  assert.equal(scene.probes.length, asked, 'no bucket is asked in vain');
  createdOf(await scene.create(manifestText({}), { account: 'bo@example.com' }));
});

test('job create: counts jobs of the last 24 hours alone, and those that are over too', async () => {
  let now = NOW;
  const scene = aDesk({ jobs: { perDay: 1 }, now: () => now });
  const { job } = createdOf(await scene.create(manifestText({})));
  scene.store.changeJob(jobIdOf(job.jobId), sampleChange({ state: { job: 'Canceled', device: 'NotReceived' } }));

  now = new Date(NOW.getTime() + DAY_MS - 1);
  assert.equal(brieflyRefused(await scene.create(manifestText({}))), '429 CreateJobQuotaExceeded');
  now = new Date(NOW.getTime() + DAY_MS + 1);
  createdOf(await scene.create(manifestText({})));
});

test('job create: does not count what was refused', async () => {
  const scene = aDesk({ jobs: { perDay: 1 } });
  refusalOf(await scene.create('bucket: none\n'));

  createdOf(await scene.create(manifestText({})));
});

test('job create: lets only one of two through that are made at once, where the day has room for one', async () => {
  const scene = aDesk({ jobs: { perDay: 1 } });

  const replies = await Promise.all([scene.create(manifestText({})), scene.create(manifestText({}))]);

  assert.deepEqual(replies.map(({ status }) => status).toSorted(), [201, 429]);
  assert.equal(scene.store.jobs().length, 1);
});

interface Meanwhile {
  readonly title: string;
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly refusal: string;
}

const changedKey = { secretAccessKey: 'another-secret', signs: false, loads: false };
const MEANWHILE: readonly Meanwhile[] = [
  { title: 'its account was removed', method: 'DELETE', path: '', refusal: '404 InvalidSender' },
  { title: 'its signing key was removed', method: 'DELETE', path: '/keys/signer', refusal: '409 NoSigningKey' },
  { title: 'its loading key was removed', method: 'DELETE', path: '/keys/loader', refusal: '409 NoLoadingKey' },
  {
    title: 'its signing key may sign no more',
    method: 'POST',
    path: '/keys',
    body: { ...changedKey, accessKeyId: 'signer', loads: true },
    refusal: '409 NoSigningKey',
  },
  {
    title: 'its loading key may load no more',
    method: 'POST',
    path: '/keys',
    body: { ...changedKey, accessKeyId: 'loader', signs: true },
    refusal: '409 NoLoadingKey',
  },
];

for (const { title, method, path, body, refusal } of MEANWHILE) {
  test(`job create: is refused with ${refusal}, when ${title} while its buckets were asked`, async () => {
    const keys = [
      sampleKey({ accessKeyId: 'signer', loads: false }),
      sampleKey({ accessKeyId: 'loader', signs: false }),
    ];
    const changes: Promise<{ readonly status: number }>[] = [];
    const scene = aDesk({
      accounts: [sampleAccount({ keys })],
      refuse: () => {
        if (changes.length === 0) changes.push(scene.ask(method, `/accounts/ada%40example.com${path}`, body));
        return undefined;
      },
    });

    const reply = await scene.create(manifestText({}));

    assert.deepEqual(
      (await Promise.all(changes)).map(({ status }) => status),
      [200],
    );
    assert.equal(brieflyRefused(reply), refusal);
    assert.deepEqual(scene.store.jobs(), []);
  });
}

test('job create: goes on where the secret of its key was put right while its buckets were asked', async () => {
  const scene = aDesk({
    refuse: () => {
      scene.store.addAccountKey('ada@example.com', sampleKey());
      return undefined;
    },
  });

  createdOf(await scene.create(manifestText({})));
});

test('createJob: queues one message to the customer with the job, and none for a job that is refused', async () => {
  const desk = aDesk();

  const { job: made } = createdOf(await desk.create(manifestText({})));
  await desk.create('manifestVersion: 2.0\n');

  assert.deepEqual(
    desk.store.outbox().map(({ occasion, recipient, state }) => [occasion, recipient, state]),
    [[`job ${made.jobId} created`, 'ada@example.com', 'queued']],
  );
});
