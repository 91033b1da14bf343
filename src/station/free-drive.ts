// Proves that nothing uses a drive: only an exclusive open tells (a loader's mount is invisible outside its namespace).

import { setTimeout as delay } from 'node:timers/promises';

import type { AttachedDrive } from '#drive/contract.ts';
import { SECOND_MS } from '#language/units.ts';
import { hold, type Hold } from './hold.ts';
import type { LaunchClient } from './launch-client.ts';
import type { RunDeps } from './run-deps.ts';

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
  { kernelName, diskSequence }: AttachedDrive,
  signal: AbortSignal,
): Promise<Hold | undefined> => {
  const drive = { kernelName, diskSequence };
  const first = await waitFree(launch, drive, OWN_END_MS, signal);
  if (first !== 'busy') return first;
  await launch.ask({ kind: 'end', ...drive }, signal);
  const second = await waitFree(launch, drive, KILLED_END_MS, signal);
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
  launch: LaunchClient,
  drive: { readonly kernelName: string; readonly diskSequence: number },
  withinMs: number,
  signal: AbortSignal,
): Promise<Hold | 'busy' | undefined> => {
  const attempts = Math.ceil(withinMs / LOOK_EVERY_MS);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const reply = await launch.ask({ kind: 'free', ...drive }, signal);
    if (reply.kind === 'launch-problem') return { code: reply.code, details: { problem: reply.message } };
    if (reply.kind === 'free' && reply.isFree) return undefined;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  return 'busy';
};
