// A load that waits at its end for a person, with every file that was found in its row: because files failed and
// `jobs.failed_wait` says so, because the walk is not to be trusted, or because a second reading gave other bytes. What was
// said last stands in the job's history, so a restart or another bay changes nothing.
//
// STATES of a load that waits: phase `loading`, with the summary of its finished walk.

import type { LogCount } from '#import-log/contract.ts';
import type { Job, JobChange, Load, Store } from '#store/contract.ts';
import { hold, type Hold } from './hold.ts';
import { formatSummary, parseSummary } from './summary.ts';

/** What a load can wait with. */
export type WaitingCode = 'FilesFailed' | 'WalkNotTrusted' | 'SecondReadingDiffers';

/** What is to be done with a load that waits. */
export interface WaitingLoad {
  readonly code: WaitingCode;
  /** `go-on`: a person has vouched for it. */
  readonly step: 'hold' | 'load-again' | 'go-on';
  readonly hold: Hold;
  readonly count: LogCount;
}

// As the history of jobs calls them.
const CODES_BY_CAUSE: ReadonlyMap<string, WaitingCode> = new Map([
  ['files-failed', 'FilesFailed'],
  ['walk-not-trusted', 'WalkNotTrusted'],
  ['reread-differs', 'SecondReadingDiffers'],
]);
const CAUSES: Readonly<Record<WaitingCode, string>> = {
  FilesFailed: 'files-failed',
  WalkNotTrusted: 'walk-not-trusted',
  SecondReadingDiffers: 'reread-differs',
};

/** Makes a load wait for failed files; the history keeps that it did, and for how many. */
export const waitForFailed = (store: Store, job: Job, count: LogCount, now: Date): Hold =>
  wait(store, job, { code: 'FilesFailed', count, details: { failedFiles: String(count.failed.files) } }, now);

/** Makes a load wait for its doubtful walk. */
export const waitForWalk = (
  store: Store,
  job: Job,
  { count, doubts }: { readonly count: LogCount; readonly doubts: readonly string[] },
  now: Date,
): Hold => wait(store, job, { code: 'WalkNotTrusted', count, details: { message: doubts.join('; ') } }, now);

/** Makes a load wait for files that gave other bytes the second time; `doubts` are of the names that it met then. */
export const waitForDiffering = (
  store: Store,
  job: Job,
  {
    count,
    differing,
    doubts,
  }: { readonly count: LogCount; readonly differing: number; readonly doubts: readonly string[] },
  now: Date,
): Hold =>
  wait(
    store,
    job,
    {
      code: 'SecondReadingDiffers',
      count,
      details: { message: [`${String(differing)} ${differing === 1 ? 'file' : 'files'}`, ...doubts].join('; ') },
    },
    now,
  );

const wait = (
  store: Store,
  { jobId, state }: Job,
  {
    code,
    count,
    details,
  }: { readonly code: WaitingCode; readonly count: LogCount; readonly details: JobChange['details'] },
  now: Date,
): Hold => {
  store.changeLoad(jobId, { summary: formatSummary(count) });
  store.changeJob(jobId, { changedAt: now, state, cause: CAUSES[code], details });
  return holdOf(code, count, details);
};

/** The step of a load with what was counted; undefined where it does not wait for a person. */
export const waitingLoad = (
  { jobHistory }: Pick<Store, 'jobHistory'>,
  load: Load,
  isFailedWaited: boolean,
): WaitingLoad | undefined => {
  const count = load.phase === 'loading' ? parseSummary(load.summary) : undefined;
  if (count === undefined) return undefined;
  const { code, step, details } = lastWord(jobHistory(load.jobId));
  const isOff = code === 'FilesFailed' && !isFailedWaited;
  return { code, step: isOff ? 'load-again' : step, hold: holdOf(code, count, details), count };
};

type Word = Pick<WaitingLoad, 'code' | 'step'> & { readonly details: JobChange['details'] };

const lastWord = (history: readonly JobChange[]): Word => {
  let word: Word = { code: 'FilesFailed', step: 'hold', details: {} };
  for (const { cause, details } of history) {
    const code = CODES_BY_CAUSE.get(cause);
    if (code !== undefined) word = { code, step: 'hold', details };
    else if (cause === 'retry') word = { ...word, step: 'load-again' };
    else if (cause === 'confirmed' && details['code'] === word.code) word = { ...word, step: 'go-on' };
  }
  return word;
};

const holdOf = (code: WaitingCode, { failedByCode }: LogCount, details: JobChange['details']): Hold => {
  if (code !== 'FilesFailed') return hold(code, { message: details['message'] ?? '' });
  const codes = Object.entries(failedByCode).map(([failed, files]) => `${String(files)} ${failed}`);
  return hold(code, { message: codes.join(', ') });
};
