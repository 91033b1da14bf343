// Reads files in threads: bytes into blocks of the pool, with the MD5 of the whole and the CRC32 of each part.

import { startThread, type WaitingThread } from '#drive/waiting-thread.ts';
import type { Block } from './block-pool.ts';
import { createRequestPacker, unpackReplies } from './reader-columns.ts';
import type {
  FileToRead,
  ReaderReplies,
  ReaderReply,
  ReaderRequest,
  ReaderThreadData,
  ReadProblem,
  Target,
} from './reader-messages.ts';

/** A file that is read part after part. Disposing lets go of it, finished or not. */
export interface FileReading extends Disposable {
  /** Reads as many bytes as the block has, and gives their CRC32. One at a time. */
  readPart(
    block: Block,
  ): Promise<{ readonly kind: 'ok'; readonly crc32: number; readonly sha256?: string } | ReadProblem>;
  /** After the last part: MD5 of all bytes in hex, once the file is seen to have kept its size. */
  finish(): Promise<{ readonly kind: 'ok'; readonly md5: string } | ReadProblem>;
}

/** Reads files. Errors that are not the drive's (a bug, no descriptors left) reject. */
export interface Reader extends AsyncDisposable {
  /** Reads a file whole into a block of its size. Digests are hex; `sha256` is there where the reader signs. */
  readWhole(
    file: FileToRead,
    block: Block,
  ): Promise<{ readonly kind: 'ok'; readonly md5: string; readonly sha256?: string } | ReadProblem>;
  /** Opens a file to be read in parts. */
  open(file: FileToRead): Promise<{ readonly kind: 'ok'; readonly reading: FileReading } | ReadProblem>;
  /** Grows with each answer of the system: while it does, the drive is alive. */
  readonly answers: bigint;
  /** Files and parts that are being read, or wait to be. */
  readonly openQuestions: number;
  readonly threads: number;
  /** Answers that were EIO, also where a second try helped. */
  readonly inputErrors: number;
  /** Processor time of all threads so far. */
  readonly cpuMs: number;
}

/** Settings of a reader. */
export interface ReaderConfig {
  /** Threads, at least 1. */
  readonly threads: number;
  /** The SHA-256 of each body is wanted, because it will be signed. */
  readonly isSigned: boolean;
  /** Large files are read past the system's cache (read-directly.ts); others as ever. */
  readonly readsDirectly: boolean;
  /** Threads that were started before: taken first. */
  readonly started?: readonly WaitingThread<ReaderThreadData>[] | undefined;
}

/** Each of these may keep one thread of Node's pool waiting for the drive (launch/inside.ts gives the pool its size). */
const MAX_DIRECT_THREADS = 8;
const COUNTERS_BYTES = 24;
const MICROS_PER_MS = 1000;
const THREAD_HEAP_MIB = 32;
/** Questions that are worth a message, however busy the thread is. */
const ENOUGH_QUESTIONS = 16;

/** Starts a thread for a reader that is to come. */
export const startReaderThread = (): WaitingThread<ReaderThreadData> =>
  startThread(new URL('./reader-thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MIB, maxYoungGenerationSizeMb: 2 },
  });

/** Starts the threads of a reader. */
export const createReader = ({ threads, isSigned, readsDirectly, started = [] }: ReaderConfig): Reader => {
  const counters = new SharedArrayBuffer(COUNTERS_BYTES);
  const counter = new BigInt64Array(counters);
  const pool = Array.from({ length: Math.max(1, threads) }, (_, index) =>
    createThread(started[index] ?? startReaderThread(), {
      ...{ counters, isSigned },
      readsDirectly: readsDirectly && index < MAX_DIRECT_THREADS,
    }),
  );
  for (const surplus of started.slice(pool.length)) surplus[Symbol.dispose]();
  return {
    readWhole: async (file, block) => {
      const reply = await leastBusy(pool, questionsOf).ask({ kind: 'whole', file, target: targetOf(block) });
      if (reply.kind === 'problem') return reply;
      if (reply.kind !== 'whole') throw unexpected(reply);
      return { kind: 'ok', md5: reply.md5, ...sha256Of(reply) };
    },
    open: async (file) => {
      // A large file stays with its thread, and keeps it busy to its end.
      const thread = leastBusy(pool, filesOf);
      using opening = new DisposableStack();
      thread.openFiles += 1;
      opening.defer(() => {
        thread.openFiles -= 1;
      });
      const reply = await thread.ask({ kind: 'open', file });
      if (reply.kind === 'problem') return reply;
      if (reply.kind !== 'open') throw unexpected(reply);
      const { id: openId } = reply;
      opening.defer(() => {
        thread.tell({ kind: 'close', openId });
      });
      return { kind: 'ok', reading: createReading(thread, openId, opening.move()) };
    },
    get answers() {
      return Atomics.load(counter, 0);
    },
    get openQuestions() {
      return pool.reduce((sum, { openQuestions }) => sum + openQuestions, 0);
    },
    get inputErrors() {
      return Number(Atomics.load(counter, 2));
    },
    threads: pool.length,
    get cpuMs() {
      return Number(Atomics.load(counter, 1)) / MICROS_PER_MS;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pool.map((thread) => thread.end()));
    },
  };
};

