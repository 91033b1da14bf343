// A bucket that waits out what passes: every call of the load goes through the bucket room's one retry.

import type { Bucket } from '#bucket/contract.ts';
import type { Retry } from '#bucket/retry.ts';

/** Wraps the calls of a bucket; the retry says why it waits. Disposing disposes the bucket. */
export const createRetryingBucket = (bucket: Bucket, retry: Retry): Bucket => ({
  putObject: (request, signal) => retry.run(request.key, (inner) => bucket.putObject(request, inner), signal),
  createUpload: (request, signal) => retry.run(request.key, (inner) => bucket.createUpload(request, inner), signal),
  uploadPart: (request, signal) => retry.run(request.key, (inner) => bucket.uploadPart(request, inner), signal),
  completeUpload: (request, signal) => retry.run(request.key, (inner) => bucket.completeUpload(request, inner), signal),
  abortUpload: (upload, signal) => retry.run(upload.key, (inner) => bucket.abortUpload(upload, inner), signal),
  listUploads: (key, signal) => retry.run(key, (inner) => bucket.listUploads(key, inner), signal),
  listParts: (upload, signal) => retry.run(upload.key, (inner) => bucket.listParts(upload, inner), signal),
  probe: (request, signal) => retry.run(request.key, (inner) => bucket.probe(request, inner), signal),
  findObject: (key, signal) => retry.run(key, (inner) => bucket.findObject(key, inner), signal),
  putFile: (request, signal) => retry.run(request.key, (inner) => bucket.putFile(request, inner), signal),
  [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
});
