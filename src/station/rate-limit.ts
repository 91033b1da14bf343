// What limits the rate of a load now, judged from where the time of its loader went.

import type { BayStatus } from '#protocol/control.ts';
import type { LoaderTime } from '#protocol/loader.ts';

/** What limits a load. */
export type RateLimit = NonNullable<NonNullable<BayStatus['progress']>['limitedBy']>;

/** Two looks at a loader and its host, and what lies between them. */
export interface TimeWindow {
  readonly elapsedMs: number;
  readonly from: LoaderTime;
  readonly to: LoaderTime;
  /** Share of the host's processors that was at work, from 0 to 1; absent where it is not known. */
  readonly hostBusy?: number;
}

/** Ours: shares of the time from which on a thread, or the whole host, has no time left. */
const THREAD_IS_FULL = 0.85;
const HOST_IS_FULL = 0.95;

/** Names what limits the rate; undefined where too little time lies between the looks. */
export const judgeLimit = ({ elapsedMs, from, to, hostBusy = 0 }: TimeWindow): RateLimit | undefined => {
  const readingMs = to.readingMs - from.readingMs;
  const sendingMs = to.sendingMs - from.sendingMs;
  if (elapsedMs <= 0 || readingMs + sendingMs <= 0) return undefined;
  if ((to.mainBusyMs - from.mainBusyMs) / elapsedMs >= THREAD_IS_FULL) return 'cpu';
  // However busy the host is: an answer is waited for.
  if (sendingMs >= readingMs) return 'bucket';
  // The threads read and hash: where they compute all the time, or wait for their turn on a host that has no time left,
  // the drive is not what they wait for.
  if (hostBusy >= HOST_IS_FULL) return 'cpu';
  const readerShare = (to.readerCpuMs - from.readerCpuMs) / (readingMs * to.readerThreads);
  return readerShare >= THREAD_IS_FULL ? 'cpu' : 'drive';
};
