// A reader thread: reads with synchronous calls into shared memory and hashes on the way, one pass over the bytes.
// A drive that hangs blocks this thread and no other part of the loader.

import { createHash, hash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { lookAtAll } from '#drive/look.ts';
import { directoryPath, pathInDirectory } from '#drive/held-directory.ts';
import { systemCode } from '#drive/system-code.ts';
import { KIB, SECOND_MS } from '#language/units.ts';
import { createTrouble, isInputError, readInPieces, type ReadAt, type Trouble } from './read-in-pieces.ts';
import type {
  FileToRead,
  ReaderReply,
  ReaderRequest,
  ReaderThreadData,
  ReadProblem,
  Target,
} from './reader-messages.ts';

/** Read and hashed at a time, while it is still in the processor's cache. */
const CHUNK_BYTES = 256 * KIB;
/** How long the rest of a file is looked at whose fate is sealed, for its other unreadable places. */
const SURVEY_MS = 10 * SECOND_MS;

// Never follows a link, never waits for the other end of a FIFO.
const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface OpenFile {
  fd: number;
  readonly sizeBytes: number;
  readonly md5: Hash;
  position: number;
  trouble?: Trouble;
}

/** Hears of each answer of the system, with the code where it was an error. */
type OnAnswer = (code?: string) => void;

/** Serves one port until it closes. Errors that are not the drive's end the thread. */
const serve = (port: NonNullable<typeof parentPort>, { counters }: ReaderThreadData): void => {
  const counter = new BigInt64Array(counters);
  const onAnswer: OnAnswer = (code) => {
    Atomics.add(counter, 0, 1n);
    if (code === 'EIO') Atomics.add(counter, 2, 1n);
  };
  let countedMicros = 0;
  const countCpu = (): void => {
    const { user, system } = process.threadCpuUsage();
    Atomics.add(counter, 1, BigInt(user + system - countedMicros));
    countedMicros = user + system;
  };
  const openFiles = new Map<number, OpenFile>();
  const close = (openId: number): void => {
    const file = openFiles.get(openId);
    if (file === undefined) return;
    openFiles.delete(openId);
    closeSync(file.fd);
  };
  let memory: SharedArrayBuffer | undefined;
  const placeOf = (target: Target): Place => {
    memory = target.memory ?? memory;
    if (memory === undefined) throw new Error('The first question names a memory');
    return { bytes: new Uint8Array(memory, target.offset, target.length), isSigned: target.isSigned };
  };
  const answer = (request: ReaderRequest): ReaderReply | undefined => {
    const { id } = request;
    switch (request.kind) {
      case 'whole':
        return { id, ...readWhole(request.file, placeOf(request.target), onAnswer) };
      case 'look':
        return { id, kind: 'look', looks: lookAtAll(request.directoryFd, request.names, onAnswer) };
      case 'open': {
        const file = openFile(request.file, onAnswer);
        if ('code' in file) return { id, ...file };
        openFiles.set(id, file);
        return { id, kind: 'open' };
      }
      case 'part': {
        const file = openFiles.get(request.openId);
        return { id, ...(file === undefined ? notOpen() : readPart(file, placeOf(request.target), onAnswer)) };
      }
      case 'finish': {
        const file = openFiles.get(request.openId);
        const finished = file === undefined ? notOpen() : finish(file, onAnswer);
        close(request.openId);
        return { id, ...finished };
      }
      case 'close':
        close(request.openId);
        return undefined;
    }
  };
  port.on('message', (requests: readonly ReaderRequest[]) => {
    let replies: ReaderReply[] = [];
    let saidMs = performance.now();
    for (const request of requests) {
      const reply = answer(request);
      if (reply !== undefined) replies.push(reply);
      const nowMs = performance.now();
      if (nowMs - saidMs < SAY_EVERY_MS) continue;
      if (replies.length > 0) port.postMessage(replies);
      replies = [];
      saidMs = nowMs;
    }
    countCpu();
    if (replies.length > 0) port.postMessage(replies);
  });
};

/** Answers wait no longer than this for those of the same message. */
const SAY_EVERY_MS = 1;

/** Where the bytes go, in this thread. */
interface Place {
  readonly bytes: Uint8Array;
  readonly isSigned: boolean;
}

type Read<Kind extends ReaderReply['kind']> = Reply<Extract<ReaderReply, { readonly kind: Kind }>> | ReadProblem;
type Reply<Known> = Known extends unknown ? Omit<Known, 'id'> : never;

const readWhole = (wanted: FileToRead, place: Place, onAnswer: OnAnswer): Read<'whole'> => {
  const file = openFile(wanted, onAnswer);
  if ('code' in file) return file;
  try {
    const read = readPart(file, place, onAnswer);
    if (read.kind === 'problem') return read;
    const finished = finish(file, onAnswer);
    if (finished.kind === 'problem') return finished;
    return { ...finished, kind: 'whole', ...(read.sha256 === undefined ? {} : { sha256: read.sha256 }) };
  } finally {
    closeSync(file.fd);
  }
};

const openFile = ({ directoryFd, name, sizeBytes }: FileToRead, onAnswer: OnAnswer): OpenFile | ReadProblem => {
  let fd: number;
  try {
    fd = openSync(pathInDirectory(directoryFd, name), FILE_FLAGS);
  } catch (error: unknown) {
    const problem = readError(error);
    onAnswer(problem.detail);
    return problem;
  }
  const problem = checkSize(fd, sizeBytes);
  onAnswer(problem?.detail);
  if (problem === undefined) return { fd, sizeBytes, md5: createHash('md5'), position: 0 };
  closeSync(fd);
  return problem;
};

const checkSize = (fd: number, sizeBytes: number): ReadProblem | undefined => {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return changed('it is no regular file any more');
    if (stats.size !== sizeBytes) return changed(`${String(sizeBytes)} bytes became ${String(stats.size)}`);
    return undefined;
  } catch (error: unknown) {
    return readError(error);
  }
};

