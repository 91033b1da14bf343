// What a load makes of the bucket's answers: requests and bytes that may be in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bucket, BucketProblem } from '#bucket/contract.ts';
import { createMeteredBucket } from '#load/metered-bucket.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

const slowDown: BucketProblem = {
  kind: 'problem',
  scope: 'transient',
  status: 503,
  code: 'SlowDown',
  isThrottling: true,
  message: 'Reduce your request rate.',
};

const openMetered = (
  answer: (open: number) => { readonly waitMs: number; readonly said: 'ok' | BucketProblem },
  isAnswered: () => Promise<void> = () => Promise.resolve(),
) => {
  const clock = { ms: 0 };
  const requests = { concurrency: 0, pendingCount: 1 };
  const pool = { allowedBytes: 0, isShort: false };
  const unused = (): never => assert.fail('only putObject is called');
  const bucket: Bucket = {
    putObject: async () => {
      const { waitMs, said } = answer(requests.concurrency);
      clock.ms += waitMs;
      await isAnswered();
      return said === 'ok' ? { kind: 'ok' } : said;
    },
    ...{ createUpload: unused, uploadPart: unused, completeUpload: unused, abortUpload: unused, listUploads: unused },
    ...{ listParts: unused, probe: unused, findObject: unused, putFile: unused },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const metered = createMeteredBucket(bucket, {
    ...{ requests, pool, maxRequests: 256, maxBytes: 64 * MIB, bytesPerRequest: 4 * MIB },
    nowMs: () => clock.ms,
  });
  const properties = { contentType: 'text/plain', metadata: {} };
  const request = { key: 'key', body: Buffer.alloc(10), md5: '', properties, refuseExisting: false };
  const put = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count += 1) await metered.putObject(request, never);
  };
  return { clock, requests, pool, metered, request, put };
};

test('createMeteredBucket: begins with 16 requests and all of the bytes', () => {
  const { requests, pool } = openMetered(() => ({ waitMs: 1, said: 'ok' }));

  assert.deepEqual([requests.concurrency, pool.allowedBytes], [16, 64 * MIB]);
});

test('createMeteredBucket: opens more, while twice as many get through in the same time', async () => {
  // One after another stands for all at once: the more are open, the sooner the next is answered.
  const { requests, put } = openMetered((open) => ({ waitMs: 20 / open, said: 'ok' }));

  await put(10_000);

  assert.equal(requests.concurrency, 256);
});

test('createMeteredBucket: looks soon while it grows, and measures from the first answer under the new limit', async () => {
  let waitMs = 1;
  const { requests, put } = openMetered(() => ({ waitMs, said: 'ok' }));

  await put(32);
  assert.equal(requests.concurrency, 32);
  // The answer that begins the measurement: how long it took says nothing.
  waitMs = 1000;
  await put(1);
  waitMs = 0.5;
  await put(64);

  assert.equal(requests.concurrency, 64);
});

test('createMeteredBucket: asks for less, and holds fewer bytes, where the bucket says SlowDown', async () => {
  const { requests, pool, put } = openMetered(() => ({ waitMs: 10, said: slowDown }));

  await put(200);

  assert.equal(requests.concurrency, 2);
  assert.equal(pool.allowedBytes, 8 * MIB);
});

test('createMeteredBucket: halves once for all the requests that were open when the bucket said SlowDown', async () => {
  const answers: (() => void)[] = [];
  const { clock, requests, metered, request } = openMetered(
    () => ({ waitMs: 0, said: slowDown }),
    () => new Promise((resolve) => answers.push(resolve)),
  );
  const asked = Array.from({ length: 100 }, () => metered.putObject(request, never));

  for (const half of [asked.slice(0, 50), asked.slice(50)]) {
    clock.ms += 500;
    for (const answer of answers.splice(0, half.length)) answer();
    await Promise.all(half);
  }

  assert.equal(requests.concurrency, 8);
});

test('createMeteredBucket: looks after two seconds at last, so that few and large requests count too', async () => {
  const { requests, put } = openMetered(() => ({ waitMs: 1000, said: slowDown }));

  await put(2);

  assert.equal(requests.concurrency, 8);
});
