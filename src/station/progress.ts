// How far a load is, for the people who watch: rate over the last seconds and time left.

import { SECOND_MS } from '#language/units.ts';
import type { BayStatus } from '#protocol/control.ts';
import type { LoaderProgress } from './supervise-load.ts';

/** A bay's progress as `status` shows it. */
export type Progress = NonNullable<BayStatus['progress']>;

/** Turns reports into progress. */
export interface ProgressMeter {
  report(progress: LoaderProgress): Progress;
}

const WINDOW_MS = 10 * SECOND_MS;

/** Makes a meter; `nowMs` is a monotonic clock in milliseconds. */
export const createProgressMeter = (nowMs: () => number): ProgressMeter => {
  const samples: { readonly atMs: number; readonly sentBytes: number }[] = [];
  return {
    report: ({ found, walkEnded, finished, sentBytes, bucketTrouble, current }) => {
      const atMs = nowMs();
      samples.push({ atMs, sentBytes });
      while (samples.length > 2 && atMs - (samples[0]?.atMs ?? atMs) > WINDOW_MS) samples.shift();
      const first = samples[0] ?? { atMs, sentBytes };
      const elapsedMs = atMs - first.atMs;
      const bytesPerSecond = elapsedMs === 0 ? 0 : ((sentBytes - first.sentBytes) * SECOND_MS) / elapsedMs;
      const bytesLeft = Math.max(0, found.bytes - finished.bytes);
      const secondsLeft = walkEnded && bytesPerSecond > 0 ? { secondsLeft: bytesLeft / bytesPerSecond } : {};
      return {
        found,
        walkEnded,
        finished,
        sentBytes,
        bytesPerSecond,
        ...secondsLeft,
        ...(bucketTrouble === undefined ? {} : { bucketTrouble }),
        ...(current === undefined ? {} : { current }),
      };
    },
  };
};