const readPart = (file: OpenFile, { bytes, isSigned }: Place, onAnswer: OnAnswer): Read<'part'> => {
  const { length } = bytes;
  let checksum = 0;
  let filled = 0;
  // A short read is not the end of a file (a bad sector gives one, and EIO next); only a read of nothing is.
  while (filled < length) {
    const chunk = bytes.subarray(filled, Math.min(length, filled + CHUNK_BYTES));
    const read = readChunk(file, chunk, onAnswer);
    if (typeof read !== 'number') return read;
    if (read === 0) return changed(`it ended after ${String(file.position)} bytes`);
    const got = chunk.subarray(0, read);
    file.md5.update(got);
    checksum = crc32(got, checksum);
    file.position += read;
    filled += read;
  }
  return { kind: 'part', crc32: checksum, ...(isSigned ? { sha256: hash('sha256', bytes, 'hex') } : {}) };
};

const readChunk = (file: OpenFile, chunk: Uint8Array, onAnswer: OnAnswer): number | ReadProblem => {
  const readAt = readerOf(file, onAnswer);
  const read = readAt(chunk, file.position);
  return isInputError(read) ? readDespite(file, chunk, readAt) : read;
};

const readerOf =
  (file: OpenFile, onAnswer: OnAnswer): ReadAt =>
  (bytes, position) => {
    try {
      const read = readSync(file.fd, bytes, 0, bytes.length, position);
      onAnswer();
      return read;
    } catch (error: unknown) {
      const problem = readError(error);
      onAnswer(problem.detail);
      return problem;
    }
  };

const readDespite = (file: OpenFile, chunk: Uint8Array, readAt: ReadAt): number | ReadProblem => {
  const trouble = (file.trouble ??= createTrouble());
  const done = trouble.timed(() => readInPieces(chunk, file.position, { readAt, trouble }));
  if (typeof done !== 'number') return done;
  if (trouble.ranges.length === 0 && !trouble.isOver) {
    reopen(file);
    return done;
  }
  const seenBytes = survey(file, file.position + done, { readAt, trouble });
  return { kind: 'problem', code: 'ReadError', detail: 'EIO', unread: { ranges: trouble.ranges, seenBytes } };
};

// The kernel reads ahead less and less after each error (mm/filemap.c), and goes on so to the end of an open file.
const reopen = (file: OpenFile): void => {
  try {
    const fd = openSync(directoryPath(file.fd), constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(file.fd);
    file.fd = fd;
  } catch (error: unknown) {
    // Only slower.
    readError(error);
  }
};

// The file fails; which other places of it are lost, a person may want to know. Gives how far it was looked at.
const survey = (
  file: OpenFile,
  from: number,
  { readAt, trouble }: { readonly readAt: ReadAt; readonly trouble: Trouble },
): number => {
  const bytes = new Uint8Array(CHUNK_BYTES);
  const endMs = performance.now() + SURVEY_MS;
  let position = from;
  while (position < file.sizeBytes && !trouble.isOver && performance.now() < endMs) {
    const chunk = bytes.subarray(0, Math.min(bytes.length, file.sizeBytes - position));
    const read = readAt(chunk, position);
    const done = isInputError(read) ? trouble.timed(() => readInPieces(chunk, position, { readAt, trouble })) : read;
    if (typeof done !== 'number' || done === 0) return position;
    position += done;
  }
  return position;
};

const finish = (file: OpenFile, onAnswer: OnAnswer): Read<'finish'> => {
  const problem = checkSize(file.fd, file.sizeBytes);
  onAnswer(problem?.detail);
  return problem ?? { kind: 'finish', md5: file.md5.digest('hex') };
};

const readError = (error: unknown): ReadProblem => ({
  kind: 'problem',
  code: 'ReadError',
  detail: systemCode(error),
});

const changed = (detail: string): ReadProblem => ({ kind: 'problem', code: 'FileChanged', detail });

const notOpen = (): never => {
  throw new Error('A file is read only while it is open');
};

const isReaderThreadData = (data: unknown): data is ReaderThreadData =>
  typeof data === 'object' && data !== null && 'counters' in data && data.counters instanceof SharedArrayBuffer;

if (parentPort !== null && isReaderThreadData(workerData)) serve(parentPort, workerData);
