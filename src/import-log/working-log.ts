// The working log: what is finished of a load, exact and append-only. It alone decides what is done (decision 13); the
// published import log is made from it. The daemon is its only writer.
//
// INVARIANTS
//   Bytes that `append` acknowledged are on disk and never change.
//   What a crash or a full disk leaves behind them is no whole row, or one that nobody was told of; it is cut by the next
//   `openWorkingLog`, or taken for what it is.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogRow } from './contract.ts';
import { scanLog } from './log-scanner.ts';
import { WORKING_LOG_HEADER } from './row-format.ts';
import { keepRow, type PassingRow } from './row-scanner.ts';
import { stateDiskError, syncFolder } from './state-disk.ts';

// Writer and reader of a row are one format: whoever uses the log finds both here.
export { formatWorkingRow } from './row-format.ts';
export { keepRow } from './row-scanner.ts';

/** A working log, open for appending. */
export interface WorkingLog extends AsyncDisposable {
  /** Size of the file in bytes, header included. */
  readonly sizeBytes: number;
  /**
   * Resolves when the rows are on disk; several at once are done one after the other. Where it rejects, none of them is in
   * the log: StationError StateDiskFull (tried again, it may succeed), or StateDiskFailed (the log must be opened anew).
   */
  append(rows: Uint8Array): Promise<void>;
}

/** Which log is opened, and who wants to know what stands in it. */
export interface WorkingLogOptions {
  readonly path: string;
  /** The rows are there until it is done. */
  readonly onRows?: (rows: readonly PassingRow[]) => Promise<void>;
}

// Names of customers' files are nobody else's business.
const FILE_MODE = 0o600;

/**
 * Opens the log of a load, or creates it, and cuts what a crash left at its end; `onRows` gets the rows that stand in it, in
 * batches, for a long log is not read twice. Throws StationError WorkingLogDamaged for what is no torn tail, StateDiskFull
 * and StateDiskFailed where the disk refuses, and what `onRows` throws.
 */
export const openWorkingLog = async ({ path, onRows }: WorkingLogOptions): Promise<WorkingLog> => {
  const file = await openFile(path);
  try {
    const wholeBytes = await findEnd(file, path, onRows);
    const sizeBytes = await prepare(file, path, wholeBytes);
    return createWorkingLog(file, path, sizeBytes);
  } catch (error: unknown) {
    await file.close();
    throw error;
  }
};

/**
 * Reads the whole rows of a log in bounded memory; a torn tail is left out. A log that was begun but has no row yet gives
 * none. Throws StationError WorkingLogDamaged with the byte offset, or StateDiskFailed.
 */
export async function* readWorkingLog(path: string): AsyncGenerator<LogRow> {
  // Not `yield*`, which wraps every row once more.
  for await (const rows of readWorkingLogBatches(path)) for (const row of rows) yield keepRow(row);
}

/**
 * The same in batches of about a thousand rows, for who has work to do with many at once. Each is there until the next batch
 * is asked for. `hasMore`: asked at the end of a log that may grow, each time, with the bytes that were read and the inode
 * of the file that they came from; true, and it is read on.
 */
export async function* readWorkingLogBatches(
  path: string,
  hasMore?: (place: { readonly readBytes: number; readonly inode: bigint }) => Promise<boolean>,
): AsyncGenerator<readonly PassingRow[]> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    if (hasMore === undefined) return yield* scanLog(file, path);
    const { ino: inode } = await file.stat({ bigint: true });
    yield* scanLog(file, path, (readBytes) => hasMore({ readBytes, inode }));
  } catch (error: unknown) {
    throw stateDiskError({ action: 'read', path, cause: error });
  }
}

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, FILE_MODE);
  } catch (error: unknown) {
    throw stateDiskError({ action: 'write', path, cause: error });
  }
};

const findEnd = async (
  file: FileHandle,
  path: string,
  onRows: WorkingLogOptions['onRows'] = () => Promise.resolve(),
): Promise<number> => {
  const batches = scanLog(file, path);
  for (;;) {
    const batch = await batches.next().catch((error: unknown) => {
      throw stateDiskError({ action: 'read', path, cause: error });
    });
    if (batch.done === true) return batch.value;
    await onRows(batch.value);
  }
};

// Both are made durable before the first row, or a crash could leave rows in a file without a name.
const prepare = async (file: FileHandle, path: string, wholeBytes: number): Promise<number> => {
  try {
    await file.truncate(wholeBytes);
    if (wholeBytes === 0) await writeWhole(file, WORKING_LOG_HEADER, 0);
    await file.sync();
    await syncFolder(dirname(path));
  } catch (error: unknown) {
    throw stateDiskError({ action: 'write', path, cause: error });
  }
  return Math.max(wholeBytes, WORKING_LOG_HEADER.length);
};

// A write may be short (signals, the last bytes of a disk).
const writeWhole = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
};

const createWorkingLog = (file: FileHandle, path: string, initialBytes: number): WorkingLog => {
  let sizeBytes = initialBytes;
  let broken: unknown;
  let queue: Promise<void> = Promise.resolve();
  let closing: Promise<void> | undefined;

  const write = async (rows: Uint8Array): Promise<void> => {
    if (broken !== undefined) throw stateDiskError({ action: 'write', path, cause: broken });
    try {
      await writeWhole(file, rows, sizeBytes);
    } catch (error: unknown) {
      await cutBack(error);
      throw stateDiskError({ action: 'write', path, cause: error });
    }
    try {
      await file.datasync();
    } catch (error: unknown) {
      // After a failed sync nobody knows what the disk holds, and a second one may lie: only a new open can tell.
      broken = error;
      throw stateDiskError({ action: 'write', path, cause: error });
    }
    sizeBytes += rows.length;
  };

  const cutBack = async (cause: unknown): Promise<void> => {
    try {
      await file.truncate(sizeBytes);
    } catch (error: unknown) {
      broken = new AggregateError([cause, error], 'Cannot cut back a partial append');
    }
  };

  return {
    get sizeBytes() {
      return sizeBytes;
    },
    append: (rows) => {
      const done = queue.then(() => write(rows));
      // The next append waits for this one; what became of it is told to its own caller.
      queue = done.catch(() => undefined);
      return done;
    },
    [Symbol.asyncDispose]: async () => {
      closing ??= queue.then(() => file.close());
      await closing;
    },
  };
};
