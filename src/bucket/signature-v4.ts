// AWS Signature Version 4 in the Authorization header (AWS, "Signature Calculations for the Authorization Header"): pure.
// The SDK's own signer is right too, and takes several times the processor's time.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';

import type { Secret } from '#language/secret.ts';

/** Who signs. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const DAY_LENGTH = 'YYYYMMDD'.length;

/** Gives the value of `Authorization` for a canonical request. */
export type SignatureV4 = (
  canonical: string,
  named: {
    readonly signedHeaders: string;
    /** `20260105T090000Z` */
    readonly dateTime: string;
  },
) => string;

/** Makes it; the key of a day is derived once. */
export const createSignatureV4 = ({ accessKeyId, secretAccessKey, region, service }: Signer): SignatureV4 => {
  let keyDay = '';
  let hmacOfDay = createHmacSha256(Buffer.alloc(0));
  const hmacOn = (day: string): HmacSha256 => {
    if (day !== keyDay) {
      let key = Buffer.from(`AWS4${secretAccessKey.reveal()}`, 'utf8');
      for (const part of [day, region, service, 'aws4_request']) key = Buffer.from(createHmacSha256(key)(part), 'hex');
      hmacOfDay = createHmacSha256(key);
      keyDay = day;
    }
    return hmacOfDay;
  };
  return (canonical, { dateTime, signedHeaders }) => {
    const day = dateTime.slice(0, DAY_LENGTH);
    const scope = `${day}/${region}/${service}/aws4_request`;
    const toSign = `${ALGORITHM}\n${dateTime}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = hmacOn(day)(toSign);
    return `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  };
};

type HmacSha256 = (text: string) => string;

const HASH_BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const MAX_TEXT_BYTES = 1024;

/** HMAC-SHA256 (RFC 2104) of one key and many short texts, in hex: two plain hashes take half the time of an Hmac object. */
const createHmacSha256 = (key: Buffer): HmacSha256 => {
  const shortKey = key.byteLength > HASH_BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const inner = Buffer.alloc(HASH_BLOCK_BYTES + MAX_TEXT_BYTES);
  const outer = Buffer.alloc(HASH_BLOCK_BYTES + HASH_BYTES);
  for (let place = 0; place < HASH_BLOCK_BYTES; place += 1) {
    const byte = shortKey[place] ?? 0;
    inner[place] = byte ^ INNER_PAD;
    outer[place] = byte ^ OUTER_PAD;
  }
  return (text) => {
    const bytes = Buffer.byteLength(text, 'utf8');
    if (bytes > MAX_TEXT_BYTES) throw new RangeError(`A text to sign has at most ${String(MAX_TEXT_BYTES)} bytes`);
    inner.write(text, HASH_BLOCK_BYTES, 'utf8');
    // By way of a text: a buffer that the hash makes itself costs twice the hash.
    outer.write(hash('sha256', inner.subarray(0, HASH_BLOCK_BYTES + bytes), 'binary'), HASH_BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'hex');
  };
};

/** What many requests have in common: sorting their headers costs as much as a signature. */
export interface RequestForm {
  readonly method: string;
  /** Names in lower case; `host` and `x-amz-date` among them. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the headers that are each request's own, sorted. */
  readonly open: readonly string[];
}

/** What one of them has of its own. */
export interface FormValues {
  /** As it is sent: every character percent-encoded that has to be. */
  readonly path: string;
  /** `name=value` pairs, encoded, sorted by name, joined by `&`. */
  readonly query: string;
  /** SHA-256 of the body in hex, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  /** One for each open name, without blanks at its ends. */
  readonly values: readonly string[];
}

/** The canonical request of a form: all but what is open is put together once. */
export const canonicalForm = ({
  method,
  headers,
  open,
}: RequestForm): { readonly fill: (values: FormValues) => string; readonly signedHeaders: string } => {
  assert.deepEqual(open, open.toSorted(), 'values come in the order of the names');
  const names = [...Object.keys(headers), ...open].toSorted();
  const signedHeaders = names.join(';');
  // What stands before each open value.
  const before: string[] = [];
  let text = '';
  for (const name of names) {
    text += `${name}:`;
    if (open.includes(name)) {
      before.push(text);
      text = '\n';
    } else text += `${trimmed(headers[name] ?? '')}\n`;
  }
  const rest = `${text}\n${signedHeaders}\n`;
  return {
    fill: ({ path, query, values, payloadHash }) => {
      let canonical = `${method}\n${path}\n${query}\n`;
      for (let place = 0; place < before.length; place += 1)
        canonical += `${before[place] ?? ''}${values[place] ?? ''}`;
      return `${canonical}${rest}${payloadHash}`;
    },
    signedHeaders,
  };
};

// Most values have nothing to be trimmed.
const trimmed = (value: string): string => (/^\s|\s$|\s\s/u.test(value) ? value.trim().replace(/\s+/gu, ' ') : value);

/** A time as the signature has it, to the second. */
export const signatureDate = (date: Date): string => `${date.toISOString().replace(/[-:]|\.\d{3}/gu, '')}`;
