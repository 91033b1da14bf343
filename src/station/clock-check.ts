// Before a load starts: does this host's clock agree with the bucket's? If not, no load starts on the whole station, so
// that no row of any log carries a false time.

import type { BucketAccess } from '#bucket/contract.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { hold, type Hold } from './hold.ts';
import { inTime } from './in-time.ts';

/** Our clock against the Date of a bucket's answer, in milliseconds; undefined or NaN where none came. */
export type ClockSkew = (access: BucketAccess, signal: AbortSignal) => Promise<number | undefined>;

/** The station's watch on its clock. */
export interface ClockCheck {
  /** Asks this bucket, and again those that disagreed; a hold while any of them does. */
  check(access: BucketAccess, signal: AbortSignal): Promise<Hold | undefined>;
  /** The hold of the whole station, as it was found last. */
  hold(): Hold | undefined;
}

/** Largest difference that is let pass. */
export const MAX_SKEW_MS: number = 5 * MINUTE_MS;

/** How long a bucket may think about it: nobody is told meanwhile what the bay waits for. */
const ANSWER_MS = 10 * SECOND_MS;

/** Makes the watch; it asks nothing by itself. */
export const createClockCheck = (clockSkewMs: ClockSkew, answerMs: number = ANSWER_MS): ClockCheck => {
  const disagreeing = new Map<string, { readonly access: BucketAccess; readonly hold: Hold }>();
  const ask = async (access: BucketAccess, signal: AbortSignal): Promise<void> => {
    const key = `${access.endpoint ?? ''} ${access.bucket}`;
    const skewMs = await inTime(answerMs, (late) => clockSkewMs(access, late), signal);
    // A bucket that does not answer says nothing of the clock; the load meets its trouble itself.
    if (skewMs === undefined || !(Math.abs(skewMs) > MAX_SKEW_MS)) {
      disagreeing.delete(key);
      return;
    }
    const minutes = String(Math.round(Math.abs(skewMs) / MINUTE_MS));
    disagreeing.set(key, { access, hold: hold('ClockOff', { bucket: access.bucket, minutes }) });
  };
  const current = (): Hold | undefined => disagreeing.values().next().value?.hold;
  return {
    check: async (access, signal) => {
      const others = [...disagreeing.values()]
        .map((one) => one.access)
        .filter(({ bucket }) => bucket !== access.bucket);
      for (const one of [access, ...others]) await ask(one, signal);
      return current();
    },
    hold: current,
  };
};
