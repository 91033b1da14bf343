// Nothing of a multipart upload stays in the bucket.

import type { Bucket, BucketProblem } from './contract.ts';

/**
 * Aborts an upload by its ID or, where it is not known whether it began, all uploads of its key but the one to keep. An
 * upload that is gone is ok; the daemon is not told.
 */
export const abortUploads = async (
  {
    key,
    uploadId,
    keep,
  }: { readonly key: string; readonly uploadId?: string | undefined; readonly keep?: string | undefined },
  bucket: Bucket,
  signal: AbortSignal,
): Promise<{ readonly kind: 'ok' } | BucketProblem> => {
  const listed = uploadId === undefined ? await bucket.listUploads(key, signal) : undefined;
  if (listed?.kind === 'problem') return listed;
  const begun = uploadId === undefined ? (listed?.uploads ?? []) : [{ key, uploadId }];
  const uploads = begun.filter((upload) => upload.uploadId !== keep);
  for (const upload of uploads) {
    const aborted = await bucket.abortUpload(upload, signal);
    if (aborted.kind === 'problem') return aborted;
  }
  return { kind: 'ok' };
};
