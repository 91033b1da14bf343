// The end of a load whose rows are all there: what waits for a person, what a person has said of it, and the step to
// the second reading or to publishing.

import type { JobId } from '#job/job-id.ts';
import { dropFailedRows } from '#import-log/rewrite-log.ts';
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
  endLoading(deps, drive, count);
  return undefined;
};

/** True where a load has ended, and the drive is to be read a second time. */
export const isRereadDue = ({ store }: Pick<RunDeps, 'store'>, jobId: JobId): boolean => {
  const load = store.load(jobId);
  return load?.phase === 'loading' && load.reread?.kind === 'due';
};

/** What a person has said of a load that waits, if it does; the hold where nobody has said anything yet. */
export const goOnWaiting = async (deps: RunDeps, drive: VouchedDrive): Promise<Hold | undefined> => {
  const { store, config, journal } = deps;
  const { jobId } = drive;
  const load = store.load(jobId);
  if (isRereadDue(deps, jobId)) return undefined;
  const waiting = load === undefined ? undefined : waitingLoad(store, load, config.jobs.failedWait);
  if (waiting === undefined) return undefined;
  const { code, step, count } = waiting;
  switch (step) {
    case 'hold':
      return waiting.hold;
    case 'go-on':
      if (code === 'WalkNotTrusted') return closeLoad(deps, drive, count);
      if (code === 'FilesFailed') endLoading(deps, drive, count);
      else startPublishing(deps, drive, count);
      return undefined;
    case 'load-again': {
      const { workingLog } = loadFolder(config.station.stateDir, jobId);
      journal.info({ jobId, code }, 'loaded again');
      if (code === 'FilesFailed') await dropFailedRows(workingLog);
      if (code === 'SecondReadingDiffers') await dropFailedRows(workingLog, 'VerifyError');
      return undefined;
    }
  }
};

const endLoading = (deps: RunDeps, drive: VouchedDrive, count: LogCount): void => {
  const { store, config } = deps;
  const isWanted = config.load.verify === 'reread' && store.load(drive.jobId)?.ending === undefined;
  // Nothing was loaded that could be compared.
  const kind = isWanted && count.loaded.files > 0 ? 'due' : 'none';
  store.changeLoad(drive.jobId, { summary: formatSummary(count), reread: { kind } });
  if (kind === 'none') startPublishing(deps, drive, count);
};

/** Leaves the log alone to be done. A job whose every file failed before its first request is in progress from now on. */
export const startPublishing = (deps: RunDeps, { jobId }: Pick<VouchedDrive, 'jobId'>, count: LogCount): void => {
  if (deps.store.job(jobId)?.state.job === 'Pending') changeJob(deps, jobId, { kind: 'first-file' });
  deps.store.changeLoad(jobId, { phase: 'publishing', summary: formatSummary(count) });
};
