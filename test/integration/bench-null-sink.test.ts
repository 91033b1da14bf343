// The null sink of the benchmark: answers as S3 does where clients look, and counts what it discards.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { createHotBucket } from '#bucket/hot-bucket.ts';
import { findBucketRegion } from '#bucket/region.ts';
import type { Bucket, BucketAccess } from '#bucket/contract.ts';
import { Secret } from '#language/secret.ts';
import { MIB } from '#language/units.ts';
import { buildOwn } from '../../bench/go-programs.ts';
import { runningUsageOf } from '../../bench/process-usage.ts';
import { startSink, type Sink } from '../../bench/sinks.ts';

let folder = '';
let nullSink = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'null-sink-'));
  nullSink = await buildOwn('null-sink', folder);
});
after(() => rm(folder, { recursive: true }));

const BUCKET = 'customer-data';
const PROPERTIES = { contentType: 'image/jpeg', metadata: { path: 'a b' } };
const NEVER = new AbortController().signal;

interface Scene {
  readonly sink: Sink;
  readonly access: BucketAccess;
  readonly bucket: Bucket;
}

const setScene = async (t: TestContext, when: 'warm' | 'tls' | 'late'): Promise<Scene> => {
  const sink = await startSink({ sink: 'null', case: when, nullSink, folder });
  t.after(() => sink[Symbol.asyncDispose]());
  const { endpoint, region, accessKeyId, certificateAuthority } = sink;
  const access: BucketAccess = {
    ...{ bucket: BUCKET, endpoint, region, accessKeyId, forcePathStyle: true, isNetworkTrusted: false, sse: 'none' },
    secretAccessKey: new Secret(sink.secretAccessKey),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
  };
  const bucket = createHotBucket(access);
  t.after(() => bucket[Symbol.asyncDispose]());
  await sink.makeBucket(BUCKET);
  return { sink, access, bucket };
};

const md5 = (body: Uint8Array): string => createHash('md5').update(body).digest('hex');

const put = (bucket: Bucket, key: string, body: Uint8Array) =>
  bucket.putObject({ key, body, md5: md5(body), properties: PROPERTIES, refuseExisting: false }, NEVER);

for (const when of ['warm', 'tls'] as const) {
  test(`null sink, ${when}: takes objects of any size, tells of them what was sent, and counts them`, async (t) => {
    const { sink, access, bucket } = await setScene(t, when);
    const bodies = [Buffer.alloc(0), Buffer.from('small'), Buffer.alloc(3 * MIB, 7)];

    for (const [index, body] of bodies.entries()) {
      assert.deepEqual(await put(bucket, `a b/${String(index)}+é`, body), { kind: 'ok' });
    }

    const found = await bucket.findObject('a b/2+é', NEVER);
    assert.deepEqual(found, {
      kind: 'ok',
      object: { sizeBytes: 3 * MIB, etag: md5(Buffer.alloc(3 * MIB, 7)) },
    });
    assert.deepEqual(await bucket.findObject('missing', NEVER), { kind: 'ok', object: undefined });
    assert.deepEqual(await sink.received(BUCKET), { objects: 3, bytes: 3 * MIB + 5 });
    const place = await findBucketRegion(access, NEVER);
    assert.ok(place.kind === 'ok' && place.region === 'us-east-1' && Math.abs(place.dateSkewMs) < 5_000);
  });
}

test('null sink: puts parts together as S3 does, and refuses a part that it does not have', async (t) => {
  const { sink, bucket } = await setScene(t, 'warm');
  const key = 'large';
  const created = await bucket.createUpload({ key, properties: PROPERTIES }, NEVER);
  assert.ok(created.kind === 'ok');
  const { uploadId } = created;
  const body = Buffer.alloc(5 * MIB, 1);
  const parts = [];
  for (const partNumber of [1, 2]) {
    const sent = await bucket.uploadPart({ key, uploadId, partNumber, body, crc32: crc32(body) }, NEVER);
    assert.ok(sent.kind === 'ok', JSON.stringify(sent));
    parts.push(sent.part);
  }
  const [first] = parts;
  assert.ok(first !== undefined);

  const wrong = await bucket.completeUpload(
    { key, uploadId, parts: [{ ...first, etag: '"other"' }], refuseExisting: false },
    NEVER,
  );
  const completed = await bucket.completeUpload({ key, uploadId, parts, refuseExisting: false }, NEVER);

  assert.ok(wrong.kind === 'problem' && wrong.code === 'InvalidPart', JSON.stringify(wrong));
  assert.deepEqual(completed, { kind: 'ok' });
  assert.deepEqual(await sink.received(BUCKET), { objects: 1, bytes: 10 * MIB });
  assert.deepEqual(await bucket.listParts({ key, uploadId }, NEVER), { kind: 'ok', gone: true, parts: [] });
  assert.deepEqual(await bucket.listUploads(key, NEVER), { kind: 'ok', uploads: [] });
});

test('null sink: takes an import log, and nothing once its bucket is gone', async (t) => {
  const { sink, bucket } = await setScene(t, 'warm');
  const path = join(folder, 'log.csv');
  await writeFile(path, Buffer.alloc(12 * MIB, 'x'));

  assert.deepEqual(await bucket.probe({ key: 'log', properties: PROPERTIES }, NEVER), { kind: 'ok' });
  assert.deepEqual(await bucket.putFile({ key: 'log', path, contentType: 'text/csv' }, NEVER), { kind: 'ok' });
  assert.deepEqual(await sink.received(BUCKET), { objects: 1, bytes: 12 * MIB });
  await sink.removeBucket(BUCKET);

  const refused = await put(bucket, 'later', Buffer.from('x'));
  assert.ok(refused.kind === 'problem' && refused.code === 'NoSuchBucket', JSON.stringify(refused));
});

test('null sink, late: answers no request within 20 ms', async (t) => {
  const { bucket } = await setScene(t, 'late');
  const began = performance.now();

  for (let index = 0; index < 5; index += 1) await put(bucket, String(index), Buffer.from('x'));

  assert.ok(performance.now() - began >= 100);
});

test('null sink: asks for a body that waits to be asked for, and refuses one without a length', async (t) => {
  const { sink } = await setScene(t, 'warm');
  const speak = async (...lines: readonly string[]): Promise<string> => {
    const socket = connect(Number(new URL(sink.endpoint).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write([...lines, 'Connection: close', '', ''].join('\r\n'));
    const answer = text(socket);
    if (lines.some((line) => line.startsWith('Expect'))) socket.write('hello');
    return answer;
  };

  const expected = await speak(`PUT /${BUCKET}/key HTTP/1.1`, 'Content-Length: 5', 'Expect: 100-continue');
  const chunked = await speak(`PUT /${BUCKET}/key HTTP/1.1`, 'Transfer-Encoding: chunked');

  assert.match(expected, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/u);
  assert.match(chunked, /^HTTP\/1\.1 501 /u);
  assert.deepEqual(await sink.received(BUCKET), { objects: 1, bytes: 5 });
});

test('null sink: its process can be measured', async (t) => {
  const { sink, bucket } = await setScene(t, 'warm');
  await put(bucket, 'key', Buffer.alloc(MIB));

  const usage = await runningUsageOf(sink.pid);

  assert.ok(usage.peakRssBytes > MIB && usage.cpuSeconds >= 0);
});
