// The bucket of a load: what goes out for every file and every part takes the hot lane, everything else the SDK. Both lanes
// fulfil one contract and are told apart by nothing but their speed.

import type { Bucket, BucketAccess, BucketProblem, PartRequest, PutRequest } from './contract.ts';
import { guarded, type Answer } from './guarded.ts';
import { encodeSegment } from '#object/object-url.ts';
import { createHotLane, type HotLane } from './hot-request.ts';
import type { HttpAnswer } from './http-answer.ts';
import { FIRST_FAILURE_STATUS } from './wire-rules.ts';
import { createBucketState, sendPartChecked, type PartAnswer, type PartDigest } from './part-digest.ts';
import { ENCRYPTION_HEADER, encryptionHeaders, propertyHeaders } from './property-headers.ts';
import { judgeStored } from './judge-stored.ts';
import { refusal } from './translate.ts';

/** The bucket that `access` names. Nothing is asked of it yet. Dispose of it: it keeps connections open. */
export const createHotBucket = (access: BucketAccess): Bucket => {
  const hot = createHotLane(access);
  const encryption = encryptionHeaders(access);
  const state = createBucketState();
  // Only where something asks for it: the SDK costs a fifth of a second and 50 MiB, and most drives never need it.
  let loading: Promise<Bucket> | undefined;
  const sdk = (): Promise<Bucket> =>
    (loading ??= import('./sdk-bucket.ts').then(({ createSdkBucket }) => createSdkBucket(access, state)));
  return {
    putObject: (request, signal) => guarded(signal, () => putObject({ hot, encryption }, request, signal)),
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

const putObject = async (
  { hot, encryption }: { readonly hot: HotLane; readonly encryption: Readonly<Record<string, string>> },
  { key, body, md5, sha256, properties, refuseExisting }: PutRequest,
  signal: AbortSignal,
): Answer<object> => {
  const headers = propertyHeaders(properties);
  headers['content-md5'] = Buffer.from(md5).toString('base64');
  if (refuseExisting) headers['if-none-match'] = '*';
  Object.assign(headers, encryption);
  const answer = await hot.put({ key, query: '', headers, body, sha256 }, signal);
  const refused = refusalIn(answer);
  if (refused !== undefined) return refused;
  return judgeStored({ etag: answer.headers['etag'], encryption: answer.headers[ENCRYPTION_HEADER] }, md5);
};

const sendPart = async (
  hot: HotLane,
  { key, uploadId, partNumber, body, sha256 }: PartRequest,
  digest: PartDigest,
  signal: AbortSignal,
): Answer<PartAnswer> => {
  const query = `partNumber=${String(partNumber)}&uploadId=${encodeSegment(uploadId)}`;
  const headers = 'crc32' in digest ? { 'x-amz-checksum-crc32': digest.crc32 } : { 'content-md5': digest.md5 };
  const answer = await hot.put({ key, query, headers, body, sha256 }, signal);
  return (
    refusalIn(answer) ?? {
      kind: 'ok',
      etag: answer.headers['etag'],
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
