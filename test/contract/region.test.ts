// Where a bucket lies and how far the clock is off, asked of a real MinIO and of services as S3 has them.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findBucketRegion } from '#bucket/region.ts';
import { Secret } from '#language/secret.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { startMinio } from '../support/minio.ts';
import { s3Error, startScriptedS3 } from '../support/scripted-s3.ts';

const REGION = 'eu-central-7';
const minio = await startMinio({ region: REGION });
after(() => minio[Symbol.asyncDispose]());
await minio.makeBucket('toady');

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
const inRegion = (region: string) => ({ ...minio.access('toady'), region });

test("findBucketRegion: gives the region and that the clock agrees, when the access names the bucket's", async () => {
  const found = await findBucketRegion(inRegion(REGION), signal());

  assert.ok(found.kind === 'ok');
  assert.equal(found.region, REGION);
  assert.ok(Math.abs(found.dateSkewMs) < 5 * SECOND_MS, String(found.dateSkewMs));
});

test('findBucketRegion: finds the region, when the access names another', async () => {
  const found = await findBucketRegion(inRegion('us-east-1'), signal());

  assert.ok(found.kind === 'ok', JSON.stringify(found));
  assert.equal(found.region, REGION);
});

const REFUSALS = [
  ['NoSuchBucket', { bucket: 'missing' }],
  ['InvalidAccessKeyId', { accessKeyId: 'nobody' }],
  ['SignatureDoesNotMatch', { secretAccessKey: new Secret('another-secret') }],
] as const;
for (const [holdCode, wrong] of REFUSALS) {
  for (const region of [REGION, 'us-east-1']) {
    test(`findBucketRegion: answers ${holdCode}, asked in ${region}`, async () => {
      const found = await findBucketRegion({ ...inRegion(region), ...wrong }, signal());

      assert.ok(found.kind === 'problem', JSON.stringify(found));
      assert.deepEqual([found.scope, found.holdCode], ['bucket', holdCode]);
    });
  }
}

test('findBucketRegion: finds the region with a key that may only write', async () => {
  const user = await minio.addUser([{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::toady/*'] }]);
  const { accessKeyId, secretAccessKey } = user;
  const access = { ...inRegion(REGION), accessKeyId, secretAccessKey: new Secret(secretAccessKey) };

  const found = await findBucketRegion(access, signal());

  assert.ok(found.kind === 'ok', JSON.stringify(found));
  assert.equal(found.region, REGION);
});

test('findBucketRegion: is transient, when nobody answers', async () => {
  const found = await findBucketRegion({ ...inRegion(REGION), endpoint: 'http://127.0.0.1:1' }, signal());

  assert.ok(found.kind === 'problem');
  assert.deepEqual([found.scope, found.code], ['transient', 'ECONNREFUSED']);
});

for (const status of [301, 400]) {
  test(`findBucketRegion: asks again where an answer ${String(status)} says that the bucket is`, async () => {
    await using s3 = await startScriptedS3(({ headers }) =>
      String(headers.authorization).includes('/eu-west-1/s3/')
        ? { status: 200 }
        : { status, headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    );

    const found = await findBucketRegion(s3.access, signal());

    assert.ok(found.kind === 'ok', JSON.stringify(found));
    assert.equal(found.region, 'eu-west-1');
    assert.equal(s3.requests.length, 3);
  });
}

const LOCATIONS = [
  ['', 'us-east-1'],
  ['EU', 'eu-west-1'],
  ['ap-south-1', 'ap-south-1'],
] as const;
for (const [name, region] of LOCATIONS) {
  const body = `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${name}</LocationConstraint>`;

  test(`findBucketRegion: asks for the location, when no header says it: ${region}`, async () => {
    await using s3 = await startScriptedS3(({ method }) => ({ status: 200, ...(method === 'GET' ? { body } : {}) }));

    const found = await findBucketRegion(s3.access, signal());

    assert.ok(found.kind === 'ok', JSON.stringify(found));
    assert.equal(found.region, region);
  });
}

test('findBucketRegion: takes the region that worked, when the location may not be asked for', async () => {
  await using s3 = await startScriptedS3(({ method }) =>
    method === 'HEAD' ? { status: 200 } : s3Error(403, 'AccessDenied'),
  );

  const found = await findBucketRegion({ ...s3.access, region: 'sa-east-1' }, signal());

  assert.ok(found.kind === 'ok');
  assert.equal(found.region, 'sa-east-1');
});

for (const minutes of [-10, 10]) {
  test(`findBucketRegion: says that the bucket's clock is ${String(minutes)} minutes ahead`, async () => {
    const region = { 'x-amz-bucket-region': 'us-east-1' };
    await using s3 = await startScriptedS3(() => ({
      status: 200,
      headers: { ...region, date: new Date(Date.now() + minutes * MINUTE_MS).toUTCString() },
    }));

    const found = await findBucketRegion(s3.access, signal());

    assert.ok(found.kind === 'ok');
    assert.ok(Math.abs(found.dateSkewMs - minutes * MINUTE_MS) < 3 * SECOND_MS, String(found.dateSkewMs));
  });
}

test('findBucketRegion: answers RequestTimeTooSkewed, when a refusal comes with a time far off', async () => {
  await using s3 = await startScriptedS3(() => ({
    status: 403,
    headers: { date: new Date(Date.now() - 20 * MINUTE_MS).toUTCString() },
  }));

  const found = await findBucketRegion(s3.access, signal());

  assert.ok(found.kind === 'problem');
  assert.deepEqual([found.scope, found.holdCode], ['bucket', 'RequestTimeTooSkewed']);
});

test("findBucketRegion: rejects with the signal's reason", async () => {
  const reason = new Error('the test stops it');

  await assert.rejects(findBucketRegion(inRegion(REGION), AbortSignal.abort(reason)), reason);
});
