// Buckets are asked for whoever looks for trouble: which ones, by which keys, under which names, and what is told of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bucketCheckSchema, type BucketCheck } from '#protocol/reports.ts';
import { jobIdOf, sampleAccount, sampleKey } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { aDesk, brieflyRefused, BUCKET, createdOf, type DeskScene } from './a-desk.ts';

const checksOf = async (scene: DeskScene, body: object): Promise<BucketCheck> => {
  const { status, body: answer } = await scene.ask('POST', '/bucket-check', body);
  assert.equal(status, 200, JSON.stringify(answer));
  return bucketCheckSchema.strict().parse(answer);
};

const DENIED = {
  kind: 'problem',
  scope: 'access-denied',
  status: 403,
  code: 'AccessDenied',
  message: 'no',
} as const;

test('bucket check: asks the buckets of open jobs, each once, under the names that the jobs write to', async () => {
  const scene = aDesk({ regions: { [BUCKET]: 'eu-west-1' } });
  const first = createdOf(await scene.create(manifestText({}, 'prefix: photos/\nlogPrefix: logs/\n')));
  createdOf(await scene.create(manifestText({}, 'prefix: photos/\nlogPrefix: logs/\n')));
  const over = createdOf(await scene.create(manifestText({}, 'prefix: over/\n')));
  const state = { job: 'Canceled', device: 'NotReceived' } as const;
  scene.store.changeJob(jobIdOf(over.job.jobId), { changedAt: new Date(), state, cause: 'test', details: {} });
  const before = scene.probes.length;

  const { checks, left } = await checksOf(scene, {});

  const asked = scene.probes.slice(before).map(({ key }) => key.replace(/[0-9A-Z]{5}$/u, 'ID'));
  assert.deepEqual(asked.toSorted(), ['logs/import-log-ID', 'photos/import-station-probe']);
  assert.deepEqual(
    checks.map(({ account, bucket, region, error }) => [account, bucket, region, error]),
    Array.from({ length: 2 }, () => ['ada@example.com', BUCKET, 'eu-west-1', undefined]),
  );
  assert.equal(left, 0);
  assert.equal(first.job.bucket, BUCKET);
  assert.equal(scene.openBuckets(), 0);
});

test('bucket check: asks a bucket by every key of the account that loads', async () => {
  const keys = [
    sampleKey({ accessKeyId: 'ONE' }),
    sampleKey({ accessKeyId: 'TWO', loads: false }),
    sampleKey({ accessKeyId: 'THREE' }),
  ];
  const scene = aDesk({
    accounts: [sampleAccount({ keys })],
    refuse: ({ access }) => (access.accessKeyId === 'THREE' ? DENIED : undefined),
  });

  const { checks } = await checksOf(scene, { account: 'Ada@example.com', bucket: 'other-bucket' });

  assert.deepEqual(
    checks.map(({ keyId, error }) => [keyId, error?.code]),
    [
      ['ONE', undefined],
      ['THREE', 'AccessDenied'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(checks), /wJalr|secret/iu);
});

test('bucket check: tells how far the clocks are apart, and nothing where the bucket does not say', async () => {
  const skew = { value: 90_000 };
  const scene = aDesk({
    findRegion: () => Promise.resolve({ kind: 'ok', region: 'us-east-1', dateSkewMs: skew.value }),
  });

  const apart = await checksOf(scene, { account: 'ada@example.com', bucket: BUCKET });
  skew.value = Number.NaN;
  const unsaid = await checksOf(scene, { account: 'ada@example.com', bucket: BUCKET });

  assert.deepEqual([apart.checks[0]?.skewSeconds, unsaid.checks[0]?.skewSeconds], [90, undefined]);
});

test('bucket check: tells in the words of the catalogue that there is no such bucket', async () => {
  const missing = {
    kind: 'problem',
    scope: 'bucket',
    status: 404,
    code: 'NoSuchBucket',
    message: 'none',
    holdCode: 'NoSuchBucket',
  } as const;
  const scene = aDesk({ regions: { gone: missing } });

  const { checks } = await checksOf(scene, { account: 'ada@example.com', bucket: 'gone' });

  assert.deepEqual([checks[0]?.error?.code, checks[0]?.error?.actor], ['NoSuchBucket', 'customer']);
});

test('bucket check: is refused without an account, for one that there is not, and for one that cannot load', async () => {
  const scene = aDesk({ accounts: [sampleAccount({ keys: [sampleKey({ loads: false })] })] });
  const refusalFor = async (body: object): Promise<string> =>
    brieflyRefused(await scene.ask('POST', '/bucket-check', body));

  assert.equal(await refusalFor({ bucket: BUCKET }), '400 InvalidRequest');
  assert.equal(await refusalFor({ account: 'bob@example.com' }), '404 InvalidSender');
  assert.equal(await refusalFor({ account: 'ada@example.com', bucket: BUCKET }), '409 NoLoadingKey');
  assert.equal(await refusalFor({ account: 'ada' }), '400 InvalidRequest');
});

test('bucket check: asks twenty places at most, and says how many are left', async () => {
  const scene = aDesk();
  for (let index = 0; index < 22; index += 1) {
    createdOf(await scene.create(manifestText({}, `prefix: p${String(index)}/\n`)));
  }

  const { checks, left } = await checksOf(scene, {});

  assert.equal(checks.length, 20);
  assert.equal(left, 3);
});
