// The SDK's client as this room uses it: no retries of its own, bounded waits, headers as they were written.

import assert from 'node:assert/strict';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { BucketAccess } from './contract.ts';
import { createBucketState, type BucketState } from './part-digest.ts';
import { encryptionHeaders } from './property-headers.ts';
import { CONNECT_TIMEOUT_MS, IDLE_TIMEOUT_MS, isBodySigned, MAX_SOCKETS, requestTimeoutMs } from './wire-rules.ts';

/** Client of one bucket. `destroy` it at the end: it holds up to 256 open connections. */
export const createS3Client = (access: BucketAccess): S3Client => {
  const client = new S3Client(clientConfig(access));
  client.middlewareStack.add(encodeHeaders, { step: 'deserialize', name: 'importStationHeaderBytes' });
  return client;
};

/** What the calls of one bucket share. */
export interface Lane {
  readonly client: S3Client;
  readonly target: BucketTarget;
  /** Headers of every request with a body. */
  readonly payloadHeaders: Readonly<Record<string, string>>;
  /** Headers of every request that makes an object or begins its upload. */
  readonly encryptionHeaders: Readonly<Record<string, string>>;
  readonly state: BucketState;
}

/** What every command names. */
export interface BucketTarget {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

/** A lane to the bucket, with a client of its own. */
export const createLane = (access: BucketAccess, state: BucketState = createBucketState()): Lane => ({
  client: createS3Client(access),
  target: bucketTarget(access),
  // TLS protects the body already: its SHA-256 in the signature would cost 8 % of the speed.
  payloadHeaders: isBodySigned(access) ? {} : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  encryptionHeaders: encryptionHeaders(access),
  state,
});

/** The bucket as commands name it; with its owner's account, where that is known, a stranger's bucket refuses. */
export const bucketTarget = (access: BucketAccess): BucketTarget => ({
  Bucket: access.bucket,
  ...(access.expectedBucketOwner === undefined ? {} : { ExpectedBucketOwner: access.expectedBucketOwner }),
});

/** A middleware of the SDK, for any command. */
type Middleware = <Step extends { readonly request: unknown }, Result>(
  next: (step: Step) => Promise<Result>,
) => (step: Step) => Promise<Result>;

/** Sends these headers with one command, in place of the SDK's own; they are signed. Add it by `HEADERS_PLACE`. */
export const withHeaders =
  (headers: Readonly<Record<string, string>>): Middleware =>
  (next) =>
  (step) => {
    Object.assign(headersOf(step.request), headers);
    return next(step);
  };

/** Where `withHeaders` belongs in a command: after the SDK's own headers, before the signature. */
export const HEADERS_PLACE = { step: 'build', name: 'importStationHeaders', priority: 'low' } as const;

// Everything that the SDK would otherwise look for in the environment and in ~/.aws, which are not the station's: the
// customer's account alone says where a file goes. The daemon's user may have no home at all.
const OWN_SETTINGS: S3ClientConfig = {
  defaultsMode: 'legacy',
  retryMode: 'standard',
  authSchemePreference: ['sigv4'],
  sigv4aSigningRegionSet: [],
  ignoreConfiguredEndpointUrls: true,
  disableMultiregionAccessPoints: true,
  disableS3ExpressSessionAuth: false,
  useArnRegion: false,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: 'import-station',
};

const clientConfig = (access: BucketAccess): S3ClientConfig => {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const authority = access.certificateAuthority === undefined ? {} : { ca: access.certificateAuthority };
  return {
    region: access.region,
    forcePathStyle: access.forcePathStyle,
    credentials: {
      accessKeyId: access.accessKeyId,
      secretAccessKey: access.secretAccessKey.reveal(),
      ...(access.sessionToken === undefined ? {} : { sessionToken: access.sessionToken.reveal() }),
    },
    ...(access.endpoint === undefined ? {} : { endpoint: access.endpoint }),
    ...OWN_SETTINGS,
    maxAttempts: 1,
    // Every request that needs a digest carries one of ours.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With agents of ours the SDK sends the header and does not wait: refusals of large bodies then break connections.
    expectContinueHeader: false,
    // A host with a wrong clock writes false times into the log: that is a hold, not something to correct silently.
    disableClockSkewCorrection: true,
    requestHandler: {
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...authority }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs(0),
      throwOnRequestTimeout: true,
    },
  };
};

/** After the signature, which covers UTF-8: Node writes a header's characters as single bytes. */
const encodeHeaders: Middleware = (next) => (step) => {
  const headers = headersOf(step.request);
  for (const [name, value] of Object.entries(headers)) headers[name] = Buffer.from(value, 'utf8').toString('latin1');
  return next(step);
};

/** The headers of a request of the SDK, to be changed in place. */
const headersOf = (request: unknown): Record<string, string> => {
  assert(isRequest(request), 'the SDK sends requests with headers');
  return request.headers;
};

const isRequest = (request: unknown): request is { readonly headers: Record<string, string> } =>
  typeof request === 'object' &&
  request !== null &&
  'headers' in request &&
  typeof request.headers === 'object' &&
  request.headers !== null;
