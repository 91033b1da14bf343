// Multipart uploads that a former loader left behind: each is gone on with once, or aborted. Nothing stays in the bucket.

import type { KnownUpload } from '#protocol/loader.ts';

/** Uploads of former loaders, by file. */
export interface OpenUploads {
  /** Is there one for this file? By its raw path. */
  has(path: Buffer): boolean;
  /** The upload of this file, which is then the caller's to end. */
  take(path: string): KnownUpload | undefined;
  /** Those that nobody took. */
  rest(): readonly KnownUpload[];
}

/** Sorts the uploads of an order by their file. */
export const createOpenUploads = (known: readonly KnownUpload[]): OpenUploads => {
  const uploads = new Map(known.map((upload): [string, KnownUpload] => [upload.path, upload]));
  return {
    has: (path) => uploads.size > 0 && uploads.has(path.toString('base64')),
    take: (path) => {
      const upload = uploads.get(path);
      uploads.delete(path);
      return upload;
    },
    rest: () => [...uploads.values()],
  };
};
