// The bucket by the AWS SDK: one request a call, no retries, every refusal translated at this border.

import { SECOND_MS } from '#language/units.ts';
import type { Bucket, BucketAccess } from './contract.ts';
import { findObject } from './find-object.ts';
import { guarded, type Answer } from './guarded.ts';
import { abortUpload, completeUpload, createUpload, listParts, listUploads, uploadPart } from './multipart.ts';
import type { BucketState } from './part-digest.ts';
import { putFile } from './put-file.ts';
import { putObject } from './put-object.ts';
import { createLane } from './s3-client.ts';

/** How long a cleanup may take; it is never given a caller's signal, and a dead line must not hold a caller for long. */
const CLEANUP_MS = 5 * SECOND_MS;

/** The bucket that `access` names; `state` is shared with another lane to it. Nothing is asked of it yet. Dispose of it: it keeps connections open. */
export const createSdkBucket = (access: BucketAccess, state?: BucketState): Bucket => {
  const lane = createLane(access, state);
  const bucket: Bucket = {
    putObject: (request, signal) => guarded(signal, () => putObject(lane, request, signal)),
    createUpload: (request, signal) => guarded(signal, () => createUpload(lane, request, signal)),
    uploadPart: (request, signal) => guarded(signal, () => uploadPart(lane, request, signal)),
    completeUpload: (request, signal) => guarded(signal, () => completeUpload(lane, request, signal)),
    abortUpload: (upload, signal) => guarded(signal, () => abortUpload(lane, upload, signal)),
    listUploads: (key, signal) => guarded(signal, () => listUploads(lane, key, signal)),
    listParts: (upload, signal) => guarded(signal, () => listParts(lane, upload, signal)),
    probe: async ({ key, properties }, signal) => {
      const created = await bucket.createUpload({ key, properties }, signal);
      if (created.kind === 'problem') return created;
      return bucket.abortUpload({ key, uploadId: created.uploadId }, AbortSignal.timeout(CLEANUP_MS));
    },
    findObject: (key, signal) => guarded(signal, () => findObject(lane, key, signal)),
    putFile: (request, signal) =>
      withoutRests(bucket, request.key, signal, () => guarded(signal, () => putFile(access, request, signal))),
    [Symbol.asyncDispose]: () => {
      lane.client.destroy();
      return Promise.resolve();
    },
  };
  return bucket;
};

/** Parts of a key that has one writer: those of a writer that was killed go before the upload, ours if it fails. */
const withoutRests = async (
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
  upload: () => Answer<object>,
): Answer<object> => {
  await abandonUploads(bucket, key, signal);
  let isStored = false;
  try {
    const answer = await upload();
    isStored = answer.kind === 'ok';
    return answer;
  } finally {
    if (!isStored) await abandonUploads(bucket, key, AbortSignal.timeout(CLEANUP_MS)).catch(ignoreTimeout);
  }
};

/** Whoever may write need not be allowed to list: what cannot be found or removed is left to the bucket's lifecycle. */
const abandonUploads = async (bucket: Bucket, key: string, signal: AbortSignal): Promise<void> => {
  const listed = await bucket.listUploads(key, signal);
  if (listed.kind === 'problem') return;
  for (const upload of listed.uploads) await bucket.abortUpload(upload, signal);
};

/** A cleanup whose time is over is given up; the upload's own outcome is what the caller needs to hear. */
const ignoreTimeout = (error: unknown): void => {
  if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw error;
};
