// What lies under a key, for the few cases in which an answer left that open: never asked in the normal course of a load.

import { HeadObjectCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { StoredObject } from './contract.ts';
import type { Answer } from './guarded.ts';
import type { BucketTarget } from './s3-client.ts';
import { bareEtag, strangeAnswer } from './translate.ts';

const NOT_FOUND = 404;

/** Asks for an object's size and ETag. Errors: as the SDK throws them. */
export const findObject = async (
  { client, target }: { readonly client: S3Client; readonly target: BucketTarget },
  key: string,
  signal: AbortSignal,
): Answer<{ readonly object: StoredObject | undefined }> => {
  try {
    const answer = await client.send(new HeadObjectCommand({ ...target, Key: key }), { abortSignal: signal });
    const { ContentLength: sizeBytes, ETag: etag } = answer;
    if (sizeBytes === undefined || etag === undefined) return strangeAnswer('an object has neither size nor ETag');
    return { kind: 'ok', object: { sizeBytes, etag: bareEtag(etag) } };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { kind: 'ok', object: undefined };
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === NOT_FOUND;
