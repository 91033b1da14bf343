// The count that must balance: what the walk found against what stands in the finished log (decision 8). The two are made by
// different code from different sources; a sum of its own parts would always be right.

import { addBytes } from '#language/units.ts';
import type { Count, LogCount, LogRow, Verdict } from './contract.ts';
import { createPathSum, pathHash } from './path-hash.ts';

/** Status of a file that was left out on purpose (spec 4.4). */
export const IGNORED_STATUS: number = 103;
/** Status of a loaded file (spec 4.4). */
export const LOADED_STATUS: number = 200;

interface Tally {
  files: number;
  bytes: number;
}

/** Counts rows as they are read. */
export interface LogCounter {
  add(rows: readonly LogRow[]): void;
  /** Of all rows until now. */
  count(): LogCount;
}

/** Counts the rows of a log, which come in batches, by what became of the files. `hashKey` is the load's, as the walk used it. */
export const countLog = async (batches: AsyncIterable<readonly LogRow[]>, hashKey: Uint8Array): Promise<LogCount> => {
  const counter = createLogCounter(hashKey);
  for await (const rows of batches) counter.add(rows);
  return counter.count();
};

/** The same for who reads the rows for another purpose, too. */
export const createLogCounter = (hashKey: Uint8Array): LogCounter => {
  const tallies = { loaded: emptyTally(), ignored: emptyTally(), failed: emptyTally() };
  const all = emptyTally();
  const sum = createPathSum();
  const failedByCode = new Map<string, number>();
  return {
    add: (rows) => {
      for (const row of rows) {
        const { path, sizeBytes } = row;
        const kind = kindOf(row);
        addTo(tallies[kind], sizeBytes);
        addTo(all, sizeBytes);
        sum.add(pathHash(hashKey, path));
        if (kind === 'failed') failedByCode.set(row.code, (failedByCode.get(row.code) ?? 0) + 1);
      }
    },
    count: () => {
      const { loaded, ignored, failed } = tallies;
      return {
        loaded: { ...loaded },
        ignored: { ...ignored },
        failed: { ...failed },
        all: { ...all, fingerprint: sum.text() },
        failedByCode: Object.fromEntries(failedByCode),
      };
    },
  };
};

/**
 * Judges a load: every file that the walk found has exactly one row, in files, in bytes and by name; then `completed`, or
 * `success-with-errors` where rows failed. Otherwise `unbalanced`, saying which numbers differ.
 */
export const judge = (found: Count, log: LogCount): Verdict => {
  const { loaded, ignored, failed } = log;
  const files = loaded.files + ignored.files + failed.files;
  const bytes = [ignored.bytes, failed.bytes].reduce(addBytes, loaded.bytes);
  const differences = [
    ...(found.files === files ? [] : [`${found.files} files found, ${files} in the log (${parts(log, 'files')})`]),
    ...(found.bytes === bytes ? [] : [`${found.bytes} bytes found, ${bytes} in the log (${parts(log, 'bytes')})`]),
    ...(found.fingerprint === log.all.fingerprint
      ? []
      : [
          `the names found are not those in the log (fingerprint ${found.fingerprint}, ${log.all.fingerprint} in the log)`,
        ]),
  ];
  if (differences.length > 0) return { kind: 'unbalanced', message: differences.join('; ') };
  return failed.files === 0 ? { kind: 'completed' } : { kind: 'success-with-errors', failedFiles: failed.files };
};

const emptyTally = (): Tally => ({ files: 0, bytes: 0 });

const addTo = (tally: Tally, sizeBytes: number): void => {
  tally.files += 1;
  tally.bytes = addBytes(tally.bytes, sizeBytes);
};

/** What became of a file. Loaded is one whose whole row says so: a status alone may be what someone else answered. */
export const kindOf = (row: LogRow): 'loaded' | 'ignored' | 'failed' => {
  const { status } = row;
  if (status === LOADED_STATUS && row.code === 'OK' && row.md5 !== '') return 'loaded';
  return status === IGNORED_STATUS ? 'ignored' : 'failed';
};

const parts = ({ loaded, ignored, failed }: LogCount, unit: 'files' | 'bytes'): string =>
  `loaded ${loaded[unit]}, ignored ${ignored[unit]}, failed ${failed[unit]}`;
