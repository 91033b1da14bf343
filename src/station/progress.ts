// How far a load is, for the people who watch: rate over the last seconds, time left, and what limits the rate.

import { SECOND_MS } from '#language/units.ts';
import type { BayStatus } from '#protocol/control.ts';
import type { LoaderTime } from '#protocol/loader.ts';
import { hostBusyShare, type HostTime } from './host-time.ts';
import { judgeLimit } from './rate-limit.ts';
import type { LoaderProgress } from './supervise-load.ts';

/** A bay's progress as `status` shows it. */
export type Progress = NonNullable<BayStatus['progress']>;

/** Turns reports into progress. */
export interface ProgressMeter {
  report(progress: LoaderProgress): Progress;
}

/** What a meter needs. */
export interface MeterConfig {
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly hostTime: () => HostTime | undefined;
  /** What the file system says is in use on the volume. */
  readonly usedBytes: number;
}

interface Sample {
  readonly atMs: number;
  readonly sentBytes: number;
  readonly finishedFiles: number;
  readonly spent: LoaderTime | undefined;
  readonly host: HostTime | undefined;
}

const WINDOW_MS = 10 * SECOND_MS;

/** Makes a meter for one loader. */
export const createProgressMeter = ({ nowMs, hostTime, usedBytes }: MeterConfig): ProgressMeter => {
  const samples: Sample[] = [];
  let formerBytes: number | undefined;
  return {
    report: ({ found, walkEnded, finished, sentBytes, bucketTrouble, current, spent }) => {
      const to: Sample = { atMs: nowMs(), sentBytes, finishedFiles: finished.files, spent, host: hostTime() };
      samples.push(to);
      while (samples.length > 2 && to.atMs - (samples[0]?.atMs ?? to.atMs) > WINDOW_MS) samples.shift();
      const from = samples[0] ?? to;
      const bytesPerSecond = perSecond(to.sentBytes - from.sentBytes, from, to);
      // Until the walk has met everything, what is in use is the better guess; after it, the walk knows.
      const allBytes = walkEnded ? found.bytes : Math.max(found.bytes, usedBytes);
      // The first report comes before the first file: what it calls finished was finished by former loaders.
      formerBytes ??= finished.bytes;
      const doneBytes = finished.bytes + Math.max(0, sentBytes - (finished.bytes - formerBytes));
      const bytesLeft = Math.max(0, allBytes - doneBytes);
      const limitedBy = limitOf(from, to);
      return {
        found,
        walkEnded,
        finished,
        sentBytes,
        doneBytes,
        bytesPerSecond,
        filesPerSecond: perSecond(to.finishedFiles - from.finishedFiles, from, to),
        usedBytes,
        ...(bytesPerSecond > 0 ? { secondsLeft: bytesLeft / bytesPerSecond } : {}),
        ...(limitedBy === undefined ? {} : { limitedBy }),
        ...(bucketTrouble === undefined ? {} : { bucketTrouble }),
        ...(current === undefined ? {} : { current }),
      };
    },
  };
};

const perSecond = (growth: number, from: Sample, to: Sample): number =>
  to.atMs === from.atMs ? 0 : (growth * SECOND_MS) / (to.atMs - from.atMs);

const limitOf = (from: Sample, to: Sample): Progress['limitedBy'] => {
  if (from.spent === undefined || to.spent === undefined) return undefined;
  const hostBusy = hostBusyShare(from.host, to.host);
  return judgeLimit({
    elapsedMs: to.atMs - from.atMs,
    from: from.spent,
    to: to.spent,
    ...(hostBusy === undefined ? {} : { hostBusy }),
  });
};
