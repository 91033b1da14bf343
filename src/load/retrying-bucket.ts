// A bucket that waits out what passes: every call of the load goes through the bucket room's one retry.

import { abortUploads } from '#bucket/abort-uploads.ts';
import type { Bucket } from '#bucket/contract.ts';
import type { Retry } from '#bucket/retry.ts';

/** Wraps the calls of a bucket; the retry says why it waits. Disposing disposes the bucket. */
export const createRetryingBucket = (bucket: Bucket, retry: Retry): Bucket => {
  // The upload of an attempt whose answer was lost; a key that may not list uploads leaves it to the bucket's rules.
  const createUpload: Bucket['createUpload'] = async (request, signal) => {
    let attempts = 0;
    const attempt = (inner: AbortSignal): ReturnType<Bucket['createUpload']> => {
      attempts += 1;
      return bucket.createUpload(request, inner);
    };
    const created = await retry.run(request.key, attempt, signal);
    if (created.kind === 'ok' && attempts > 1) {
      await abortUploads({ key: request.key, keep: created.uploadId }, retrying, signal);
    }
    return created;
  };
  const probe: Bucket['probe'] = (request, signal) => {
    let attempts = 0;
    const attempt = async (inner: AbortSignal): ReturnType<Bucket['probe']> => {
      attempts += 1;
      const answer = await bucket.probe(request, inner);
      if (answer.kind === 'ok' && attempts > 1) await abortUploads({ key: request.key }, bucket, inner);
      return answer;
    };
    return retry.run(request.key, attempt, signal);
  };
  const retrying: Bucket = {
    putObject: (request, signal) => retry.run(request.key, (inner) => bucket.putObject(request, inner), signal),
    createUpload,
    uploadPart: (request, signal) => retry.run(request.key, (inner) => bucket.uploadPart(request, inner), signal),
    completeUpload: (request, signal) =>
      retry.run(request.key, (inner) => bucket.completeUpload(request, inner), signal),
    abortUpload: (upload, signal) => retry.run(upload.key, (inner) => bucket.abortUpload(upload, inner), signal),
    listUploads: (key, signal) => retry.run(key, (inner) => bucket.listUploads(key, inner), signal),
    listParts: (upload, signal) => retry.run(upload.key, (inner) => bucket.listParts(upload, inner), signal),
    probe,
    findObject: (key, signal) => retry.run(key, (inner) => bucket.findObject(key, inner), signal),
    putFile: (request, signal) => retry.run(request.key, (inner) => bucket.putFile(request, inner), signal),
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
  return retrying;
};
