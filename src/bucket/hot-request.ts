// One signed request of the hot lane and its answer: what the SDK does for PutObject and UploadPart, without the work that
// it does around it.
//
// INVARIANTS
// - One request a call, no retry; it ends with its answer, its time limit, or the signal.
// - Over plain http the SHA-256 of the body is part of the signature, unless the account trusts the network; TLS protects
//   the body already.

import { hash } from 'node:crypto';

import { SECOND_MS } from '#language/units.ts';
import { encodeKey, objectUrl } from '#object/object-url.ts';
import type { BucketAccess } from './contract.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { HttpPlace } from './http-connection.ts';
import { createHttpPool } from './http-pool.ts';
import { isBodySigned, MAX_SOCKETS } from './wire-rules.ts';
import { canonicalForm, createSignatureV4, signatureDate } from './signature-v4.ts';

/** A request for an object of the bucket. */
export interface HotRequest {
  readonly key: string;
  /** Encoded and sorted; empty for none. */
  readonly query: string;
  /**
   * Names in lower case; values as text, which goes out as UTF-8. Never changed: requests that are given the same object share
   * what is made of it.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** Header that says what the body is to be. */
  readonly digestName: 'content-md5' | 'x-amz-checksum-crc32';
  readonly digest: string;
  readonly body: Uint8Array;
  /** SHA-256 of the body in hex, where it is known already. */
  readonly sha256: string | undefined;
}

/** Puts things into one bucket. */
export interface HotLane extends Disposable {
  /** Errors: those of the connection, with their code; MalformedAnswer; `TimeoutError`; the signal's. */
  put(request: HotRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';

const PAYLOAD_HASH = 'x-amz-content-sha256';

/** What requests with the same headers have in common within a second. */
interface Form {
  readonly dateTime: string;
  readonly digestName: string;
  readonly canonical: ReturnType<typeof canonicalForm>;
  /** Lines of the head. */
  readonly lines: string;
}

/** Opens the lane; nothing is asked yet. */
export const createHotLane = (access: BucketAccess): HotLane => {
  const place = placeOf(access);
  const sign = createSignatureV4({ ...access, service: 's3' });
  const pool = createHttpPool(place, MAX_SOCKETS);
  const isSigned = isBodySigned(access);
  const always: Readonly<Record<string, string>> = {
    host: place.host,
    ...(access.sessionToken === undefined ? {} : { 'x-amz-security-token': access.sessionToken.reveal() }),
    ...(access.expectedBucketOwner === undefined ? {} : { 'x-amz-expected-bucket-owner': access.expectedBucketOwner }),
  };
  const dateOf = createDates();
  const forms = new WeakMap<HotRequest['headers'], Form>();
  const formOf = ({ headers, digestName }: HotRequest): Form => {
    const dateTime = dateOf(Date.now());
    const former = forms.get(headers);
    if (former?.dateTime === dateTime && former.digestName === digestName) return former;
    const given = { ...always, ...headers, 'x-amz-date': dateTime };
    const canonical = canonicalForm({ method: 'PUT', headers: given, open: [digestName, PAYLOAD_HASH] });
    const lines = Object.entries({ ...given, 'user-agent': 'import-station' }).map(
      ([name, value]) => `${name}: ${asBytes(value)}\r\n`,
    );
    const form = { dateTime, digestName, canonical, lines: lines.join('') };
    forms.set(headers, form);
    return form;
  };
  const headOf = (request: HotRequest): string => {
    const { key, query, digestName, digest, body, sha256 } = request;
    const path = `${place.path}${encodeKey(key)}`;
    const payloadHash = isSigned ? (sha256 ?? hash('sha256', body, 'hex')) : UNSIGNED;
    const { dateTime, canonical, lines } = formOf(request);
    const { fill, signedHeaders } = canonical;
    const filled = fill({ path, query, values: [digest, payloadHash], payloadHash });
    const authorization = sign(filled, { dateTime, signedHeaders });
    const target = query === '' ? path : `${path}?${query}`;
    return (
      `PUT ${target} HTTP/1.1\r\n${lines}${digestName}: ${digest}\r\n${PAYLOAD_HASH}: ${payloadHash}\r\n` +
      `authorization: ${authorization}\r\ncontent-length: ${String(body.byteLength)}\r\n\r\n`
    );
  };
  return {
    put: (request, signal) => pool.send(() => ({ head: headOf(request), body: request.body }), signal),
    [Symbol.dispose]: () => {
      pool[Symbol.dispose]();
    },
  };
};

// A date is the same for all requests of a second.
const createDates = (): ((nowMs: number) => string) => {
  let second = Number.NaN;
  let text = '';
  return (nowMs) => {
    const wanted = Math.floor(nowMs / SECOND_MS);
    if (wanted !== second) {
      second = wanted;
      text = signatureDate(new Date(nowMs));
    }
    return text;
  };
};

interface Place extends HttpPlace {
  /** As the Host header has it. */
  readonly host: string;
  /** What stands before the key. */
  readonly path: string;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const placeOf = ({ bucket, region, endpoint, forcePathStyle, certificateAuthority }: BucketAccess): Place => {
  const address = { bucket, region, forcePathStyle, ...(endpoint === undefined ? {} : { endpoint }) };
  const { protocol, hostname, port, host, pathname } = new URL(objectUrl({ ...address, key: '' }));
  const isEncrypted = protocol === 'https:';
  return {
    isEncrypted,
    // Brackets belong to the URL, not to the address.
    hostname: hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>'),
    port: port === '' ? (isEncrypted ? HTTPS_PORT : HTTP_PORT) : Number(port),
    host,
    path: pathname,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
  };
};

/** After the signature, which covers UTF-8: a head is written as one byte a character. A line break would end the header. */
const asBytes = (value: string): string => {
  if (PLAIN.test(value)) return value;
  if (/[\r\n\0]/u.test(value)) throw new Error('A header has no line break in its value');
  return Buffer.from(value, 'utf8').toString('latin1');
};

const PLAIN = /^[\u0020-\u007e]*$/u;
