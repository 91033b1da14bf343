// What a retry leaves behind in a real bucket: nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHotBucket } from '#bucket/hot-bucket.ts';
import { createRetry } from '#bucket/retry.ts';
import { createRetryingBucket } from '#load/retrying-bucket.ts';
import { startMinio } from '../support/minio.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { deadline, PLAIN } from './lanes.ts';

const NAME = 'customer-data';

/** A bucket whose first answer to the beginning of an upload is lost, and how often that was asked for. */
const loseFirstAnswer = async (stack: AsyncDisposableStack) => {
  const minio = stack.use(await startMinio());
  await minio.makeBucket(NAME);
  const proxy = stack.use(await startS3Proxy(minio.endpoint));
  const hot = createHotBucket({ ...minio.access(NAME), endpoint: proxy.endpoint });
  const bucket = stack.use(createRetryingBucket(hot, createRetry({ random: () => 0 })));
  let asked = 0;
  proxy.breakBy(({ method, url }) => {
    if (method !== 'POST' || !url.includes('uploads')) return Promise.resolve(undefined);
    asked += 1;
    return Promise.resolve(asked === 1 ? { kind: 'cut' } : undefined);
  });
  return { minio, bucket, asked: () => asked };
};

test('probe: leaves no upload, when the answer to the first one was lost', async () => {
  await using stack = new AsyncDisposableStack();
  const { minio, bucket, asked } = await loseFirstAnswer(stack);

  const answer = await bucket.probe({ key: 'import-station-probe', properties: PLAIN }, deadline());

  assert.equal(answer.kind, 'ok');
  assert.equal(asked(), 2);
  assert.deepEqual(await minio.listUploads(NAME, ['import-station-probe']), []);
});

test('createUpload: leaves one upload, its own, when the answer to the first one was lost', async () => {
  await using stack = new AsyncDisposableStack();
  const { minio, bucket, asked } = await loseFirstAnswer(stack);

  const created = await bucket.createUpload({ key: 'big.bin', properties: PLAIN }, deadline());

  assert.ok(created.kind === 'ok');
  assert.equal(asked(), 2);
  const left = await minio.listUploads(NAME, ['big.bin']);
  assert.deepEqual(
    left.map(({ uploadId }) => uploadId),
    [created.uploadId],
  );
});