const createReading = (thread: Thread, openId: number, stack: DisposableStack): FileReading => ({
  readPart: async (block) => {
    const reply = await thread.ask({ kind: 'part', openId, target: targetOf(block) });
    if (reply.kind === 'problem') return reply;
    if (reply.kind !== 'part') throw unexpected(reply);
    return { kind: 'ok', crc32: reply.crc32, ...sha256Of(reply) };
  },
  finish: async () => {
    const reply = await thread.ask({ kind: 'finish', openId });
    if (reply.kind === 'problem') return reply;
    if (reply.kind !== 'finish') throw unexpected(reply);
    return { kind: 'ok', md5: reply.md5 };
  },
  [Symbol.dispose]: () => {
    stack.dispose();
  },
});

const sha256Of = ({ sha256 }: { readonly sha256?: string }): { readonly sha256?: string } =>
  sha256 === undefined ? {} : { sha256 };

const unexpected = (reply: ReaderReply): Error => new Error(`A reader thread gave an answer of kind ${reply.kind}`);

const targetOf = ({ memory, offset, bytes }: Block): Target => ({ memory, offset, length: bytes.length });

type Question = ReaderRequest extends infer Request ? (Request extends unknown ? Omit<Request, 'id'> : never) : never;

interface Thread {
  ask(question: Question): Promise<ReaderReply>;
  tell(question: Question): void;
  /** Questions without an answer yet. */
  readonly openQuestions: number;
  /** Files that are read in parts by it. */
  openFiles: number;
  end(): Promise<void>;
}

const questionsOf = ({ openQuestions }: Thread): number => openQuestions;
const filesOf = ({ openFiles }: Thread): number => openFiles;

const leastBusy = (threads: readonly Thread[], workOf: (thread: Thread) => number): Thread => {
  let [least] = threads;
  if (least === undefined) throw new Error('A reader has at least one thread');
  for (const one of threads) if (workOf(one) < workOf(least)) least = one;
  return least;
};

const createThread = (thread: WaitingThread<ReaderThreadData>, data: ReaderThreadData): Thread => {
  const worker = thread.take(data);
  const questions = new Map<
    number,
    { readonly resolve: (reply: ReaderReply) => void; readonly reject: (error: Error) => void }
  >();
  let nextId = 1;
  let outbox: ReaderRequest[] = [];
  const pack = createRequestPacker();
  const post = (question: ReaderRequest): void => {
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(question);
  };
  // A busy thread is told later, of more at once: as much as it still has to do, so that it never waits.
  const flush = (): void => {
    const asked = questions.size - outbox.length;
    if (outbox.length === 0 || outbox.length < Math.min(asked, ENOUGH_QUESTIONS)) return;
    worker.postMessage(pack(outbox));
    outbox = [];
  };
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of questions.values()) reject(failure);
    questions.clear();
  };
  const hear = (reply: ReaderReply): void => {
    questions.get(reply.id)?.resolve(reply);
    questions.delete(reply.id);
  };
  worker.on('message', ({ whole, others }: ReaderReplies) => {
    unpackReplies(whole, data.isSigned).forEach(hear);
    others.forEach(hear);
    flush();
  });
  let cause: unknown;
  worker.on('error', (error: unknown) => {
    cause = error;
  });
  // Only then has the thread let go of the blocks that it still read into.
  worker.on('exit', () => {
    fail(cause === undefined ? new Error('A reader thread has ended') : new Error('A reader thread failed', { cause }));
  });
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        const id = nextId;
        nextId += 1;
        questions.set(id, { resolve, reject });
        post({ id, ...question });
      }),
    tell: (question) => {
      post({ id: 0, ...question });
    },
    get openQuestions() {
      return questions.size;
    },
    openFiles: 0,
    end: async () => {
      await worker.terminate();
    },
  };
};
