// The lanes that a bucket can have, and what the suites on them send.

import { createHash } from 'node:crypto';
import { createHotBucket } from '#bucket/hot-bucket.ts';
import { createSdkBucket } from '#bucket/sdk-bucket.ts';
import type { ObjectProperties } from '#object/contract.ts';

/** Each fulfils the same contract. */
export const LANES = [
  { lane: 'SDK lane', open: createSdkBucket },
  { lane: 'hot lane', open: createHotBucket },
] as const;

/** Properties of an object of which the manifest says nothing. */
export const PLAIN: ObjectProperties = { contentType: 'text/plain', metadata: {} };
/** A body. */
export const HELLO: Buffer = Buffer.from('hello');
/** Its MD5. */
export const HELLO_MD5: string = createHash('md5').update(HELLO).digest('hex');

/** More than any test of the suites takes. */
export const deadline = (): AbortSignal => AbortSignal.timeout(30_000);
