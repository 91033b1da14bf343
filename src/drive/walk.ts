// A walk over a mounted volume, in a thread of its own: listing a folder takes a dozen calls of the system, which are quick
// one after the other and slow where each has to find a thread first. Files that are being read do not hold it up.
//
// INVARIANTS
//   At most two batches of entries are here or on their way beside the one that is being taken, so that a walk waits for its
//   consumer.
//   A folder's descriptor is closed here, once the thread has left it and nobody holds it any more; where the walk is given
//   up, those of batches that nobody saw are closed, too.

import { close } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { createAnswerCount, type AnswerCount } from './answer-count.ts';
import { shareDirectory, type SharedDirectory } from './held-directory.ts';
import {
  unpackFacts,
  WALK_KINDS,
  WALK_THREAD_LIMITS,
  type WalkBatch,
  type WalkRequest,
  type WalkThreadData,
} from './walk-messages.ts';
import { startThread, type WaitingThread } from './waiting-thread.ts';
import type { SeenNames, VolumeToWalk, WalkEntry } from './walk-volume.ts';

/** Settings of a walk. */
export interface WalkConfig extends Omit<VolumeToWalk, 'namesOnly'> {
  /** Grows with each answer of the file system, so that someone can tell a slow drive from a silent one. */
  readonly answers?: AnswerCount;
  /** Called with what some names took, folders included. */
  readonly onSeen?: (seen: SeenNames) => void;
  /** One that was started before; a new one unless given. */
  readonly thread?: WaitingThread<WalkThreadData> | undefined;
}

/** Starts a thread for a walk that is to come. */
export const startWalkThread = (): WaitingThread<WalkThreadData> =>
  startThread(new URL('./walk-thread.ts', import.meta.url), {
    resourceLimits: WALK_THREAD_LIMITS,
    // What it opens outlives it.
    trackUnmanagedFds: false,
  });

const BATCHES_AHEAD = 2;

/**
 * Gives every file, link and special file of a volume, and every directory that cannot be listed whole: some at once, for a
 * promise costs as much as an entry. Folders of entries stay open until the next ones are asked for.
 * Errors: the signal's reason; the system's, where the root cannot be opened.
 */
export async function* walk(
  config: WalkConfig,
  signal: AbortSignal,
): AsyncGenerator<Iterable<WalkEntry>, void, undefined> {
  signal.throwIfAborted();
  const folders = new Map<number, SharedDirectory>();
  const thread = beginWalk(config, signal);
  try {
    for (;;) {
      const batch = await thread.next();
      for (const { id, fd } of batch.folders) folders.set(id, shareDirectory(fd, closeLater));
      // Several batches may have come at once: whatever else waits has its turn between them.
      await turn();
      signal.throwIfAborted();
      config.onSeen?.(batch.seen);
      if (batch.kinds.length > 0) yield entriesOf(batch, folders, signal);
      signal.throwIfAborted();
      for (const id of batch.left) {
        folders.get(id)?.release();
        folders.delete(id);
      }
      if (batch.failure !== undefined) throw Object.assign(new Error(batch.failure.message), batch.failure);
      if (batch.isEnded) return;
    }
  } finally {
    thread.end(() => {
      for (const folder of folders.values()) folder.release();
    });
  }
}

interface Thread {
  /** The next batch, in order. Errors: the thread failed. */
  next(): Promise<WalkBatch>;
  /** Ends it after its present call of the system, which is not waited for: a drive may hang in it. */
  end(onEnded: () => void): void;
}

const beginWalk = (config: WalkConfig, signal: AbortSignal): Thread => {
  const { root, maxDepth, answers = createAnswerCount(), thread = startWalkThread() } = config;
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const worker = thread.take({ volume: { root, maxDepth }, answers: answers.memory, stop });
  const exited = Promise.withResolvers<void>();
  const batches: WalkBatch[] = [];
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    wake?.();
  };
  const ask = (request: WalkRequest): void => {
    worker.postMessage(request);
  };
  worker.on('message', (batch: WalkBatch) => {
    batches.push(batch);
    wake?.();
  });
  worker.on('error', (error: unknown) => {
    fail(new Error('The thread of a walk failed', { cause: error }));
  });
  worker.on('exit', () => {
    exited.resolve();
    fail(new Error('The thread of a walk has ended'));
  });
  const stopThread = (): void => {
    Atomics.store(new Int32Array(stop), 0, 1);
  };
  signal.addEventListener('abort', stopThread, { once: true });
  for (let ahead = 0; ahead < BATCHES_AHEAD; ahead += 1) ask('more');
  return {
    next: async () => {
      while (batches.length === 0) {
        if (failure !== undefined) throw failure;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      const batch = batches.shift();
      if (batch === undefined) throw new Error('A batch is taken once');
      if (!batch.isEnded) ask('more');
      return batch;
    },
    end: (onEnded) => {
      signal.removeEventListener('abort', stopThread);
      stopThread();
      ask('stop');
      void exited.promise.then(() => {
        for (const { folders } of batches) for (const { fd } of folders) closeLater(fd);
        onEnded();
      });
    },
  };
};

// Closing a directory that was only read cannot lose anything; its error would have nobody to go to.
const closeLater = (fd: number): void => {
  close(fd, () => undefined);
};

function* entriesOf(
  { paths, kinds, facts, errnos }: WalkBatch,
  folders: ReadonlyMap<number, SharedDirectory>,
  signal: AbortSignal,
): Generator<WalkEntry, void, undefined> {
  let from = 0;
  for (let place = 0; place < kinds.length; place += 1) {
    signal.throwIfAborted();
    const to = paths.indexOf('\0', from);
    const path = Buffer.from(paths.slice(from, to), 'latin1');
    from = to + 1;
    const { folderId, modifiedMs, sizeBytes, inode, allocatedBytes } = unpackFacts(facts, place);
    const directory = folders.get(folderId);
    if (directory === undefined) throw new Error('A folder is told of before its entries');
    const kind = WALK_KINDS[kinds[place] ?? 0] ?? 'unreadable';
    const entry = { kind, path, modifiedAt: new Date(modifiedMs), sizeBytes, inode, allocatedBytes, directory };
    const errno = errnos.get(place);
    yield errno === undefined ? entry : { ...entry, errno };
  }
}
