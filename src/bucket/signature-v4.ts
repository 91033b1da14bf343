// AWS Signature Version 4 in the Authorization header (AWS, "Signature Calculations for the Authorization Header"): pure.
// The SDK's own signer is right too, and takes several times the processor's time.

import { createHmac, hash } from 'node:crypto';

import type { Secret } from '#language/secret.ts';

/** Who signs. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly region: string;
  readonly service: string;
}

/** What is signed. */
export interface RequestToSign {
  readonly method: string;
  /** As it is sent: every character percent-encoded that has to be. */
  readonly path: string;
  /** `name=value` pairs, encoded, sorted by name, joined by `&`. */
  readonly query: string;
  /** Names in lower case; `host` and `x-amz-date` among them. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
  /** `20260105T090000Z` */
  readonly dateTime: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const DAY_LENGTH = 'YYYYMMDD'.length;

/** Makes a function that gives the value of `Authorization`; the key of a day is derived once. */
export const createSignatureV4 = ({
  accessKeyId,
  secretAccessKey,
  region,
  service,
}: Signer): ((request: RequestToSign) => string) => {
  let keyDay = '';
  let key: Buffer = Buffer.alloc(0);
  const keyOf = (day: string): Buffer => {
    if (day !== keyDay) {
      const dayKey = hmac(`AWS4${secretAccessKey.reveal()}`, day);
      key = hmac(hmac(hmac(dayKey, region), service), 'aws4_request');
      keyDay = day;
    }
    return key;
  };
  return (request) => {
    const { dateTime } = request;
    const day = dateTime.slice(0, DAY_LENGTH);
    const scope = `${day}/${region}/${service}/aws4_request`;
    const { canonical, signedHeaders } = canonicalRequest(request);
    const toSign = `${ALGORITHM}\n${dateTime}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', keyOf(day)).update(toSign).digest('hex');
    return `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  };
};

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The canonical request and the list of its headers. */
export const canonicalRequest = ({
  method,
  path,
  query,
  headers,
  payloadHash,
}: Omit<RequestToSign, 'dateTime'>): { readonly canonical: string; readonly signedHeaders: string } => {
  const names = Object.keys(headers).toSorted();
  const lines = names.map((name) => `${name}:${trimmed(headers[name] ?? '')}\n`).join('');
  const signedHeaders = names.join(';');
  return { canonical: `${method}\n${path}\n${query}\n${lines}\n${signedHeaders}\n${payloadHash}`, signedHeaders };
};

// Most values have nothing to be trimmed.
const trimmed = (value: string): string => (/^\s|\s$|\s\s/u.test(value) ? value.trim().replace(/\s+/gu, ' ') : value);

/** A time as the signature has it, to the second. */
export const signatureDate = (date: Date): string => `${date.toISOString().replace(/[-:]|\.\d{3}/gu, '')}`;
