// Hashes of many paths, by a thread beside the one that reads them out of a log: on two cores a log of a million rows is
// read in two thirds of the time.
//
// INVARIANTS
//   Few paths need no thread, and there is none.
//   A bounded number of batches is with the thread; what it has no room for is hashed here, and so is what is with one that
//   fails: without it everything takes longer, and nothing else.

import type { Worker } from 'node:worker_threads';

import { startThread, type WaitingThread } from '#drive/waiting-thread.ts';
import { KIB } from '#language/units.ts';
import { PATH_HASH_BYTES, writePathHash } from '#import-log/path-hash.ts';

/** Some paths. */
export interface PathBatch {
  /** One after the other; what stands behind the last one is none. */
  readonly paths: Uint8Array;
  /** Where each of them ends, as far as `count` goes. */
  readonly ends: Uint32Array;
  readonly count: number;
}

/** What the thread works with. */
export interface PathHashThreadData {
  readonly hashKey: Uint8Array;
}

/** Hashes paths, and gives the hashes in whatever order. Disposing ends its thread, and what is still with it is lost. */
export interface PathHashes extends Disposable {
  /** Takes a path, whose bytes are the caller's again at once. */
  add(path: Uint8Array): void;
  /** Gives the hashes that are there by now and were not given yet, those of some paths together. */
  take(): readonly Uint8Array[];
  /** After the last path: `take` gives the rest. */
  end(): Promise<void>;
}

/** How paths are hashed. */
export interface PathHashesOptions {
  readonly hashKey: Uint8Array;
  /** Starts the thread; given by tests. */
  readonly start?: () => WaitingThread<PathHashThreadData>;
}

const BATCH_PATHS = 1024;
/** A longer path is hashed by itself. */
const BATCH_BYTES = 64 * KIB;
/** Batches that are hashed here before a thread is started, which costs as much as some ten of them. */
const BATCHES_ALONE = 16;
const MOST_BATCHES_UNDER_WAY = 4;

/** Starts its thread. */
export const startHashThread = (): WaitingThread<PathHashThreadData> =>
  startThread(new URL('./path-hash-thread.ts', import.meta.url), {});

/** The hashes of a batch, one after the other. */
export const hashPaths = (hashKey: Uint8Array, { paths, ends, count }: PathBatch): Uint8Array<ArrayBuffer> => {
  const hashes = Buffer.from(new ArrayBuffer(count * PATH_HASH_BYTES));
  let from = 0;
  for (let place = 0; place < count; place += 1) {
    const to = ends[place] ?? from;
    writePathHash(hashes, place * PATH_HASH_BYTES, { hashKey, path: paths.subarray(from, to) });
    from = to;
  }
  return hashes;
};

/** Begins with none. */
export const createPathHashes = ({ hashKey, start = startHashThread }: PathHashesOptions): PathHashes => {
  let filling = createFilling();
  let batches = 0;
  let ready: Uint8Array[] = [];
  let thread: HashThread | undefined;
  const hashHere = (batch: PathBatch): void => {
    ready.push(hashPaths(hashKey, batch));
  };
  const events: HashThreadEvents = {
    onHashes: (hashes) => ready.push(hashes),
    onLeft: hashHere,
  };
  const handOver = (): void => {
    batches += 1;
    if (batches > BATCHES_ALONE) thread ??= createHashThread(() => start().take({ hashKey }), events);
    if (thread?.hasRoom() === true) {
      thread.post(filling);
      filling = createFilling();
      return;
    }
    hashHere(filling);
    filling.count = 0;
    filling.bytes = 0;
  };
  return {
    add: (path) => {
      if (path.length > BATCH_BYTES) {
        hashHere({ paths: new Uint8Array(path), ends: Uint32Array.of(path.length), count: 1 });
        return;
      }
      if (filling.count === BATCH_PATHS || filling.bytes + path.length > BATCH_BYTES) handOver();
      filling.paths.set(path, filling.bytes);
      filling.bytes += path.length;
      filling.ends[filling.count] = filling.bytes;
      filling.count += 1;
    },
    take: () => {
      const taken = ready;
      ready = [];
      return taken;
    },
    end: async () => {
      hashHere(filling);
      filling.count = 0;
      filling.bytes = 0;
      await thread?.end();
    },
    [Symbol.dispose]: () => {
      thread?.[Symbol.dispose]();
    },
  };
};

/** A batch that paths are added to. */
interface Filling extends PathBatch {
  count: number;
  bytes: number;
}

const createFilling = (): Filling => ({
  paths: new Uint8Array(BATCH_BYTES),
  ends: new Uint32Array(BATCH_PATHS),
  count: 0,
  bytes: 0,
});

interface HashThreadEvents {
  readonly onHashes: (hashes: Uint8Array) => void;
  /** The thread has failed, and this batch was with it. */
  readonly onLeft: (batch: PathBatch) => void;
}

interface HashThread extends Disposable {
  hasRoom(): boolean;
  /** The batch is left as it is from then on. */
  post(batch: PathBatch): void;
  /** Resolves once nothing is with the thread, and ends it. */
  end(): Promise<void>;
}

const createHashThread = (start: () => Worker, { onHashes, onLeft }: HashThreadEvents): HashThread => {
  // The thread answers in the order in which it is asked.
  const underWay: PathBatch[] = [];
  let worker: Worker | undefined;
  let wake = (): void => undefined;
  const end = (): void => {
    void worker?.terminate();
    worker = undefined;
    wake();
  };
  const fail = (): void => {
    if (worker === undefined) return;
    underWay.splice(0).forEach(onLeft);
    end();
  };
  try {
    worker = start();
    worker.on('message', (hashes: Uint8Array) => {
      if (worker === undefined) return;
      underWay.shift();
      onHashes(hashes);
      wake();
    });
    for (const event of ['error', 'messageerror', 'exit']) worker.on(event, fail);
  } catch {
    // The system gives no thread now.
  }
  return {
    hasRoom: () => worker !== undefined && underWay.length < MOST_BATCHES_UNDER_WAY,
    post: ({ paths, ends, count }) => {
      underWay.push({ paths, ends, count });
      worker?.postMessage({ paths, ends, count });
    },
    end: async () => {
      while (worker !== undefined && underWay.length > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      end();
    },
    [Symbol.dispose]: end,
  };
};
