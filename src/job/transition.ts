// The only way from one state of a job to another (spec 3.7, 3.8; decisions 18 to 21).
//
// INVARIANTS
// Job:    Pending -> InProgress -> Completed | SuccessWithErrors | DeviceError | Canceled
//         Pending -> any abort code | Canceled | Expired, and Completed | SuccessWithErrors where no file was sent
//         A terminal job code never changes.
// Device: NotReceived -> AtAWS -> Returned, never back.
// What is announced twice (a restart repeats itself) is no illegal step: the state stays.

import { DAY_MS } from '#language/units.ts';

import type { AbortCode, JobState, JobStatus } from './status.ts';

/** What happens to a job. */
export type JobEvent =
  /** The delivery was accepted at the door. */
  | { readonly kind: 'received' }
  /** A drive with the job's valid SIGNATURE is in a bay: the device is here, whoever received it. */
  | { readonly kind: 'attached' }
  /** The first file is about to be sent (decision 18). */
  | { readonly kind: 'first-file' }
  /** The log lies in the bucket and has no failed row (decisions 7 and 12). */
  | { readonly kind: 'completed' }
  /** The log lies in the bucket and has failed rows. */
  | { readonly kind: 'completed-with-errors' }
  /** A person ends the job (decision 19). */
  | { readonly kind: 'rejected'; readonly code: AbortCode }
  /** The customer ends the job. */
  | { readonly kind: 'canceled' }
  /** The time for the delivery is over (decision 20). */
  | { readonly kind: 'expired' }
  /** The device was sent back. */
  | { readonly kind: 'returned' }
  /** The customer replaces the manifest (decision 18). */
  | { readonly kind: 'updated' };

/** What a person can end a job by. */
export type EndingEvent = Extract<JobEvent, { readonly kind: 'rejected' | 'canceled' }>;

/** The next state, or why there is none; the reason is a whole clause for a person. */
export type TransitionResult =
  | { readonly kind: 'ok'; readonly state: JobState }
  | { readonly kind: 'illegal'; readonly state: JobState; readonly event: JobEvent; readonly reason: string };

/** What `isExpired` looks at. */
export interface ExpiryOptions {
  readonly createdAt: Date;
  /** Days from creation, 30 by default (spec 3.1). */
  readonly expiryDays?: number;
  readonly state: JobState;
  /** True while a drive of this job is in any bay. */
  readonly inBay: boolean;
  /** A time that can be trusted: the caller has compared the clock (decision 20). */
  readonly now: Date;
}

type Step = { readonly kind: 'ok'; readonly state: JobState } | { readonly kind: 'no'; readonly reason: string };

const DEFAULT_EXPIRY_DAYS = 30;

/** The job's next state after an event. Pure; an impossible step is a value. */
export const transition = (state: JobState, event: JobEvent): TransitionResult => {
  const step = stepOf(state, event);
  return step.kind === 'ok' ? step : { kind: 'illegal', state, event, reason: step.reason };
};

/** True where the job is over: its code never changes again. */
export const isTerminal = (status: JobStatus): boolean => status !== 'Pending' && status !== 'InProgress';

/** True where a job that waits for its device is over (decision 20): no delivery in time, nothing of it in a bay. */
export const isExpired = ({ createdAt, expiryDays, state, inBay, now }: ExpiryOptions): boolean => {
  if (inBay || state.job !== 'Pending' || state.device !== 'NotReceived') return false;
  const lifetimeMs = (expiryDays ?? DEFAULT_EXPIRY_DAYS) * DAY_MS;
  return now.getTime() - createdAt.getTime() >= lifetimeMs;
};

const stepOf = (state: JobState, event: JobEvent): Step => {
  switch (event.kind) {
    case 'received':
      return receive(state);
    case 'attached':
      return attach(state);
    case 'first-file':
      return start(state);
    case 'completed':
      return complete(state, 'Completed');
    case 'completed-with-errors':
      return complete(state, 'SuccessWithErrors');
    case 'rejected':
      return reject(state, event.code);
    case 'canceled':
      return isTerminal(state.job) ? over(state) : toJob(state, 'Canceled');
    case 'expired':
      return expire(state);
    case 'returned':
      return giveBack(state);
    case 'updated':
      return state.job === 'Pending'
        ? stay(state)
        : no(`the job is ${state.job} and can only be updated while Pending`);
  }
};

const stay = (state: JobState): Step => ({ kind: 'ok', state });
const toJob = (state: JobState, job: JobStatus): Step => ({ kind: 'ok', state: { ...state, job } });
const no = (reason: string): Step => ({ kind: 'no', reason });
const over = (state: JobState): Step => no(`the job is over (${state.job})`);

// A delivery for a job that was cancelled or has expired goes back with the carrier (spec 9).
const receive = (state: JobState): Step => {
  const isRefused = state.device === 'NotReceived' && (state.job === 'Canceled' || state.job === 'Expired');
  return isRefused ? no(`the job is ${state.job}, so its delivery is refused`) : attach(state);
};

// The device code says where the device is, also for a job that is over: it has to go back.
const attach = (state: JobState): Step =>
  state.device === 'Returned'
    ? no('the device was returned already')
    : { kind: 'ok', state: { ...state, device: 'AtAWS' } };

const start = (state: JobState): Step => {
  if (isTerminal(state.job)) return over(state);
  return state.device === 'AtAWS' ? toJob(state, 'InProgress') : no(`the device is ${state.device}, expected AtAWS`);
};

// Ours: a load in which every file is ignored or fails before it is sent ends without having been InProgress.
const complete = (state: JobState, job: 'Completed' | 'SuccessWithErrors'): Step => {
  if (state.job === 'InProgress' || state.job === job) return toJob(state, job);
  if (isTerminal(state.job)) return over(state);
  return state.device === 'AtAWS' ? toJob(state, job) : no(`the device is ${state.device}, expected AtAWS`);
};

const reject = (state: JobState, code: AbortCode): Step => {
  if (isTerminal(state.job)) return state.job === code ? stay(state) : over(state);
  // All other codes say that nothing was read (spec 3.8).
  const isLoading = state.job === 'InProgress' && code !== 'DeviceError';
  return isLoading
    ? no(`the job is InProgress and can only be rejected as DeviceError, not ${code}`)
    : toJob(state, code);
};

const expire = (state: JobState): Step => {
  if (state.job === 'Expired') return stay(state);
  if (isTerminal(state.job)) return over(state);
  const isWaiting = state.job === 'Pending' && state.device === 'NotReceived';
  return isWaiting ? toJob(state, 'Expired') : no(`the job is ${state.job} with its device ${state.device}`);
};

const giveBack = (state: JobState): Step => {
  if (state.device === 'Returned') return stay(state);
  if (state.device === 'NotReceived') return no('the device was never received');
  return isTerminal(state.job)
    ? { kind: 'ok', state: { ...state, device: 'Returned' } }
    : no(`the job is ${state.job}, so its device is still needed`);
};
