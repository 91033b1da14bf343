// The count of a log (decision 8) and the import log, both made while the loader lists the folders once more: no row is to
// come then, and a load is over so much sooner. What a loader says is not believed: what was made counts only where the
// working log is still the same.

import { rename, rm, stat } from 'node:fs/promises';

import type { LogCount, LogRow } from '#import-log/contract.ts';
import { countLog } from '#import-log/ledger.ts';
import { publishLog, type LogFormat } from '#import-log/publish.ts';
import { stateDiskError } from '#import-log/state-disk.ts';
import { readWorkingLogBatches } from '#import-log/working-log.ts';

/** A file of an import log, and what it was made of. */
export interface MadeLog {
  readonly path: string;
  readonly source: string;
}

/** What is known early of one log. Disposing ends what is under way, and removes a file that was not taken. */
export interface EarlyLog extends AsyncDisposable {
  /** Begins, unless it has. What fails now fails again, and is told, where it is due. */
  begin(): void;
  /**
   * The count of the log as it is on disk now: the one that was begun, if nothing was appended since, or a new one. Errors:
   * those of the working log.
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
}

interface Counted {
  readonly sizeBytes: number;
  readonly count: LogCount;
}

/** Makes it; nothing is read yet. `signal` ends what is under way. */
export const createEarlyLog = ({ format, hashKey, path }: EarlyLogConfig, signal: AbortSignal): EarlyLog => {
  const { workingLog } = format;
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  let counting: Promise<Counted | undefined> | undefined;
  let making: Promise<MadeLog | undefined> | undefined;
  let isTaken = false;
  const countNow = async (): Promise<Counted> => {
    // Before the rows: what is appended meanwhile shows in the size afterwards.
    const sizeBytes = await sizeOf(workingLog);
    return { sizeBytes, count: await countLog(untilOver(readWorkingLogBatches(workingLog), over), hashKey) };
  };
  const make = async (target: string): Promise<MadeLog | undefined> => {
    if ((await counting) === undefined) return undefined;
    const source = await sourceOf(format);
    await publishLog({ ...format, target }, over);
    return { path: target, source };
  };
  return {
    begin: () => {
      if (counting !== undefined) return;
      counting = countNow().catch(() => undefined);
      making = path === undefined ? undefined : make(path).catch(() => undefined);
    },
    count: async () => {
      const early = await counting;
      if (early !== undefined && early.sizeBytes === (await sizeOf(workingLog))) return early.count;
      return (await countNow()).count;
    },
    take: async () => {
      isTaken = true;
      return making;
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await Promise.all([counting, making]);
      if (path !== undefined && !isTaken) await rm(path, { force: true });
    },
  };
};

/**
 * The file of an import log is at `target`, and was made of the working log as it is now: taken over, or made. Errors: those
 * of `publishLog`.
 */
export const ensureLog = async (format: LogFormat, target: string, made: MadeLog | undefined): Promise<void> => {
  if (made !== undefined && made.source === (await sourceOf(format)) && (await isMoved(made.path, target))) return;
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

async function* untilOver(
  batches: AsyncIterable<readonly LogRow[]>,
  over: AbortSignal,
): AsyncGenerator<readonly LogRow[]> {
  for await (const rows of batches) {
    over.throwIfAborted();
    yield rows;
  }
}

// A working log grows, or another one takes its place.
const sourceOf = async ({ workingLog, bucket, formulaGuard, lineEnd }: LogFormat): Promise<string> => {
  const { ino, size, mtimeNs } = await statOf(workingLog);
  return JSON.stringify([workingLog, bucket, formulaGuard, lineEnd, ...[ino, size, mtimeNs].map(String)]);
};

const sizeOf = async (workingLog: string): Promise<number> => Number((await statOf(workingLog)).size);

const statOf = async (workingLog: string): ReturnType<typeof statBig> => {
  try {
    return await statBig(workingLog);
  } catch (cause: unknown) {
    throw stateDiskError({ action: 'read', path: workingLog, cause });
  }
};

const statBig = async (
  path: string,
): Promise<{ readonly ino: bigint; readonly size: bigint; readonly mtimeNs: bigint }> => stat(path, { bigint: true });
