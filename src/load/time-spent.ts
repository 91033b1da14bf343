// Where the time of a load goes: looked at many times a second, so that nothing of it lies on the way of the files.

import { performance } from 'node:perf_hooks';
import { sleptMs } from '#bucket/gathering.ts';
import type { LoaderTime } from '#protocol/loader.ts';

/** What is looked at. */
export interface TimeSpentConfig {
  readonly requests: { readonly activeCount: number; readonly concurrency: number };
  readonly reader: { readonly openQuestions: number; readonly threads: number; readonly cpuMs: number };
}

/** Counts until it is disposed. */
export interface TimeSpent extends Disposable {
  spent(): LoaderTime;
}

const LOOK_EVERY_MS = 25;

/** Starts counting. */
export const startTimeSpent = ({ requests, reader }: TimeSpentConfig): TimeSpent => {
  let readingMs = 0;
  let sendingMs = 0;
  let lastMs = performance.now();
  const atStart = performance.eventLoopUtilization();
  const sleptAtStartMs = sleptMs();
  const look = (): void => {
    const nowMs = performance.now();
    const passedMs = nowMs - lastMs;
    lastMs = nowMs;
    const { activeCount, concurrency } = requests;
    // Every request is taken, or nothing is left to read: the bucket is waited for. Everything else waits for the drive,
    // the walk over its folders too.
    if (activeCount >= concurrency || (activeCount > 0 && reader.openQuestions === 0)) sendingMs += passedMs;
    else readingMs += passedMs;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    spent: () => ({
      readingMs,
      sendingMs,
      // The loop takes for work what the thread sleeps outside of it.
      mainBusyMs: performance.eventLoopUtilization(atStart).active - (sleptMs() - sleptAtStartMs),
      readerCpuMs: reader.cpuMs,
      readerThreads: reader.threads,
    }),
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
};
