// One signed request of the hot lane over a keep-alive connection, and its answer: what the SDK does for PutObject and
// UploadPart, without the work that it does around it.
//
// INVARIANTS
// - One request a call, no retry; it ends with its answer, its time limit, or the signal.
// - Over plain http the SHA-256 of the body is part of the signature; TLS protects the body already.

import { hash } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { KIB } from '#language/units.ts';
import { encodeSegment, objectUrl } from '#object/object-url.ts';
import type { BucketAccess } from './contract.ts';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS, MAX_SOCKETS, requestTimeoutMs } from './s3-client.ts';
import { createSignatureV4, signatureDate } from './signature-v4.ts';

/** A request for an object of the bucket. */
export interface HotRequest {
  readonly key: string;
  /** Encoded and sorted; empty for none. */
  readonly query: string;
  /** Names in lower case; values as text, which goes out as UTF-8. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An answer, of whatever status. */
export interface HotAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The first 64 KiB. */
  readonly body: string;
}

/** Puts things into one bucket. */
export interface HotLane extends Disposable {
  /** Errors: those of the connection, with their code; `TimeoutError`; the signal's. */
  put(request: HotRequest, signal: AbortSignal): Promise<HotAnswer>;
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const UNSIGNED_HEADERS = { 'user-agent': 'import-station' };
const MAX_ANSWER_BYTES = 64 * KIB;

/** Opens the lane; nothing is asked yet. */
export const createHotLane = (access: BucketAccess): HotLane => {
  const place = placeOf(access);
  const sign = createSignatureV4({ ...access, service: 's3' });
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: CONNECT_TIMEOUT_MS };
  const authority = access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority };
  const agent = place.isEncrypted ? new HttpsAgent({ ...settings, ...authority }) : new HttpAgent(settings);
  const send = place.isEncrypted ? httpsRequest : httpRequest;
  const always: Readonly<Record<string, string>> = {
    host: place.host,
    ...(access.sessionToken === undefined ? {} : { 'x-amz-security-token': access.sessionToken.reveal() }),
    ...(access.expectedBucketOwner === undefined ? {} : { 'x-amz-expected-bucket-owner': access.expectedBucketOwner }),
  };
  return {
    put: ({ key, query, headers, body }, signal) => {
      const path = place.path + key.split('/').map(encodeSegment).join('/');
      const dateTime = signatureDate(new Date());
      const payloadHash = place.isEncrypted ? UNSIGNED : hash('sha256', body, 'hex');
      const signed = { ...always, ...headers, 'x-amz-date': dateTime, 'x-amz-content-sha256': payloadHash };
      const authorization = sign({ method: 'PUT', path, query, headers: signed, payloadHash, dateTime });
      const request = send({
        agent,
        method: 'PUT',
        hostname: place.hostname,
        port: place.port,
        path: query === '' ? path : `${path}?${query}`,
        headers: asBytes({ ...signed, ...UNSIGNED_HEADERS, authorization, 'content-length': String(body.byteLength) }),
        signal,
      });
      return answerTo(request, body);
    },
    [Symbol.dispose]: () => {
      agent.destroy();
    },
  };
};

interface Place {
  readonly isEncrypted: boolean;
  readonly hostname: string;
  readonly port: string;
  /** As the Host header has it. */
  readonly host: string;
  /** What stands before the key. */
  readonly path: string;
}

const placeOf = ({ bucket, region, endpoint, forcePathStyle }: BucketAccess): Place => {
  const address = { bucket, region, forcePathStyle, ...(endpoint === undefined ? {} : { endpoint }) };
  const { protocol, hostname, port, host, pathname } = new URL(objectUrl({ ...address, key: '' }));
  return {
    isEncrypted: protocol === 'https:',
    // Brackets belong to the URL, not to the address.
    hostname: hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>'),
    port,
    host,
    path: pathname,
  };
};

/** After the signature, which covers UTF-8: Node writes a header's characters as single bytes. */
const asBytes = (headers: Readonly<Record<string, string>>): Record<string, string> => {
  const bytes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    bytes[name] = isAscii(value) ? value : Buffer.from(value, 'utf8').toString('latin1');
  }
  return bytes;
};

const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/u.test(text);

const answerTo = (request: ClientRequest, body: Uint8Array): Promise<HotAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<HotAnswer>();
  const limit = setTimeout(() => {
    request.destroy(timeoutError('the request took too long'));
  }, requestTimeoutMs(body.byteLength));
  request.setTimeout(IDLE_TIMEOUT_MS, () => {
    request.destroy(timeoutError('the connection was silent'));
  });
  // A connection may fail more than once; the first word counts.
  request.on('error', reject);
  request.once('response', (response) => {
    response.on('error', reject);
    collect(response, resolve, reject);
  });
  request.end(body);
  return promise.finally(() => {
    clearTimeout(limit);
  });
};

const collect = (
  response: IncomingMessage,
  resolve: (answer: HotAnswer) => void,
  reject: (error: Error) => void,
): void => {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    if (size < MAX_ANSWER_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  response.once('close', () => {
    reject(Object.assign(new Error('The answer was cut off'), { code: 'ECONNRESET' }));
  });
  response.once('end', () => {
    if (!response.complete) return;
    const headers = response.headers as Readonly<Record<string, string | undefined>>;
    const text = size === 0 ? '' : Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
    resolve({ status: response.statusCode ?? 0, headers, body: text });
  });
};

const timeoutError = (message: string): Error => Object.assign(new Error(message), { name: 'TimeoutError' });
