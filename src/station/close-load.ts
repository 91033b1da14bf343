// The end of a load whose rows are all there: what waits for a person, what a person has said of it, and the step to
// publishing.

import { dropFailedRows } from '#import-log/drop-failed.ts';
import type { LogCount } from '#import-log/contract.ts';
import { changeJob } from './change-job.ts';
import { isConfirmed, type VouchedDrive } from './confirmations.ts';
import { hold, type Hold } from './hold.ts';
import { loadFolder } from './load-folder.ts';
import type { RunDeps } from './run-deps.ts';
import { formatSummary } from './summary.ts';
import { waitForFailed, waitingLoad } from './waiting-load.ts';

/** Takes a load with what was counted on to publishing; the hold where a person has to speak before. */
export const closeLoad = (deps: RunDeps, drive: VouchedDrive, count: LogCount): Hold | undefined => {
  const { store, config, now } = deps;
  const { jobId } = drive;
  const job = store.job(jobId);
  const isBeingEnded = store.load(jobId)?.ending !== undefined;
  if (count.failed.files > 0 && config.jobs.failedWait && job !== undefined && !isBeingEnded) {
    return waitForFailed(store, job, count, now());
  }
  const isEmpty = count.loaded.files + count.failed.files === 0;
  if (isEmpty && !isConfirmed(store, 'NothingToLoad', drive)) return hold('NothingToLoad');
  startPublishing(deps, drive, count);
  return undefined;
};

/** What a person has said of a load that waits, if it does; the hold where nobody has said anything yet. */
export const goOnWaiting = async (deps: RunDeps, drive: VouchedDrive): Promise<Hold | undefined> => {
  const { store, config, journal } = deps;
  const { jobId } = drive;
  const load = store.load(jobId);
  const waiting = load === undefined ? undefined : waitingLoad(store, load, config.jobs.failedWait);
  if (waiting === undefined) return undefined;
  const { code, step, count } = waiting;
  switch (step) {
    case 'hold':
      return waiting.hold;
    case 'go-on':
      if (code === 'WalkNotTrusted') return closeLoad(deps, drive, count);
      startPublishing(deps, drive, count);
      return undefined;
    case 'load-again':
      journal.info({ jobId, code }, 'loaded again');
      if (code === 'FilesFailed') await dropFailedRows(loadFolder(config.station.stateDir, jobId).workingLog);
      return undefined;
  }
};

// A job whose every file failed before its first request has not been in progress until now.
const startPublishing = (deps: RunDeps, { jobId }: VouchedDrive, count: LogCount): void => {
  if (deps.store.job(jobId)?.state.job === 'Pending') changeJob(deps, jobId, { kind: 'first-file' });
  deps.store.changeLoad(jobId, { phase: 'publishing', summary: formatSummary(count) });
};
