// Reads a file with synchronous calls, and hashes on the way: one pass over the bytes. For threads that may hang in it.

import { createHash, hash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { directoryPath, pathInDirectory } from '#drive/held-directory.ts';
import { systemCode } from '#drive/system-code.ts';
import { KIB, SECOND_MS } from '#language/units.ts';
import { createTrouble, isInputError, readInPieces, type ReadAt, type Trouble } from './read-in-pieces.ts';
import type { FileToRead, ReaderReply, ReadProblem } from './reader-messages.ts';

/** Read and hashed at a time, while it is still in the processor's cache. */
const CHUNK_BYTES = 256 * KIB;
/** How long the rest of a file is looked at whose fate is sealed, for its other unreadable places. */
const SURVEY_MS = 10 * SECOND_MS;

// Never follows a link, never waits for the other end of a FIFO.
const FILE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file that is read part after part. */
export interface OpenFile {
  fd: number;
  readonly sizeBytes: number;
  /** Made with the first part: of a small file read whole, one call does without it. */
  md5?: Hash;
  position: number;
  trouble?: Trouble;
}

/** Hears of each answer of the system, with the code where it was an error. */
export type OnAnswer = (code?: string) => void;

/** Where the bytes go, in this thread. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly isSigned: boolean;
}

type Read<Kind extends ReaderReply['kind']> = Reply<Extract<ReaderReply, { readonly kind: Kind }>> | ReadProblem;
type Reply<Known> = Known extends unknown ? Omit<Known, 'id'> : never;

/** Reads a file whole; its size must be that of the place. */
export const readWhole = (wanted: FileToRead, { bytes, isSigned }: Place, onAnswer: OnAnswer): Read<'whole'> => {
  const file = openFile(wanted, onAnswer);
  if ('code' in file) return file;
  const isSmall = bytes.length <= CHUNK_BYTES;
  try {
    const problem = readInto(file, bytes, { onAnswer, onBytes: isSmall ? ignore : intoMd5(file) });
    if (problem !== undefined) return problem;
    const finished = isSmall ? checkSize(file.fd, file.sizeBytes, onAnswer) : finish(file, onAnswer);
    if (finished?.kind === 'problem') return finished;
    const md5 = finished?.md5 ?? hash('md5', bytes, 'hex');
    return { kind: 'whole', md5, ...sha256Of(bytes, isSigned) };
  } finally {
    closeSync(file.fd);
  }
};

const ignore = (): void => undefined;

const intoMd5 =
  (file: OpenFile) =>
  (bytes: Uint8Array): void => {
    (file.md5 ??= createHash('md5')).update(bytes);
  };

const sha256Of = (bytes: Uint8Array, isSigned: boolean): { readonly sha256?: string } =>
  isSigned ? { sha256: hash('sha256', bytes, 'hex') } : {};

/** Opens a file that is what the walk saw. */
export const openFile = ({ directoryFd, name, sizeBytes }: FileToRead, onAnswer: OnAnswer): OpenFile | ReadProblem => {
  let fd: number;
  try {
    fd = openSync(pathInDirectory(directoryFd, name), FILE_FLAGS);
  } catch (error: unknown) {
    const problem = readError(error);
    onAnswer(problem.detail);
    return problem;
  }
  const problem = checkSize(fd, sizeBytes, onAnswer);
  if (problem === undefined) return { fd, sizeBytes, position: 0 };
  closeSync(fd);
  return problem;
};

const checkSize = (fd: number, sizeBytes: number, onAnswer: OnAnswer): ReadProblem | undefined => {
  const problem = findChange(fd, sizeBytes);
  onAnswer(problem?.detail);
  return problem;
};

const findChange = (fd: number, sizeBytes: number): ReadProblem | undefined => {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return changed('it is no regular file any more');
    if (stats.size !== sizeBytes) return changed(`${String(sizeBytes)} bytes became ${String(stats.size)}`);
    return undefined;
  } catch (error: unknown) {
    return readError(error);
  }
};

/** Reads as many bytes as the place has. */
export const readPart = (file: OpenFile, { bytes, isSigned }: Place, onAnswer: OnAnswer): Read<'part'> => {
  let checksum = 0;
  const addToMd5 = intoMd5(file);
  const onBytes = (got: Uint8Array): void => {
    addToMd5(got);
    checksum = crc32(got, checksum);
  };
  const problem = readInto(file, bytes, { onAnswer, onBytes });
  return problem ?? { kind: 'part', crc32: checksum, ...sha256Of(bytes, isSigned) };
};

const readInto = (
  file: OpenFile,
  bytes: Uint8Array,
  { onAnswer, onBytes }: { readonly onAnswer: OnAnswer; readonly onBytes: (bytes: Uint8Array) => void },
): ReadProblem | undefined => {
  const { length } = bytes;
  let filled = 0;
  // A short read is not the end of a file (a bad sector gives one, and EIO next); only a read of nothing is.
  while (filled < length) {
    const chunk = bytes.subarray(filled, Math.min(length, filled + CHUNK_BYTES));
    const read = readChunk(file, chunk, onAnswer);
    if (typeof read !== 'number') return read;
    if (read === 0) return changed(`it ended after ${String(file.position)} bytes`);
    onBytes(chunk.subarray(0, read));
    file.position += read;
    filled += read;
  }
  return undefined;
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

/** After the last part: the MD5 of all bytes, once the file is seen to have kept its size. */
export const finish = (file: OpenFile, onAnswer: OnAnswer): Read<'finish'> =>
  checkSize(file.fd, file.sizeBytes, onAnswer) ?? {
    kind: 'finish',
    md5: (file.md5 ?? createHash('md5')).digest('hex'),
  };

const readError = (error: unknown): ReadProblem => ({
  kind: 'problem',
  code: 'ReadError',
  detail: systemCode(error),
});

const changed = (detail: string): ReadProblem => ({ kind: 'problem', code: 'FileChanged', detail });
