// A file of any size into the bucket through lib-storage: the import log.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Upload } from '@aws-sdk/lib-storage';
import { SECOND_MS } from '#language/units.ts';
import type { BucketAccess } from './contract.ts';
import type { Answer } from './guarded.ts';
import { findObject } from './find-object.ts';
import { encryptionHeaders } from './property-headers.ts';
import { bucketTarget, createS3Client, HEADERS_PLACE, withHeaders } from './s3-client.ts';
import { bareEtag, strangeAnswer, translateError } from './translate.ts';

/** Parts at once, 5 MiB each. */
const PARTS_AT_ONCE = 2;
/** Commands that say how an object is encrypted; its parts take it over. */
const MAKE_OBJECTS: ReadonlySet<string> = new Set(['PutObjectCommand', 'CreateMultipartUploadCommand']);
/** How long requests that were cut off may take to settle. */
const QUIET_MS = 5 * SECOND_MS;

/**
 * Uploads a file, replacing what is there. It settles only when none of its requests is under way any more: the caller
 * may then look for parts that a failed upload left.
 * Errors: as the SDK throws them, and those of reading the file.
 */
export const putFile = async (
  access: BucketAccess,
  { key, path, contentType }: { readonly key: string; readonly path: string; readonly contentType: string },
  signal: AbortSignal,
): Answer<object> => {
  const { size: sizeBytes } = await stat(path);
  // A client of its own: lib-storage hands no signal to its requests, so their connections are what is cut.
  const client = createS3Client(access);
  const underWay = new Set<Promise<unknown>>();
  client.middlewareStack.add((next) => (step) => track(underWay, next(step)), {
    step: 'initialize',
    name: 'importStationUnderWay',
  });
  client.middlewareStack.add(
    (next, { commandName = '' }) => withHeaders(MAKE_OBJECTS.has(commandName) ? encryptionHeaders(access) : {})(next),
    HEADERS_PLACE,
  );
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort(signal.reason);
    client.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  const body = createReadStream(path);
  try {
    const { ETag: etag } = await new Upload({
      client,
      params: { ...bucketTarget(access), Key: key, Body: body, ContentType: contentType, ChecksumAlgorithm: 'CRC32' },
      queueSize: PARTS_AT_ONCE,
      // Its own cleanup could outlive the call; the caller does it.
      leavePartsOnError: true,
      abortController: stopping,
    }).done();
    if (etag === undefined) return strangeAnswer('a file was stored and has no ETag');
    return await confirm({ client, target: bucketTarget(access) }, { key, sizeBytes, etag }, signal);
  } finally {
    signal.removeEventListener('abort', stop);
    body.destroy();
    await settle(underWay, () => {
      client.destroy();
    });
    client.destroy();
  }
};

/** Asks what lies there now; a key that may write and not look has the ETag of the answer alone. */
const confirm = async (
  reached: Parameters<typeof findObject>[0],
  { key, sizeBytes, etag }: { readonly key: string; readonly sizeBytes: number; readonly etag: string },
  signal: AbortSignal,
): Answer<object> => {
  const found = await findObject(reached, key, signal).catch(translateError);
  if (found.kind === 'problem') return found.scope === 'access-denied' ? { kind: 'ok' } : found;
  const { object } = found;
  if (object?.sizeBytes === sizeBytes && object.etag === bareEtag(etag)) return { kind: 'ok' };
  return strangeAnswer(`a file of ${String(sizeBytes)} bytes was stored and is not there`);
};

const track = <Value>(underWay: Set<Promise<unknown>>, request: Promise<Value>): Promise<Value> => {
  const settled: Promise<unknown> = request.then(
    () => underWay.delete(settled),
    // The upload reports it.
    () => underWay.delete(settled),
  );
  underWay.add(settled);
  return request;
};

/** Waits until no request is under way; those that take too long are cut off. */
const settle = async (underWay: ReadonlySet<Promise<unknown>>, cut: () => void): Promise<void> => {
  const timer = setInterval(cut, QUIET_MS);
  try {
    while (underWay.size > 0) await Promise.all(underWay);
  } finally {
    clearInterval(timer);
  }
};
