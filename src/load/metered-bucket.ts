// Looks at each request that carries a file or a part, and adapts how many of them may be open, and how many bytes may be
// held for them, to what the bucket makes of it.

import type { Bucket } from '#bucket/contract.ts';
import { createRequestTuner, REQUESTS_PER_LOOK } from './request-tuner.ts';

/** What is adapted. */
export interface MeteredConfig {
  readonly requests: { concurrency: number; readonly pendingCount: number };
  readonly pool: { allowedBytes: number; readonly isShort: boolean };
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** Memory for each request that may be open, so that what is held follows what is sent. */
  readonly bytesPerRequest: number;
  readonly nowMs: () => number;
}

/** For a bucket next door this is enough, and one further away gets more within a second. */
const FIRST_REQUESTS = 16;
const LOOK_AFTER_MS = 100;
const LOOK_WHILE_GROWING_AFTER_MS = 30;
const LOOK_AT_LAST_AFTER_MS = 2000;

type Sent = Awaited<ReturnType<Bucket['putObject'] | Bucket['uploadPart']>>;

interface Seen {
  requests: number;
  bytes: number;
  latencyMs: number;
  slowDowns: number;
  heldBack: number;
  all: number;
}

const noneSeen = (): Seen => ({ requests: 0, bytes: 0, latencyMs: 0, slowDowns: 0, heldBack: 0, all: 0 });

/** Wraps a bucket; its other calls are rare and pass as they are. */
export const createMeteredBucket = (bucket: Bucket, config: MeteredConfig): Bucket => {
  const { requests, pool, maxRequests, maxBytes, bytesPerRequest, nowMs } = config;
  const tuner = createRequestTuner({ first: FIRST_REQUESTS, most: maxRequests });
  const adapt = (): void => {
    requests.concurrency = tuner.limit;
    pool.allowedBytes = Math.min(maxBytes, tuner.limit * bytesPerRequest);
  };
  adapt();
  // The first look covers the start of the load, so that its rate is low and a first doubling is nearly always kept.
  let sinceMs: number | undefined = nowMs();
  /** Answers to requests that were begun before it tell of the limit before this one. */
  let steppedMs = sinceMs;
  let seen = noneSeen();
  const look = (atMs: number, passedMs: number): void => {
    const isEnough = seen.all >= tuner.limit * REQUESTS_PER_LOOK || passedMs >= LOOK_AT_LAST_AFTER_MS;
    if (passedMs < (tuner.isGrowing ? LOOK_WHILE_GROWING_AFTER_MS : LOOK_AFTER_MS) || !isEnough) return;
    const formerLimit = tuner.limit;
    tuner.observe({
      seconds: passedMs / 1000,
      requests: seen.requests,
      bytes: seen.bytes,
      latencyMs: seen.latencyMs / seen.all,
      slowDowns: seen.slowDowns,
      heldBack: seen.heldBack / seen.all,
    });
    seen = noneSeen();
    if (tuner.limit === formerLimit) {
      sinceMs = atMs;
      return;
    }
    sinceMs = undefined;
    steppedMs = atMs;
    adapt();
  };
  const metered = async <Answer extends Sent>(
    bytes: number,
    beganMs: number,
    asked: Promise<Answer>,
  ): Promise<Answer> => {
    const answer = await asked;
    const endedMs = nowMs();
    if (beganMs < steppedMs) return answer;
    if (sinceMs === undefined) {
      sinceMs = endedMs;
      return answer;
    }
    seen.all += 1;
    seen.latencyMs += endedMs - beganMs;
    if (requests.pendingCount > 0 || pool.isShort) seen.heldBack += 1;
    if (answer.kind === 'ok') {
      seen.requests += 1;
      seen.bytes += bytes;
    } else if (answer.isThrottling === true) seen.slowDowns += 1;
    look(endedMs, endedMs - sinceMs);
    return answer;
  };
  return {
    ...bucket,
    putObject: (request, signal) => metered(request.body.byteLength, nowMs(), bucket.putObject(request, signal)),
    uploadPart: (request, signal) => metered(request.body.byteLength, nowMs(), bucket.uploadPart(request, signal)),
  };
};
