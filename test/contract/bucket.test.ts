// The contract suite of buckets, on the double and on both lanes with a real MinIO; then what only real buckets have.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { Bucket, BucketAccess } from '#bucket/contract.ts';
import { refusal } from '#bucket/translate.ts';
import { Secret } from '#language/secret.ts';
import { MIB } from '#language/units.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';
import type { MakeBucketOptions } from '../support/minio-contents.ts';
import type { MinioKey } from '../support/minio-users.ts';
import { KMS_KEY, startMinio, type Minio } from '../support/minio.ts';
import { until } from '../support/wait.ts';
import { bucketSuite, type BrokenHow, type BucketFixture } from './bucket-suite.ts';
import { deadline, LANES } from './lanes.ts';

const minio = await startMinio();
const secureMinio = await startMinio({ tls: true, kms: true });
after(async () => {
  await minio[Symbol.asyncDispose]();
  await secureMinio[Symbol.asyncDispose]();
});

const MEMORY_REFUSALS = {
  'missing-bucket': { status: 404, code: 'NoSuchBucket', message: 'The bucket does not exist.' },
  'wrong-secret': { status: 403, code: 'SignatureDoesNotMatch', message: 'The signature is another.' },
  'unknown-key': { status: 403, code: 'InvalidAccessKeyId', message: 'The key is not known.' },
  'denied-prefix': { status: 403, code: 'AccessDenied', message: 'Access denied.' },
} as const;

const openMemoryFixture = (): Promise<BucketFixture> => {
  const bucket = createMemoryBucket();
  return Promise.resolve({
    bucket,
    read: (key: string) => Promise.resolve(bucket.objects.get(key)),
    countUploads: (key: string) =>
      Promise.resolve([...bucket.uploads.values()].filter((upload) => upload.key === key).length),
    openBroken: (how: BrokenHow) =>
      Promise.resolve(createMemoryBucket({ refuse: ({ key }) => memoryRefusal(how, key) })),
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  });
};

