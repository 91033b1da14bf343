// The import log as the customer gets it, made from the working log: a CSV file, ready to be put into the bucket (spec 4).

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Cast, type Options, stringify } from 'csv-stringify/sync';
import type { LogRow } from './contract.ts';
import { COLUMNS, FILE_COLUMN, fileText, formatLogDate, publishedFields } from './published-row.ts';
import { stateDiskError, syncFolder } from './state-disk.ts';
import { readWorkingLogBatches } from './working-log.ts';

export { formatLogDate } from './published-row.ts';

/** Which rows, and how they are written. */
export interface LogFormat {
  /** Path of the working log. */
  readonly workingLog: string;
  /** The data bucket, which stands before each key. */
  readonly bucket: string;
  /** Guards `File` values that a spreadsheet would run as a formula (decision 3). */
  readonly formulaGuard: boolean;
  readonly lineEnd: 'lf' | 'crlf';
}

/** What is published, and how; the rows end where the working log is finished. */
export interface PublishOptions extends LogFormat {
  /** Path of the file that is made, replacing one that is there. */
  readonly target: string;
}

const FILE_MODE = 0o600;
const LINE_ENDS = { lf: '\n', crlf: '\r\n' } as const;

/** The log's key: nothing is put between the two, and `prefix` does not apply (spec 4.1). */
export const logKeyOf = ({ logPrefix, jobId }: { readonly logPrefix: string; readonly jobId: string }): string =>
  `${logPrefix}import-log-${jobId}`;

/** Where a log is written before it takes its place; a crash may leave it there. */
export const unfinishedLog = (target: string): string => `${target}.new`;

/**
 * Makes the import log in bounded memory and leaves either all of it under `target`, on disk, or what was there before.
 * `batches`: the rows of the working log, where someone reads them for another purpose, too. Throws StationError
 * WorkingLogDamaged, StateDiskFull and StateDiskFailed, which what else `batches` throws becomes, and the signal's reason.
 */
export const publishLog = async (
  options: PublishOptions,
  signal?: AbortSignal,
  batches: AsyncIterable<readonly LogRow[]> = readWorkingLogBatches(options.workingLog),
): Promise<void> => {
  const { target } = options;
  const unfinished = unfinishedLog(target);
  try {
    await writeLog(formatRows(batches, options), unfinished, signal);
    await rename(unfinished, target);
    await syncFolder(dirname(target));
  } catch (error: unknown) {
    await rm(unfinished, { force: true });
    signal?.throwIfAborted();
    throw stateDiskError({ action: 'write', path: target, cause: error });
  }
};

const writeLog = async (log: AsyncIterable<string>, path: string, signal: AbortSignal | undefined): Promise<void> => {
  await using file = await open(path, 'w', FILE_MODE);
  for await (const text of log) {
    signal?.throwIfAborted();
    await file.writeFile(text);
  }
  await file.sync();
};

/**
 * The log as text, header first, in pieces of bounded size; `isWanted` leaves rows out. Errors: those of the working log.
 */
export const formatLog = (format: LogFormat, isWanted?: (row: LogRow) => boolean): AsyncGenerator<string> =>
  formatRows(readWorkingLogBatches(format.workingLog), format, isWanted);

async function* formatRows(
  batches: AsyncIterable<readonly LogRow[]>,
  format: LogFormat,
  isWanted: (row: LogRow) => boolean = () => true,
): AsyncGenerator<string> {
  const { bucket, formulaGuard, lineEnd } = format;
  const options: Options = {
    record_delimiter: LINE_ENDS[lineEnd],
    quoted_string: true,
    quoted_empty: false,
    cast: {
      string: (value, { index }) => (formulaGuard && index === FILE_COLUMN ? guardFormula(value) : value),
      object: ({ bare }) => String(bare),
    },
  };
  yield stringify([COLUMNS], { record_delimiter: LINE_ENDS[lineEnd] });
  for await (const rows of batches) {
    let text = '';
    let others: ReturnType<typeof publishedFields>[] = [];
    const addOthers = (): void => {
      if (others.length > 0) text += stringify(others, options);
      others = [];
    };
    for (const row of rows) {
      if (!isWanted(row)) continue;
      const line = plainLine(row, format);
      if (line === undefined) others.push(publishedFields(row, bucket));
      else {
        addOthers();
        text += line;
      }
    }
    addOthers();
    if (text !== '') yield text;
  }
}

// A row in which nothing has to be escaped or guarded, as nearly all are: the package takes many times as long for it. What is
// not plain beyond doubt is left to the package.
const plainLine = (row: LogRow, { bucket, formulaGuard, lineEnd }: LogFormat): string | undefined => {
  const { code, key, contentType } = row;
  const file = fileText(row.path);
  if (file === '' || file.includes('"') || key.includes('"') || (formulaGuard && !SAFE_START.test(file)))
    return undefined;
  if (!PLAIN.test(code) || !PLAIN.test(contentType)) return undefined;
  const published = key === '' ? '' : `"${bucket}/${key}"`;
  return (
    `${formatLogDate(row.finishedAt)},"${file}",${String(row.status)},${code},${published},${row.md5},` +
    `${String(row.sizeBytes)},${contentType}${LINE_ENDS[lineEnd]}`
  );
};

const PLAIN = /^[^",\r\n]*$/u;

// What no formula begins with. The package decides; but options for a single field, which it takes as what a cast returns,
// cost ten times as much as the field itself.
const SAFE_START = /^[\dA-Za-z._/]/u;

// The guard is for File alone: a Key is always exact (decision 3).
const guardFormula = (value: string): ReturnType<Cast<string>> => {
  if (SAFE_START.test(value)) return value;
  // The package takes every option here, its types name only some of them.
  const guarded = { value, escape_formulas: true };
  return guarded;
};
