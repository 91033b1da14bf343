// Multipart uploads that a former loader left behind: each is gone on with once, or aborted. Nothing stays in the bucket.

import type { Bucket, BucketProblem } from '#bucket/contract.ts';
import type { KnownUpload } from '#protocol/loader.ts';

/** Uploads of former loaders, by file. */
export interface OpenUploads {
  /** Is there one for this file? `path` is base64 of the raw path. */
  has(path: string): boolean;
  /** The upload of this file, which is then the caller's to end. */
  take(path: string): KnownUpload | undefined;
  /** Those that nobody took. */
  rest(): readonly KnownUpload[];
}

/** Sorts the uploads of an order by their file. */
export const createOpenUploads = (known: readonly KnownUpload[]): OpenUploads => {
  const uploads = new Map(known.map((upload): [string, KnownUpload] => [upload.path, upload]));
  return {
    has: (path) => uploads.has(path),
    take: (path) => {
      const upload = uploads.get(path);
      uploads.delete(path);
      return upload;
    },
    rest: () => [...uploads.values()],
  };
};

/**
 * Aborts an upload by its ID or, where it is not known whether it began, all uploads of its key. An upload that is gone
 * is ok; the daemon is not told.
 */
export const abortUploads = async (
  { key, uploadId }: { readonly key: string; readonly uploadId?: string | undefined },
  bucket: Bucket,
  signal: AbortSignal,
): Promise<{ readonly kind: 'ok' } | BucketProblem> => {
  const listed = uploadId === undefined ? await bucket.listUploads(key, signal) : undefined;
  if (listed?.kind === 'problem') return listed;
  const uploads = uploadId === undefined ? (listed?.uploads ?? []) : [{ key, uploadId }];
  for (const upload of uploads) {
    const aborted = await bucket.abortUpload(upload, signal);
    if (aborted.kind === 'problem') return aborted;
  }
  return { kind: 'ok' };
};