const memoryRefusal = (how: BrokenHow, key: string) => {
  if (how === 'unreachable') {
    const said = { status: 0, code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' };
    return { ...said, kind: 'problem', scope: 'transient' } as const;
  }
  return how === 'denied-prefix' && !key.startsWith('no/') ? undefined : refusal(MEMORY_REFUSALS[how]);
};

/** A bucket of its own for a test: the server is shared. */
const openMinioFixture = async (
  server: Minio,
  open: (access: BucketAccess) => Bucket,
  options?: MakeBucketOptions,
): Promise<BucketFixture> => {
  const name = `bucket-${randomBytes(8).toString('hex')}`;
  await server.makeBucket(name, options);
  const bucket = open(server.access(name));
  return {
    bucket,
    read: (key) => server.getObject(name, key),
    countUploads: async (key) => (await server.listUploads(name, [key])).filter((upload) => upload.key === key).length,
    openBroken: async (how) => open(await brokenAccess(server, name, how)),
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
};

const brokenAccess = async (server: Minio, name: string, how: BrokenHow): Promise<BucketAccess> => {
  const access = server.access(name);
  switch (how) {
    case 'missing-bucket':
      return { ...access, bucket: `${name}-missing` };
    case 'wrong-secret':
      return { ...access, secretAccessKey: new Secret('another-secret') };
    case 'unknown-key':
      return { ...access, accessKeyId: 'nobody' };
    case 'denied-prefix':
      return { ...access, ...accessKey(await server.addUser(allButOnePrefix(name))) };
    case 'unreachable':
      // Nothing listens on this port.
      return { ...access, endpoint: 'http://127.0.0.1:1' };
  }
};

const allButOnePrefix = (name: string): readonly object[] => [
  { Effect: 'Allow', Action: ['s3:*'], Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] },
  { Effect: 'Deny', Action: ['s3:*'], Resource: [`arn:aws:s3:::${name}/no/*`] },
];

const accessKey = ({ accessKeyId, secretAccessKey, sessionToken }: MinioKey) => ({
  accessKeyId,
  secretAccessKey: new Secret(secretAccessKey),
  ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
});

bucketSuite({ name: 'in memory', open: openMemoryFixture });
for (const { lane, open } of LANES) {
  bucketSuite({ name: `${lane} on MinIO`, open: () => openMinioFixture(minio, open) });
  bucketSuite({
    name: `${lane} on MinIO with a certificate authority of its own`,
    open: () => openMinioFixture(secureMinio, open),
  });
  bucketSuite({
    name: `${lane} on MinIO, object lock with default retention`,
    open: () => openMinioFixture(minio, open, { objectLock: true }),
  });
}

const PLAIN = { contentType: 'application/octet-stream', metadata: {} };

const putHello = (bucket: Bucket, key: string) => {
  const body = Buffer.from('hello');
  const md5 = createHash('md5').update(body).digest('hex');
  return bucket.putObject({ key, body, md5, properties: PLAIN, refuseExisting: false }, deadline());
};

const WANTED_ENCRYPTIONS = [
  { sse: 's3', encryption: 'AES256' },
  { sse: 'kms', encryption: 'aws:kms' },
  { sse: `kms:${KMS_KEY}`, encryption: 'aws:kms' },
] as const;

const onlyEncrypted = (name: string, encryption: string): readonly object[] => [
  { Effect: 'Allow', Action: ['s3:*'], Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] },
  {
    ...{ Effect: 'Deny', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${name}/*`] },
    Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': encryption } },
  },
];

const largeObject = async (bucket: Bucket, key: string): Promise<void> => {
  const created = await bucket.createUpload({ key, properties: PLAIN }, deadline());
  assert.ok(created.kind === 'ok', JSON.stringify(created));
  const body = randomBytes(MIB);
  const part = { key, uploadId: created.uploadId, partNumber: 1, body, crc32: crc32(body) };
  const sent = await bucket.uploadPart(part, deadline());
  assert.ok(sent.kind === 'ok', JSON.stringify(sent));
  const upload = { key, uploadId: created.uploadId, parts: [sent.part], refuseExisting: false };
  assert.deepEqual(await bucket.completeUpload(upload, deadline()), { kind: 'ok' });
};

for (const { lane, open } of LANES) {
  describe(lane, () => {
    test('bucket: loads with a temporary key and its session token', async () => {
      const name = `bucket-${randomBytes(8).toString('hex')}`;
      await minio.makeBucket(name);
      const user = await minio.addUser([
        { Effect: 'Allow', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${name}/*`] },
      ]);
      const key = await minio.makeTemporaryKey(user);
      await using bucket = open({ ...minio.access(name), ...accessKey(key) });

      assert.deepEqual(await putHello(bucket, 'key'), { kind: 'ok' });

      assert.equal((await minio.getObject(name, 'key'))?.body.toString(), 'hello');
    });

    test('bucket: holds by ExpiredToken, when the session token is not the right one', async () => {
      const name = `bucket-${randomBytes(8).toString('hex')}`;
      await minio.makeBucket(name);
      const user = await minio.addUser([{ Effect: 'Allow', Action: ['s3:*'], Resource: [`arn:aws:s3:::${name}/*`] }]);
      const key = await minio.makeTemporaryKey(user);
      await using bucket = open({ ...minio.access(name), ...accessKey({ ...key, sessionToken: 'stale' }) });

      const answer = await putHello(bucket, 'key');

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.holdCode], ['bucket', 'ExpiredToken']);
    });

    test('bucket: holds by InvalidAccessKeyId, when the key was removed', async () => {
      const name = `bucket-${randomBytes(8).toString('hex')}`;
      await minio.makeBucket(name);
      const user = await minio.addUser([{ Effect: 'Allow', Action: ['s3:*'], Resource: [`arn:aws:s3:::${name}/*`] }]);
      await using bucket = open({ ...minio.access(name), ...accessKey(user) });
      assert.deepEqual(await putHello(bucket, 'key'), { kind: 'ok' });

      await minio.removeUser(user);
      const answer = await putHello(bucket, 'key');

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.holdCode], ['bucket', 'InvalidAccessKeyId']);
    });

    test('bucket: holds by BucketUnreachable, when the certificate authority is not known', async () => {
      const { certificateAuthority: _unknown, ...access } = secureMinio.access('any');
      await using bucket = open(access);

      const answer = await putHello(bucket, 'key');

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status, answer.holdCode], ['bucket', 0, 'BucketUnreachable']);
    });

    test('bucket: says the key of a private file in a refusal only in printable letters', async () => {
      await using fixture = await openMinioFixture(minio, open);
      await using broken = await fixture.openBroken('denied-prefix');

      const answer = await putHello(broken, 'no/\u202Etxt.exe');

      assert.ok(answer.kind === 'problem');
      assert.doesNotMatch(answer.message, /\p{Cf}/u);
    });

    test('putFile: ends promptly and leaves nothing behind, when it is stopped while parts are on their way', async () => {
      const name = `bucket-${randomBytes(8).toString('hex')}`;
      await minio.makeBucket(name);
      await using bucket = open(minio.access(name));
      const { path, remove } = await largeFile(64 * MIB);
      const controller = new AbortController();
      const reason = new Error('the test stops it');

      const running = bucket.putFile({ key: 'log', path, contentType: 'text/csv' }, controller.signal);
      const ended = assert.rejects(running, reason);
      await until(async () => (await minio.listUploads(name, ['log'])).length === 1, { what: 'the upload has begun' });
      controller.abort(reason);
      await ended;

      assert.deepEqual(await minio.listUploads(name, ['log']), []);
      assert.equal(await minio.getObject(name, 'log'), undefined);
      await remove();
    });

    test('putFile: removes the parts that a writer left which was killed', async () => {
      await using fixture = await openMinioFixture(minio, open);
      const created = await fixture.bucket.createUpload({ key: 'log', properties: PLAIN }, deadline());
      assert.ok(created.kind === 'ok');
      const body = Buffer.from('x');
      const part = { key: 'log', uploadId: created.uploadId, partNumber: 1, body, crc32: crc32(body) };
      await fixture.bucket.uploadPart(part, deadline());
      const { path, remove } = await largeFile(10);

      assert.deepEqual(await fixture.bucket.putFile({ key: 'log', path, contentType: 'text/csv' }, deadline()), {
        kind: 'ok',
      });

      assert.equal(await fixture.countUploads('log'), 0);
      await remove();
    });

    for (const { sse, encryption } of WANTED_ENCRYPTIONS) {
      test(`bucket: writes with ${sse} where a policy wants ${encryption}, and nothing without`, async () => {
        const name = `bucket-${randomBytes(8).toString('hex')}`;
        await secureMinio.makeBucket(name);
        const user = await secureMinio.addUser(onlyEncrypted(name, encryption));
        const access = { ...secureMinio.access(name), ...accessKey(user) };
        await using plain = open(access);
        await using encrypting = open({ ...access, sse });
        const { path, remove } = await largeFile(MIB);
        const file = { path, contentType: 'text/csv' };

        const refusals = [
          await putHello(plain, 'plain'),
          await plain.probe({ key: 'plain', properties: PLAIN }, deadline()),
          await plain.putFile({ key: 'plain', ...file }, deadline()),
        ];
        assert.deepEqual(await putHello(encrypting, 'small'), { kind: 'ok' });
        assert.deepEqual(await encrypting.probe({ key: 'probe', properties: PLAIN }, deadline()), { kind: 'ok' });
        assert.deepEqual(await encrypting.putFile({ key: 'log', ...file }, deadline()), { kind: 'ok' });

        assert.deepEqual(
          refusals.map((answer) => answer.kind === 'problem' && answer.code),
          ['AccessDenied', 'AccessDenied', 'AccessDenied'],
        );
        const stored = await secureMinio.listObjects(name);
        assert.deepEqual(
          stored.map(({ key }) => key),
          ['log', 'small'],
        );
        for (const { key } of stored) {
          const object = await secureMinio.getObject(name, key);
          assert.equal(object?.headers['x-amz-server-side-encryption'], encryption, key);
        }
        await remove();
      });

      // Without a policy: MinIO holds one against parts too, whose requests say nothing of it in S3.
      test(`bucket: encrypts what goes in parts with ${sse}`, async () => {
        const name = `bucket-${randomBytes(8).toString('hex')}`;
        await secureMinio.makeBucket(name);
        await using bucket = open({ ...secureMinio.access(name), sse });
        const { path, remove } = await largeFile(11 * MIB);

        await largeObject(bucket, 'large');
        assert.deepEqual(await bucket.putFile({ key: 'log', path, contentType: 'text/csv' }, deadline()), {
          kind: 'ok',
        });

        for (const key of ['large', 'log']) {
          const object = await secureMinio.getObject(name, key);
          assert.equal(object?.headers['x-amz-server-side-encryption'], encryption, key);
        }
        await remove();
      });
    }

    test('putObject: is a hold, when the key of the key service does not exist', async () => {
      const name = `bucket-${randomBytes(8).toString('hex')}`;
      await secureMinio.makeBucket(name);
      await using bucket = open({ ...secureMinio.access(name), sse: 'kms:no-such-key' });

      const answer = await putHello(bucket, 'key');

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.holdCode], ['bucket', 'EncryptionKeyProblem'], JSON.stringify(answer));
    });

    test('uploadPart: many at once, as the load sends them', async () => {
      await using fixture = await openMinioFixture(minio, open);
      const created = await fixture.bucket.createUpload({ key: 'large', properties: PLAIN }, deadline());
      assert.ok(created.kind === 'ok');
      const { uploadId } = created;
      const bodies = Array.from({ length: 8 }, () => randomBytes(5 * MIB));

      const sent = await Promise.all(
        bodies.map((body, index) =>
          fixture.bucket.uploadPart(
            { key: 'large', uploadId, partNumber: index + 1, body, crc32: crc32(body) },
            deadline(),
          ),
        ),
      );
      const parts = sent.map((answer) => {
        assert.ok(answer.kind === 'ok');
        return answer.part;
      });
      await fixture.bucket.completeUpload({ key: 'large', uploadId, parts, refuseExisting: false }, deadline());

      assert.deepEqual((await fixture.read('large'))?.body, Buffer.concat(bodies));
    });
  });
}

const largeFile = async (sizeBytes: number): Promise<{ readonly path: string; remove(): Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-station-bucket-'));
  const path = join(folder, 'file');
  await writeFile(path, randomBytes(sizeBytes));
  return { path, remove: () => rm(folder, { recursive: true }) };
};
