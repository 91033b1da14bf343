// Proves that nothing uses a drive: only an exclusive open tells (a loader's mount is invisible outside its namespace).

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { AttachedDrive } from '#drive/contract.ts';
import { SECOND_MS } from '#language/units.ts';
import { hold, type Hold } from './hold.ts';
import type { LaunchClient } from './launch-client.ts';
import type { RunDeps } from './run-deps.ts';

/** Between two questions; the launcher itself looks many times for each. */
const LOOK_EVERY_MS = 100;
const OWN_END_MS = 10 * SECOND_MS;
const KILLED_END_MS = 5 * SECOND_MS;
const END_DEADLINE_MS = 30 * SECOND_MS;

/**
 * Waits until the drive is free; a loader that does not end by itself within 10 s is killed.
 * @returns undefined when free, a hold when something still has it or the launcher refuses.
 */
export const freeDrive = async (
  launch: LaunchClient,
  { kernelName, diskSequence }: Pick<AttachedDrive, 'kernelName' | 'diskSequence'>,
  signal: AbortSignal,
  nowMs: () => number = () => performance.now(),
): Promise<Hold | undefined> => {
  const drive = { kernelName, diskSequence };
  const waitUntilFree = (withinMs: number): ReturnType<typeof waitFree> =>
    waitFree({ launch, drive, nowMs, untilMs: nowMs() + withinMs }, signal);
  const first = await waitUntilFree(OWN_END_MS);
  if (first !== 'busy') return first;
  await launch.ask({ kind: 'end', ...drive }, signal);
  const second = await waitUntilFree(KILLED_END_MS);
  return second === 'busy' ? hold('DriveInUse', { problem: 'a program has the drive open' }) : second;
};

/**
 * Kills what is left of a drive's loaders: one that hangs in the kernel, or in a driver that mounts, does not hear the end of
 * its channel. What cannot be killed yet goes when the kernel lets go of it.
 */
export const endLoaders = async (
  { launch, journal }: Pick<RunDeps, 'launch' | 'journal'>,
  { kernelName, diskSequence }: AttachedDrive,
): Promise<void> => {
  try {
    await launch.ask({ kind: 'end', kernelName, diskSequence }, AbortSignal.timeout(END_DEADLINE_MS));
  } catch (error: unknown) {
    journal.warn({ device: kernelName, err: error }, 'loaders not ended');
  }
};

const waitFree = async (
  {
    launch,
    drive,
    nowMs,
    untilMs,
  }: {
    readonly launch: LaunchClient;
    readonly drive: Pick<AttachedDrive, 'kernelName' | 'diskSequence'>;
    readonly nowMs: () => number;
    readonly untilMs: number;
  },
  signal: AbortSignal,
): Promise<Hold | 'busy' | undefined> => {
  for (;;) {
    const reply = await launch.ask({ kind: 'free', ...drive }, signal);
    if (reply.kind === 'launch-problem') return { code: reply.code, details: { problem: reply.message } };
    if (reply.kind === 'free' && reply.isFree) return undefined;
    // A question takes its time, too.
    if (nowMs() >= untilMs) return 'busy';
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
};
