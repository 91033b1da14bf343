// Failed files at the end of a load, where `jobs.failed_wait` makes the bay wait for a person (situations, "Files failed in
// the end"): `retry` loads those alone, `confirm` ends the job as it is. What was said last stands in the job's history, so
// a restart or another bay changes nothing.
//
// STATES of a load that waits: phase `loading`, with the summary of its finished walk.

import type { LogCount } from '#import-log/contract.ts';
import type { Job, Load, Store } from '#store/contract.ts';
import { hold, type Hold } from './hold.ts';
import { parseSummary } from './summary.ts';

/** What is to be done with a load that waits. */
export type FailedStep = 'hold' | 'load-again' | 'publish';

const HELD = 'files-failed';

/** The hold for failed files; the history keeps that it came, and how many there were. */
export const holdForFailed = (store: Store, { jobId, state }: Job, count: LogCount, now: Date): Hold => {
  const details = { failedFiles: String(count.failed.files) };
  store.changeJob(jobId, { changedAt: now, state, cause: HELD, details });
  return holdOf(count);
};

/** The step of a load with what was counted; undefined where it does not wait for a person. */
export const failedStep = (
  { jobHistory }: Pick<Store, 'jobHistory'>,
  load: Load,
  isWaiting: boolean,
): { readonly step: FailedStep; readonly hold: Hold } | undefined => {
  const count = load.phase === 'loading' ? parseSummary(load.summary) : undefined;
  if (count === undefined) return undefined;
  return { step: isWaiting ? lastWord(jobHistory(load.jobId)) : 'load-again', hold: holdOf(count) };
};

const lastWord = (history: ReturnType<Store['jobHistory']>): FailedStep => {
  const words = history.flatMap(({ cause, details }): readonly FailedStep[] => {
    if (cause === HELD) return ['hold'];
    if (cause === 'retry') return ['load-again'];
    return cause === 'confirmed' && details['code'] === 'FilesFailed' ? ['publish'] : [];
  });
  return words.at(-1) ?? 'hold';
};

const holdOf = ({ failedByCode }: LogCount): Hold => {
  const codes = Object.entries(failedByCode).map(([code, files]) => `${String(files)} ${code}`);
  return hold('FilesFailed', { message: codes.join(', ') });
};
