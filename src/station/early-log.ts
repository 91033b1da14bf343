// The count of a log (decision 8) and the import log, both made while the load goes on, in one reading of the working log
// that follows it as it grows: a load is over so much sooner. Where it fails, both are made when they are due.
//
// INVARIANTS
// - What was made counts only where the file that was read is the working log, has as many bytes as were read, and nothing
//   was written to it since the last look. What is changed behind the reading, in a file that is as long, does not show.
// - Rows may be read that are not acknowledged yet: an append that fails ends the load, and what was made with it.

import { rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { LogCount, LogRow } from '#import-log/contract.ts';
import { countLog, createLogCounter } from '#import-log/ledger.ts';
import { publishLog, type LogFormat } from '#import-log/publish.ts';
import { stateDiskError } from '#import-log/state-disk.ts';
import { readWorkingLogBatches } from '#import-log/working-log.ts';
import { KIB, MIB } from '#language/units.ts';

/** A file of an import log, and what it was made of. */
export interface MadeLog {
  readonly path: string;
  readonly source: string;
}

/** What is known early of one log. Disposing ends what is under way, and removes a file that was not taken. */
export interface EarlyLog extends AsyncDisposable {
  /** So many bytes of rows have been appended to the working log. */
  follow(appendedBytes: number): void;
  /** No more rows are to come: reads to the end. What fails now fails again, and is told, where it is due. */
  finish(): void;
  /**
   * The count of the log as it is on disk now: the one that was made early, if nothing was appended since, or a new one.
   * Errors: those of the working log.
   */
  count(): Promise<LogCount>;
  /** The file, if one was made. It is the caller's. */
  take(): Promise<MadeLog | undefined>;
}

/** Which log. */
export interface EarlyLogConfig {
  readonly format: LogFormat;
  readonly hashKey: Uint8Array;
  /** Where the file goes; nobody else writes there. Absent: none is made. */
  readonly path?: string;
  /** What the file leaves free on its disk for rows, which cannot wait. */
  readonly leaveFreeBytes?: number;
}

/** What was read to its end. */
interface Read {
  readonly source: string;
  readonly count: LogCount;
  readonly made: MadeLog | undefined;
}

/** Fewer are not worth a reading. */
const FOLLOW_BYTES = 64 * KIB;
const LEAVE_FREE_BYTES = 64 * MIB;

/** Makes it; nothing is read yet. `signal` ends what is under way. */
export const createEarlyLog = (
  { format, hashKey, path, leaveFreeBytes = LEAVE_FREE_BYTES }: EarlyLogConfig,
  signal: AbortSignal,
): EarlyLog => {
  const { workingLog } = format;
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  let unreadBytes = 0;
  let isFinishing = false;
  let wake = Promise.withResolvers<undefined>();
  let reading: Promise<Read | undefined> | undefined;
  let isTaken = false;
  over.addEventListener('abort', () => {
    wake.resolve(undefined);
  });

  const read = async (): Promise<Read> => {
    const counter = createLogCounter(hashKey);
    let source: string | undefined;
    const hasMore = async (place: { readonly readBytes: number; readonly inode: bigint }): Promise<boolean> => {
      if (!isFinishing) await wake.promise;
      over.throwIfAborted();
      wake = Promise.withResolvers();
      unreadBytes = 0;
      if (!isFinishing) return true;
      const state = await stateOf(format);
      if (state.inode !== place.inode || state.sizeBytes < place.readBytes)
        throw new Error('Not the log that was read');
      if (state.sizeBytes > place.readBytes) return true;
      source = state.source;
      return false;
    };
    const batches = untilOver(readWorkingLogBatches(workingLog, hasMore), over, counter.add);
    if (path === undefined) await exhaust(batches);
    else await publishLog({ ...format, target: path }, over, leavingFree(leaveFreeBytes, batches, dirname(path)));
    if (source === undefined) throw new Error('The log was read to no end');
    return { source, count: counter.count(), made: path === undefined ? undefined : { path, source } };
  };
  const go = (): void => {
    reading ??= read().catch(() => undefined);
    wake.resolve(undefined);
  };
  const finish = (): void => {
    isFinishing = true;
    go();
  };

  return {
    follow: (appendedBytes) => {
      unreadBytes += appendedBytes;
      if (unreadBytes >= FOLLOW_BYTES) go();
    },
    finish,
    count: async () => {
      if (reading !== undefined) finish();
      const early = await reading;
      if (early !== undefined && early.source === (await stateOf(format)).source) return early.count;
      return countLog(untilOver(readWorkingLogBatches(workingLog), over), hashKey);
    },
    take: async () => {
      if (reading !== undefined) finish();
      const made = (await reading)?.made;
      isTaken = made !== undefined;
      return made;
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await reading;
      if (path !== undefined && !isTaken) await rm(path, { force: true });
    },
  };
};

/**
 * The file of an import log is at `target`, and was made of the working log as it is now: taken over, or made. Errors: those
 * of `publishLog`.
 */
export const ensureLog = async (format: LogFormat, target: string, made: MadeLog | undefined): Promise<void> => {
  if (made !== undefined && made.source === (await stateOf(format)).source && (await isMoved(made.path, target)))
    return;
  if (made !== undefined) await rm(made.path, { force: true });
  await publishLog({ ...format, target });
};

const isMoved = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to);
    return true;
  } catch {
    // It can be made as well.
    return false;
  }
};

type Batches = AsyncIterable<readonly LogRow[]>;

async function* untilOver(
  batches: Batches,
  over: AbortSignal,
  onRows?: (rows: readonly LogRow[]) => void,
): AsyncGenerator<readonly LogRow[]> {
  for await (const rows of batches) {
    over.throwIfAborted();
    onRows?.(rows);
    yield rows;
  }
}

// A disk that is nearly full is left to the rows of files that are stored already: a load must not stop for a log that can
// be made at its end as well.
async function* leavingFree(bytes: number, batches: Batches, folder: string): AsyncGenerator<readonly LogRow[]> {
  for await (const rows of batches) {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < bytes) throw new Error('No room for an early log');
    yield rows;
  }
}

const exhaust = async (batches: Batches): Promise<void> => {
  for await (const _rows of batches);
};

interface LogState {
  readonly inode: bigint;
  readonly sizeBytes: number;
  /** A working log grows, or another one takes its place. */
  readonly source: string;
}

const stateOf = async ({ workingLog, bucket, formulaGuard, lineEnd }: LogFormat): Promise<LogState> => {
  try {
    const { ino, size, mtimeNs } = await stat(workingLog, { bigint: true });
    const source = JSON.stringify([workingLog, bucket, formulaGuard, lineEnd, ...[ino, size, mtimeNs].map(String)]);
    return { inode: ino, sizeBytes: Number(size), source };
  } catch (cause: unknown) {
    throw stateDiskError({ action: 'read', path: workingLog, cause });
  }
};
