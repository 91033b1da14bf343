// All directories of a volume listed once more, names only: in a thread that gives their number and their sum, and nothing of
// each name.

import type { AnswerCount } from '#drive/answer-count.ts';
import { startThread, type WaitingThread } from '#drive/waiting-thread.ts';
import { WALK_THREAD_LIMITS } from '#drive/walk-messages.ts';
import type { VolumeToWalk } from '#drive/walk-volume.ts';
import type { StopSwitch } from './stop-switch.ts';

/** What is listed. */
export interface ListAgainConfig extends Pick<VolumeToWalk, 'root' | 'maxDepth'> {
  readonly hashKey: Uint8Array;
  /** Grows with each answer of the file system. */
  readonly answers: AnswerCount;
}

/** What a listing found. */
export interface SecondListing {
  readonly files: number;
  readonly fingerprint: string;
  /** Directories that could not be read for an EIO. */
  readonly inputErrors: number;
  /** Every directory was listed to its end, and every name is known. */
  readonly isWhole: boolean;
}

/** What the thread works on. */
export interface ListAgainData extends Omit<ListAgainConfig, 'answers'> {
  /** Memory of an AnswerCount. */
  readonly answers: SharedArrayBuffer;
  /** One Int32: not 0 once the listing is to stop. */
  readonly stop: SharedArrayBuffer;
}

const LOOK_EVERY_MS = 50;

/** Starts a thread for a listing that is to come. */
export const startListThread = (): WaitingThread<ListAgainData> =>
  startThread(new URL('./list-again-thread.ts', import.meta.url), { resourceLimits: WALK_THREAD_LIMITS });

/**
 * Lists, in that thread; undefined where the load is stopped meanwhile. A thread that hangs in the drive is not waited for.
 * Errors: the signal's reason, and what its thread fails of that is not the drive's.
 */
export const listAgain = async (
  { answers, ...volume }: ListAgainConfig,
  thread: WaitingThread<ListAgainData>,
  stopSwitch: Pick<StopSwitch, 'reason'>,
  signal: AbortSignal,
): Promise<SecondListing | undefined> => {
  signal.throwIfAborted();
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const { promise, resolve, reject } = Promise.withResolvers<SecondListing | undefined>();
  const worker = thread.take({ ...volume, answers: answers.memory, stop });
  worker.on('message', resolve);
  worker.on('error', (error: unknown) => {
    reject(new Error('The thread of the second listing failed', { cause: error }));
  });
  worker.on('exit', () => {
    reject(new Error('The thread of the second listing has ended'));
  });
  const look = setInterval(() => {
    if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    else if (stopSwitch.reason !== undefined) resolve(undefined);
  }, LOOK_EVERY_MS);
  try {
    const listing = await promise;
    signal.throwIfAborted();
    return stopSwitch.reason === undefined ? listing : undefined;
  } finally {
    clearInterval(look);
    Atomics.store(new Int32Array(stop), 0, 1);
  }
};
