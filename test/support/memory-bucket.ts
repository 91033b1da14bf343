// A bucket in memory: the double of the S3 side, held to the same contract suite as the real one.

import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Bucket, BucketProblem, FinishedPart } from '#bucket/contract.ts';
import { propertyHeaders } from '#bucket/property-headers.ts';
import { refusal } from '#bucket/translate.ts';
import type { ObjectProperties } from '#object/contract.ts';

/** An object as the double keeps it. */
export interface MemoryObject {
  readonly body: Buffer;
  /** Without quotes: the MD5 of the body or, of an object of parts, that of their MD5s with their number. */
  readonly etag: string;
  /** As they were sent, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One call, before it is answered. */
export interface MemoryCall {
  readonly operation: Exclude<keyof Bucket, symbol>;
  readonly key: string;
  /** Calls before it, this one not counted. */
  readonly index: number;
}

/** What a test may say about the double. */
export interface MemoryBucketOptions {
  /** Asked before every call: a problem is the call's answer, a promise is waited for. `probe` and `putFile` ask once. */
  readonly refuse?: (
    call: MemoryCall,
    signal: AbortSignal,
  ) => BucketProblem | undefined | Promise<BucketProblem | undefined>;
}

/** The double and what lies in it. */
export interface MemoryBucket extends Bucket {
  readonly objects: ReadonlyMap<string, MemoryObject>;
  /** Uploads that were neither completed nor aborted: key and parts by upload ID. */
  readonly uploads: ReadonlyMap<string, MemoryUpload>;
  /** Every call so far, refused ones included. */
  readonly calls: readonly MemoryCall[];
}

/** An unfinished upload. */
export interface MemoryUpload {
  readonly key: string;
  readonly properties: ObjectProperties;
  readonly parts: ReadonlyMap<number, FinishedPart & { readonly body: Buffer }>;
}

/** Makes an empty bucket. Its answers are those of S3, codes and status included. */
export const createMemoryBucket = ({ refuse = () => undefined }: MemoryBucketOptions = {}): MemoryBucket => {
  const objects = new Map<string, MemoryObject>();
  const uploads = new Map<
    string,
    MemoryUpload & { readonly parts: Map<number, FinishedPart & { readonly body: Buffer }> }
  >();
  const calls: MemoryCall[] = [];

  const ask = async (
    operation: MemoryCall['operation'],
    key: string,
    signal: AbortSignal,
  ): Promise<BucketProblem | undefined> => {
    signal.throwIfAborted();
    const call = { operation, key, index: calls.length };
    calls.push(call);
    const answer = await refuse(call, signal);
    // As on a network, nothing is answered at once.
    await turn(undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
    return answer;
  };

  const store = (key: string, body: Buffer, properties: ObjectProperties, etag = md5Of(body).toString('hex')): void => {
    objects.set(key, { body, etag, headers: propertyHeaders(properties) });
  };

  return {
    objects,
    uploads,
    calls,
    putObject: async ({ key, body, md5, properties, refuseExisting }, signal) => {
      const refused = await ask('putObject', key, signal);
      if (refused !== undefined) return refused;
      if (createHash('md5').update(body).digest('hex') !== md5) return BAD_DIGEST;
      if (refuseExisting && objects.has(key)) return PRECONDITION_FAILED;
      store(key, Buffer.from(body), properties);
      return OK;
    },
    createUpload: async ({ key, properties }, signal) => {
      const refused = await ask('createUpload', key, signal);
      if (refused !== undefined) return refused;
      const uploadId = randomUUID();
      uploads.set(uploadId, { key, properties, parts: new Map() });
      return { kind: 'ok', uploadId };
    },
    uploadPart: async ({ key, uploadId, partNumber, body, crc32: expected }, signal) => {
      const refused = await ask('uploadPart', key, signal);
      if (refused !== undefined) return refused;
      const upload = uploads.get(uploadId);
      if (upload?.key !== key) return NO_SUCH_UPLOAD;
      if (crc32(body) !== expected) return BAD_DIGEST;
      const etag = `"${createHash('md5').update(body).digest('hex')}"`;
      const part = { partNumber, etag, sizeBytes: body.byteLength, crc32: expected };
      upload.parts.set(partNumber, { ...part, body: Buffer.from(body) });
      return { kind: 'ok', part };
    },
    completeUpload: async ({ key, uploadId, parts, refuseExisting }, signal) => {
      const refused = await ask('completeUpload', key, signal);
      if (refused !== undefined) return refused;
      const upload = uploads.get(uploadId);
      if (upload?.key !== key) return NO_SUCH_UPLOAD;
      const bodies = parts
        .toSorted((one, other) => one.partNumber - other.partNumber)
        .map(({ partNumber, etag }) => {
          const part = upload.parts.get(partNumber);
          return part?.etag === etag ? part.body : undefined;
        });
      if (bodies.length === 0 || !bodies.every((body) => body !== undefined)) return INVALID_PART;
      if (bodies.slice(0, -1).some((body) => body.length < MIN_PART_BYTES)) return ENTITY_TOO_SMALL;
      if (refuseExisting && objects.has(key)) return PRECONDITION_FAILED;
      uploads.delete(uploadId);
      const etag = `${md5Of(Buffer.concat(bodies.map(md5Of))).toString('hex')}-${String(bodies.length)}`;
      store(key, Buffer.concat(bodies), upload.properties, etag);
      return OK;
    },
    abortUpload: async ({ key, uploadId }, signal) => {
      const refused = await ask('abortUpload', key, signal);
      if (refused !== undefined) return refused;
      uploads.delete(uploadId);
      return OK;
    },
    listUploads: async (key, signal) => {
      const refused = await ask('listUploads', key, signal);
      if (refused !== undefined) return refused;
      const found = [...uploads].filter(([, upload]) => upload.key === key);
      return { kind: 'ok', uploads: found.map(([uploadId]) => ({ key, uploadId })) };
    },
    listParts: async ({ key, uploadId }, signal) => {
      const refused = await ask('listParts', key, signal);
      if (refused !== undefined) return refused;
      const upload = uploads.get(uploadId);
      if (upload?.key !== key) return { kind: 'ok', gone: true, parts: [] };
      const parts = [...upload.parts.values()].map(({ partNumber, etag, sizeBytes }) => ({
        partNumber,
        etag,
        sizeBytes,
      }));
      return { kind: 'ok', gone: false, parts: parts.toSorted((one, other) => one.partNumber - other.partNumber) };
    },
    probe: async ({ key }, signal) => (await ask('probe', key, signal)) ?? OK,
    findObject: async (key, signal) => {
      const refused = await ask('findObject', key, signal);
      if (refused !== undefined) return refused;
      const found = objects.get(key);
      return {
        kind: 'ok',
        object: found === undefined ? undefined : { sizeBytes: found.body.byteLength, etag: found.etag },
      };
    },
    putFile: async ({ key, path, contentType }, signal) => {
      const refused = await ask('putFile', key, signal);
      if (refused !== undefined) return refused;
      store(key, await readFile(path, { signal }), { contentType, metadata: {} });
      return OK;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

const md5Of = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();

const OK = { kind: 'ok' } as const;
/** Smallest part but the last (S3, quotas). */
const MIN_PART_BYTES = 5 * 1024 * 1024;

const BAD_DIGEST = refusal({ status: 400, code: 'BadDigest', message: 'The digest does not match what was sent.' });
const ENTITY_TOO_SMALL = refusal({ status: 400, code: 'EntityTooSmall', message: 'A part is too small.' });
const INVALID_PART = refusal({
  status: 400,
  code: 'InvalidPart',
  message: 'A part was not found or has another ETag.',
});
const NO_SUCH_UPLOAD = refusal({ status: 404, code: 'NoSuchUpload', message: 'The upload does not exist.' });
const PRECONDITION_FAILED = refusal({ status: 412, code: 'PreconditionFailed', message: 'The object exists already.' });
