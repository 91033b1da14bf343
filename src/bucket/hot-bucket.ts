// The bucket of a load: what goes out for every file and every part takes the hot lane, everything else the SDK. Both lanes
// fulfil one contract and are told apart by nothing but their speed.

import type { Bucket, BucketAccess, BucketProblem, PartRequest, PutRequest } from './contract.ts';
import { explain, guarded, type Answer } from './guarded.ts';
import type { ObjectProperties } from '#object/contract.ts';
import { encodeSegment } from '#object/object-url.ts';
import { createHotLane, type HotLane, type HotRequest } from './hot-request.ts';
import type { HttpAnswer } from './http-answer.ts';
import { FIRST_FAILURE_STATUS } from './wire-rules.ts';
import { createBucketState, sendPartChecked, type PartAnswer, type PartDigest } from './part-digest.ts';
import { ENCRYPTION_HEADER, encryptionHeaders, propertyHeaders } from './property-headers.ts';
import { judgeStored } from './judge-stored.ts';
import { refusal } from './translate.ts';

/** The bucket that `access` names. Nothing is asked of it yet. Dispose of it: it keeps connections open. */
export const createHotBucket = (access: BucketAccess): Bucket => {
  const hot = createHotLane(access);
  const headersOf = createHeaders(encryptionHeaders(access));
  const state = createBucketState();
  // Only where something asks for it: the SDK costs a fifth of a second and 50 MiB, and most drives never need it.
  let loading: Promise<Bucket> | undefined;
  const sdk = (): Promise<Bucket> =>
    (loading ??= import('./sdk-bucket.ts').then(({ createSdkBucket }) => createSdkBucket(access, state)));
  return {
    putObject: async (request, signal) => {
      signal.throwIfAborted();
      // Not by way of `guarded`, which costs a promise: there is one of these for every file.
      try {
        return judgePut(await hot.put(putOf(request, headersOf(request)), signal), request);
      } catch (error) {
        return explain(error, signal);
      }
    },
    uploadPart: (request, signal) =>
      guarded(signal, () => sendPartChecked(state, request, (digest) => sendPart(hot, request, digest, signal))),
    createUpload: async (request, signal) => (await sdk()).createUpload(request, signal),
    completeUpload: async (request, signal) => (await sdk()).completeUpload(request, signal),
    abortUpload: async (upload, signal) => (await sdk()).abortUpload(upload, signal),
    listUploads: async (key, signal) => (await sdk()).listUploads(key, signal),
    listParts: async (upload, signal) => (await sdk()).listParts(upload, signal),
    probe: async (request, signal) => (await sdk()).probe(request, signal),
    findObject: async (key, signal) => (await sdk()).findObject(key, signal),
    putFile: async (request, signal) => (await sdk()).putFile(request, signal),
    [Symbol.asyncDispose]: async () => {
      hot[Symbol.dispose]();
      if (loading !== undefined) await (await loading)[Symbol.asyncDispose]();
    },
  };
};

type Headers = Readonly<Record<string, string>>;

/** Headers of an object: the same for the same properties, whatever their number of files. */
const createHeaders = (encryption: Headers): ((request: PutRequest) => Headers) => {
  const made = {
    refusing: new WeakMap<ObjectProperties, Headers>(),
    replacing: new WeakMap<ObjectProperties, Headers>(),
  };
  return ({ properties, refuseExisting }) => {
    const known = refuseExisting ? made.refusing : made.replacing;
    const former = known.get(properties);
    if (former !== undefined) return former;
    const condition = refuseExisting ? { 'if-none-match': '*' } : {};
    const headers = { ...propertyHeaders(properties), ...condition, ...encryption };
    known.set(properties, headers);
    return headers;
  };
};

const putOf = ({ key, body, md5, sha256 }: PutRequest, headers: Headers): HotRequest => ({
  key,
  query: '',
  headers,
  digestName: 'content-md5',
  digest: Buffer.from(md5, 'hex').toString('base64'),
  body,
  sha256,
});

const judgePut = (answer: HttpAnswer, { md5 }: PutRequest): ReturnType<typeof judgeStored> =>
  refusalIn(answer) ?? judgeStored({ etag: answer.headers.etag, encryption: answer.headers[ENCRYPTION_HEADER] }, md5);

// A part has the properties of its upload.
const NO_HEADERS: Headers = {};

const sendPart = async (
  hot: HotLane,
  { key, uploadId, partNumber, body, sha256 }: PartRequest,
  digest: PartDigest,
  signal: AbortSignal,
): Answer<PartAnswer> => {
  const query = `partNumber=${String(partNumber)}&uploadId=${encodeSegment(uploadId)}`;
  const own =
    'crc32' in digest
      ? ({ digestName: 'x-amz-checksum-crc32', digest: digest.crc32 } as const)
      : ({ digestName: 'content-md5', digest: digest.md5 } as const);
  const answer = await hot.put({ key, query, headers: NO_HEADERS, ...own, body, sha256 }, signal);
  return (
    refusalIn(answer) ?? {
      kind: 'ok',
      etag: answer.headers.etag,
      crc32: answer.headers['x-amz-checksum-crc32'],
    }
  );
};

/** A refusal by its status, in S3's own words where it has some. What has a status of success is judged by its ETag. */
const refusalIn = ({ status, body }: HttpAnswer): BucketProblem | undefined => {
  if (status < FIRST_FAILURE_STATUS) return undefined;
  const isS3 = /^\s*(?:<\?xml[^>]*\?>\s*)?<Error[\s>]/u.test(body);
  const code = isS3 ? elementOf(body, 'Code') : undefined;
  const message = isS3 ? elementOf(body, 'Message') : undefined;
  return refusal({ status, code: code ?? `HTTP${String(status)}`, message: message ?? `status ${String(status)}` });
};

const elementOf = (xml: string, name: string): string | undefined => {
  const text = new RegExp(`<${name}>(?<text>[^<]*)</${name}>`, 'u').exec(xml)?.groups?.['text'];
  return text === undefined || text === '' ? undefined : decodeEntities(text);
};

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const decodeEntities = (text: string): string =>
  text.replace(
    /&(?:#x(?<hex>[0-9a-f]{1,6})|#(?<decimal>\d{1,7})|(?<name>\w+));/giu,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, HEX);
      return point <= LAST_CODE_POINT ? String.fromCodePoint(point) : whole;
    },
  );

const HEX = 16;
const LAST_CODE_POINT = 0x10ffff;
