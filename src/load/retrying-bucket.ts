// A bucket that waits out what passes: every call of the load goes through the bucket room's one retry.

import { abortUploads } from '#bucket/abort-uploads.ts';
import type { Bucket } from '#bucket/contract.ts';
import type { Answer } from '#bucket/guarded.ts';
import type { Retry } from '#bucket/retry.ts';

/** Wraps the calls of a bucket; the retry says why it waits. Disposing disposes the bucket. */
export const createRetryingBucket = (bucket: Bucket, retry: Retry): Bucket => {
  // An attempt whose answer was lost may have begun an upload that nobody knows of; a key that may not list uploads leaves
  // it to the bucket's rules.
  const beginOnce = async <Value extends { readonly uploadId?: string }>(
    key: string,
    ask: (signal: AbortSignal) => Answer<Value>,
    signal: AbortSignal,
  ): Answer<Value> => {
    let attempts = 0;
    const attempt = (inner: AbortSignal): Answer<Value> => {
      attempts += 1;
      return ask(inner);
    };
    const answer = await retry.run(key, attempt, signal);
    if (answer.kind === 'ok' && attempts > 1) {
      await abortUploads({ key, keep: answer.uploadId }, retrying, signal);
    }
    return answer;
  };
  const retrying: Bucket = {
    putObject: (request, signal) => retry.run(request.key, (inner) => bucket.putObject(request, inner), signal),
    createUpload: (request, signal) => beginOnce(request.key, (inner) => bucket.createUpload(request, inner), signal),
    uploadPart: (request, signal) => retry.run(request.key, (inner) => bucket.uploadPart(request, inner), signal),
    completeUpload: (request, signal) =>
      retry.run(request.key, (inner) => bucket.completeUpload(request, inner), signal),
    abortUpload: (upload, signal) => retry.run(upload.key, (inner) => bucket.abortUpload(upload, inner), signal),
    listUploads: (key, signal) => retry.run(key, (inner) => bucket.listUploads(key, inner), signal),
    listParts: (upload, signal) => retry.run(upload.key, (inner) => bucket.listParts(upload, inner), signal),
    probe: (request, signal) => beginOnce(request.key, (inner) => bucket.probe(request, inner), signal),
    findObject: (key, signal) => retry.run(key, (inner) => bucket.findObject(key, inner), signal),
    putFile: (request, signal) => retry.run(request.key, (inner) => bucket.putFile(request, inner), signal),
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
  return retrying;
};
