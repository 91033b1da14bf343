// Reads a file and hashes on the way: one pass over the bytes. Small files by synchronous calls, large ones past the
// system's cache where that can be. For threads that may hang in it.

import { createHash, hash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { directoryPath, pathInDirectory } from '#drive/held-directory.ts';
import { systemCode } from '#drive/system-code.ts';
import { KIB, SECOND_MS } from '#language/units.ts';
import { readDirectly } from './read-directly.ts';
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
  /** Its descriptor reads past the system's cache. */
  isDirect: boolean;
  readonly sizeBytes: number;
  /** Made with the first part: of a small file read whole, one call does without it. */
  md5?: Hash;
  position: number;
  trouble?: Trouble;
}

/** Hears of each answer of the system, with the code where it was an error. */
export type OnAnswer = (code?: string) => void;

/** The drive as the thread sees it. */
export interface DriveAccess {
  readonly onAnswer: OnAnswer;
  /** Large files are read past the system's cache. */
  readonly readsDirectly: boolean;
}

/** Where the bytes go, in this thread: from the beginning of a page, with the rest of the last one. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly isSigned: boolean;
}

type Read<Kind extends ReaderReply['kind']> = Reply<Extract<ReaderReply, { readonly kind: Kind }>> | ReadProblem;
type Reply<Known> = Known extends unknown ? Omit<Known, 'id'> : never;

/** Reads a file whole; its size must be that of the place. Only a large one is waited for. */
export const readWhole = (
  wanted: FileToRead,
  place: Place,
  drive: DriveAccess,
): Read<'whole'> | Promise<Read<'whole'>> => {
  const file = openFile(wanted, drive);
  if ('code' in file) return file;
  return isSmall(file) ? readSmall(file, place, drive) : readLarge(file, place, drive);
};

const isSmall = ({ sizeBytes }: Pick<OpenFile, 'sizeBytes'>): boolean => sizeBytes <= CHUNK_BYTES;

const readSmall = (file: OpenFile, { bytes, isSigned }: Place, { onAnswer }: DriveAccess): Read<'whole'> => {
  try {
    const problem = readBuffered(file, bytes, { onAnswer, onBytes: ignore }) ?? checkSize(file, onAnswer);
    return problem ?? { kind: 'whole', md5: hash('md5', bytes, 'hex'), ...sha256Of(bytes, isSigned) };
  } finally {
    closeSync(file.fd);
  }
};

const readLarge = async (
  file: OpenFile,
  { bytes, isSigned }: Place,
  { onAnswer }: DriveAccess,
): Promise<Read<'whole'>> => {
  try {
    const problem = await readInto(file, bytes, { onAnswer, onBytes: intoMd5(file) });
    if (problem !== undefined) return problem;
    const finished = finish(file, onAnswer);
    return finished.kind === 'problem' ? finished : { kind: 'whole', md5: finished.md5, ...sha256Of(bytes, isSigned) };
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
export const openFile = (
  { directoryFd, name, sizeBytes }: FileToRead,
  { onAnswer, readsDirectly }: DriveAccess,
): OpenFile | ReadProblem => {
  const path = pathInDirectory(directoryFd, name);
  const direct = readsDirectly && !isSmall({ sizeBytes }) ? tryOpen(path, FILE_FLAGS | constants.O_DIRECT) : undefined;
  const isDirect = typeof direct === 'number';
  const fd = isDirect ? direct : tryOpen(path, FILE_FLAGS);
  if (typeof fd !== 'number') {
    onAnswer(fd.detail);
    return fd;
  }
  const file = { fd, isDirect, sizeBytes, position: 0 };
  const problem = checkSize(file, onAnswer);
  if (problem === undefined) return file;
  closeSync(fd);
  return problem;
};

const tryOpen = (path: string | Buffer, flags: number): number | ReadProblem => {
  try {
    return openSync(path, flags);
  } catch (error: unknown) {
    return readError(error);
  }
};

const checkSize = ({ fd, sizeBytes }: OpenFile, onAnswer: OnAnswer): ReadProblem | undefined => {
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
export const readPart = async (
  file: OpenFile,
  { bytes, isSigned }: Place,
  { onAnswer }: DriveAccess,
): Promise<Read<'part'>> => {
  let checksum = 0;
  const addToMd5 = intoMd5(file);
  const onBytes = (got: Uint8Array): void => {
    addToMd5(got);
    checksum = crc32(got, checksum);
  };
  const problem = await readInto(file, bytes, { onAnswer, onBytes });
  return problem ?? { kind: 'part', crc32: checksum, ...sha256Of(bytes, isSigned) };
};

interface Hearers {
  readonly onAnswer: OnAnswer;
  readonly onBytes: (bytes: Uint8Array) => void;
}

const readInto = async (file: OpenFile, bytes: Uint8Array, hearers: Hearers): Promise<ReadProblem | undefined> => {
  if (!file.isDirect) return readBuffered(file, bytes, hearers);
  const { fd, position } = file;
  const { readBytes, stoppedBy } = await readDirectly(bytes, { fd, position, ...hearers });
  file.position += readBytes;
  if (stoppedBy === undefined) return undefined;
  // Whatever it was: the cache reads pieces of any size, and says what is the matter with the file.
  const reopened = reopen(file);
  return reopened ?? readBuffered(file, bytes.subarray(readBytes), hearers);
};

const readBuffered = (file: OpenFile, bytes: Uint8Array, { onAnswer, onBytes }: Hearers): ReadProblem | undefined => {
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
    // Where it fails, reading is only slower.
    reopen(file);
    return done;
  }
  const seenBytes = survey(file, file.position + done, { readAt, trouble });
  return { kind: 'problem', code: 'ReadError', detail: 'EIO', unread: { ranges: trouble.ranges, seenBytes } };
};

// Through the cache from here on, with a descriptor of its own: the kernel reads ahead less and less after each error
// (mm/filemap.c), and goes on so to the end of an open file.
const reopen = (file: OpenFile): ReadProblem | undefined => {
  const fd = tryOpen(directoryPath(file.fd), constants.O_RDONLY | constants.O_NONBLOCK);
  if (typeof fd !== 'number') return fd;
  closeSync(file.fd);
  file.fd = fd;
  file.isDirect = false;
  return undefined;
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
  checkSize(file, onAnswer) ?? {
    kind: 'finish',
    md5: (file.md5 ?? createHash('md5')).digest('hex'),
  };

const readError = (error: unknown): ReadProblem => ({
  kind: 'problem',
  code: 'ReadError',
  detail: systemCode(error),
});

const changed = (detail: string): ReadProblem => ({ kind: 'problem', code: 'FileChanged', detail });
