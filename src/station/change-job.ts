// The one way in which the station changes a job: through the transition table, with the cause in its history.

import { transition, type JobEvent } from '#job/transition.ts';
import type { JobId } from '#job/job-id.ts';
import type { JobState } from '#job/status.ts';
import type { Store } from '#store/contract.ts';
import type { Journal } from './journal.ts';

/** Stores and journal that a change goes to. */
export interface JobChangeDeps {
  readonly store: Store;
  readonly journal: Journal;
  readonly now: () => Date;
}

/**
 * Applies an event to a job; an event that the table does not allow changes nothing and is journalled.
 * @returns the state afterwards, undefined for a job that is not there.
 */
export const changeJob = (
  { store, journal, now }: JobChangeDeps,
  jobId: JobId,
  event: JobEvent,
  details: Readonly<Record<string, string>> = {},
): JobState | undefined => {
  const job = store.job(jobId);
  if (job === undefined) return undefined;
  const result = transition(job.state, event);
  if (result.kind === 'illegal') {
    journal.error({ jobId, event: event.kind, jobStatus: job.state.job, reason: result.reason }, 'job event refused');
    return job.state;
  }
  store.changeJob(jobId, { changedAt: now(), state: result.state, cause: event.kind, details });
  if (result.state.job !== job.state.job || result.state.device !== job.state.device) {
    journal.info(
      { jobId, cause: event.kind, jobStatus: result.state.job, deviceStatus: result.state.device },
      'job changed',
    );
  }
  return result.state;
};
