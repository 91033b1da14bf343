// The one way in which the station changes a job: through the transition table, with the cause in its history and the mail
// that tells of it, all in one step.

import { transition, type JobEvent } from '#job/transition.ts';
import type { JobId } from '#job/job-id.ts';
import type { JobState } from '#job/status.ts';
import type { JobChangeFacts, MailWriter } from '#mail/mail-writer.ts';
import type { LoadFacts } from '#notice/letters.ts';
import type { Store } from '#store/contract.ts';
import type { Journal } from './journal.ts';

/** Stores and journal that a change goes to. */
export interface JobChangeDeps {
  readonly store: Store;
  readonly journal: Journal;
  readonly now: () => Date;
  readonly mails: MailWriter;
  /** Told of every change once it is stored. */
  readonly onChange?: (change: JobChangeFacts) => void;
}

/**
 * Applies an event to a job; an event that the table does not allow changes nothing and is journalled.
 * `load`: how its load ended, for the mail about that.
 * @returns the state afterwards, undefined for a job that is not there.
 */
export const changeJob = (
  { store, journal, now, mails, onChange }: JobChangeDeps,
  jobId: JobId,
  event: JobEvent,
  details: Readonly<Record<string, string>> = {},
  load?: LoadFacts,
): JobState | undefined => {
  const job = store.job(jobId);
  if (job === undefined) return undefined;
  const result = transition(job.state, event);
  if (result.kind === 'illegal') {
    journal.error({ jobId, event: event.kind, jobStatus: job.state.job, reason: result.reason }, 'job event refused');
    return job.state;
  }
  const at = now();
  const change = { job, state: result.state, event, at, ...(load === undefined ? {} : { load }) };
  store.changeJob(jobId, { changedAt: at, state: result.state, cause: event.kind, details }, mails.changed(change));
  onChange?.(change);
  if (result.state.job !== job.state.job || result.state.device !== job.state.device) {
    journal.info(
      { jobId, cause: event.kind, jobStatus: result.state.job, deviceStatus: result.state.device },
      'job changed',
    );
  }
  return result.state;
};
