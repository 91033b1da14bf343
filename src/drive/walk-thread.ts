// The thread of a walk. A drive that hangs blocks it and nothing else.

import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { KIB } from '#language/units.ts';
import { answerAdder } from './answer-count.ts';
import type { HeldDirectory } from './held-directory.ts';
import {
  packFacts,
  WALK_KINDS,
  type ToldFolder,
  type WalkBatch,
  type WalkRequest,
  type WalkThreadData,
} from './walk-messages.ts';
import { whenTaken } from './waiting-thread.ts';
import { walkVolume, type SeenNames, type WalkEntry, type WalkListener } from './walk-volume.ts';

/** Few enough that whatever else waits in the receiver's thread has its turn soon. */
const MOST_ENTRIES = 100;
/** Nor many bytes: a path may have hundreds of folders with long names. */
const MOST_PATH_BYTES = 256 * KIB;
/** Entries wait no longer than this for those behind them, and hardly where the next step gives none. */
const LONGEST_MS = 10;
const LONGEST_STEP_MS = 1;

type Port = NonNullable<typeof parentPort>;

/** Serves one walk. Errors that are not the system's end the thread. */
const serve = (port: Port, { volume, answers, stop }: WalkThreadData): ((request: WalkRequest) => void) => {
  const batches = createBatches();
  const countAnswer = answerAdder(answers);
  const stopCell = new Int32Array(stop);
  const walking = walkVolume(volume, {
    ...batches.listener,
    onAnswer: () => {
      countAnswer();
      if (Atomics.load(stopCell, 0) !== 0) throw new Stopped();
    },
  });
  return (request) => {
    if (request === 'more') port.postMessage(batches.fill(walking));
    else {
      walking.return();
      port.close();
    }
  };
};

/** Somebody has asked for the end in the middle of a step. */
class Stopped extends Error {}

interface Batches {
  readonly listener: Omit<WalkListener, 'onAnswer'>;
  fill(walking: ReturnType<typeof walkVolume>): WalkBatch;
}

interface Taken {
  readonly entry: WalkEntry;
  readonly folderId: number;
}

const NOTHING_SEEN: SeenNames = { allocatedBytes: 0, inodeShare: 0 };

const createBatches = (): Batches => {
  // Directories that the receiver knows of. They are never closed here.
  const told = new Map<HeldDirectory, number>();
  let nextId = 0;
  let folders: ToldFolder[] = [];
  let left: number[] = [];
  let seen = NOTHING_SEEN;
  const idOf = (directory: HeldDirectory): number => {
    const known = told.get(directory);
    if (known !== undefined) return known;
    const id = nextId;
    nextId += 1;
    directory.hold();
    told.set(directory, id);
    folders.push({ id, fd: directory.fd });
    return id;
  };
  const toBatch = (entries: readonly Taken[], end: Pick<WalkBatch, 'isEnded' | 'failure'>): WalkBatch => {
    const batch: WalkBatch = {
      ...{ folders, left, seen },
      paths: entries.map(({ entry }) => `${entry.path.toString('latin1')}\0`).join(''),
      kinds: Uint8Array.from(entries, ({ entry }) => WALK_KINDS.indexOf(entry.kind)),
      facts: Float64Array.from(entries.flatMap(({ entry, folderId }) => packFacts(entry, folderId))),
      errnos: new Map(
        entries.flatMap(({ entry: { errno } }, place) => (errno === undefined ? [] : [[place, errno] as const])),
      ),
      ...end,
    };
    folders = [];
    left = [];
    seen = NOTHING_SEEN;
    return batch;
  };
  return {
    listener: {
      onSeen: ({ allocatedBytes, inodeShare }) => {
        seen = {
          allocatedBytes: seen.allocatedBytes + allocatedBytes,
          inodeShare: seen.inodeShare + inodeShare,
        };
      },
      onLeave: (directory) => {
        const id = told.get(directory);
        if (id !== undefined) left.push(id);
        told.delete(directory);
      },
    },
    fill: (walking) => {
      const entries: Taken[] = [];
      const beganMs = performance.now();
      let pathBytes = 0;
      let passedMs = 0;
      try {
        while (entries.length < MOST_ENTRIES && pathBytes < MOST_PATH_BYTES && passedMs < LONGEST_MS) {
          const { done, value: entry } = walking.next();
          if (done === true) return toBatch(entries, { isEnded: true });
          passedMs = performance.now() - beganMs;
          if (entry !== undefined) {
            // At once: the walk may leave the folder with its next step.
            entries.push({ entry, folderId: idOf(entry.directory) });
            pathBytes += entry.path.length;
          } else if (entries.length > 0 && passedMs > LONGEST_STEP_MS) break;
        }
      } catch (error: unknown) {
        if (error instanceof Stopped) return toBatch(entries, { isEnded: true });
        return toBatch(entries, { isEnded: true, failure: failureOf(error) });
      }
      return toBatch(entries, { isEnded: false });
    },
  };
};

const failureOf = (error: unknown): NonNullable<WalkBatch['failure']> => {
  const isOfSystem =
    error instanceof Error &&
    'code' in error &&
    'syscall' in error &&
    typeof error.code === 'string' &&
    typeof error.syscall === 'string';
  if (!isOfSystem) throw error;
  return { message: error.message, code: String(error.code), syscall: String(error.syscall) };
};

const isWalkThreadData = (data: unknown): data is WalkThreadData =>
  typeof data === 'object' && data !== null && 'volume' in data && 'answers' in data && 'stop' in data;

const port = parentPort;
if (port !== null) whenTaken(port, isWalkThreadData, (data) => serve(port, data));
