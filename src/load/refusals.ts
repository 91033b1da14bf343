// What a refusal of the bucket means for a file and for the load (decision 11).

import type { Bucket, BucketProblem } from '#bucket/contract.ts';
import { FIRST_FAILURE_STATUS } from '#bucket/wire-rules.ts';
import type { ObjectProperties } from '#object/contract.ts';
import type { RequestGate } from './request-gate.ts';
import type { StopSwitch } from './stop-switch.ts';

/** A row with S3's status and code, or none: then the load stops. */
export type Refused =
  { readonly kind: 'row'; readonly status: number; readonly code: string } | { readonly kind: 'left' };

/** Judges refusals. */
export interface Refusals {
  judge(problem: BucketProblem, properties: ObjectProperties, signal: AbortSignal): Promise<Refused>;
}

/** What judging needs. */
export interface RefusalsConfig {
  readonly bucket: Bucket;
  readonly requests: RequestGate;
  readonly stopSwitch: StopSwitch;
  /** A key under the job's prefix that nothing is ever written to. */
  readonly probeKey: string;
  /** What the words of a hold name: bucket, region, keyId. */
  readonly details: Readonly<Record<string, string>>;
}

/** A failed row needs a status of failure: a broken connection has none, and an error may come with a status of success. */
const NO_ANSWER_STATUS = 500;

/** Makes the judge of one load. */
export const createRefusals = ({ bucket, requests, stopSwitch, probeKey, details }: RefusalsConfig): Refusals => {
  const stop = ({ holdCode = 'BucketUnreachable', message }: BucketProblem): Refused => {
    stopSwitch.stop({ code: holdCode, message, details: { ...details, message } });
    return { kind: 'left' };
  };
  const probe = sharedAfterwards((properties: ObjectProperties, signal: AbortSignal) =>
    requests.run(() => bucket.probe({ key: probeKey, properties }, signal)),
  );
  return {
    judge: async (problem, properties, signal) => {
      switch (problem.scope) {
        case 'bucket':
          return stop(problem);
        case 'access-denied': {
          const answer = await probe(properties, signal);
          return answer.kind === 'ok' ? rowOf(problem) : stop({ holdCode: 'AccessDenied', ...answer });
        }
        case 'file':
        case 'transient':
          return rowOf(problem);
      }
    },
  };
};

const rowOf = ({ status, code }: BucketProblem): Refused => ({
  kind: 'row',
  status: status < FIRST_FAILURE_STATUS ? NO_ANSWER_STATUS : status,
  code,
});

/**
 * Shares one call among all who ask while another is under way: each gets the result of a call that began after it
 * asked, so that a refusal is never judged by what was true before it.
 */
const sharedAfterwards = <Arguments extends readonly unknown[], Result>(
  call: (...parameters: Arguments) => Promise<Result>,
): ((...parameters: Arguments) => Promise<Result>) => {
  let running: Promise<unknown> | undefined;
  let next: Promise<Result> | undefined;
  const begin = (...parameters: Arguments): Promise<Result> => {
    const result = call(...parameters);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    running = settled;
    void settled.then(() => {
      if (running === settled) running = undefined;
    });
    return result;
  };
  return (...parameters) => {
    if (running === undefined) return begin(...parameters);
    next ??= running.then(() => {
      next = undefined;
      return begin(...parameters);
    });
    return next;
  };
};
