// One call to the bucket: its own outcome, a translated refusal, or the caller's reason to stop.

import type { BucketProblem } from './contract.ts';
import { translateError } from './translate.ts';

/** What every call to a bucket gives. */
export type Answer<Value> = Promise<({ readonly kind: 'ok' } & Value) | BucketProblem>;

/**
 * Runs `work` and translates what it throws.
 * Errors: `signal.reason` once the signal has stopped it, and bugs.
 */
export const guarded = async <Value>(signal: AbortSignal, work: () => Answer<Value>): Answer<Value> => {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    return explain(error, signal);
  }
};

/** What a request failed of: a request that was cut off fails in many ways; why it was cut off is all that counts. */
export const explain = (error: unknown, signal: AbortSignal): BucketProblem => {
  signal.throwIfAborted();
  return translateError(error);
};
