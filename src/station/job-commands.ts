// What a person says of a job: its delivery is here, it is canceled, its drive cannot be loaded, its drive goes back.

import { callerDetails, type Caller } from '#desk/desk.ts';
import { parseJobId, type JobId } from '#job/job-id.ts';
import type { ReturnAddress } from '#job/manifest.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import { similarJobIds } from '#job/similar-job-ids.ts';
import type { AbortCode } from '#job/status.ts';
import { isTerminal, transition } from '#job/transition.ts';
import { printable } from '#language/printable.ts';
import type { Job } from '#store/contract.ts';
import { changeJob, type JobChangeDeps } from './change-job.ts';
import { refused, type CommandResult } from './command-result.ts';
import type { DriveRun } from './drive-run.ts';
import type { JobEnder } from './end-job.ts';

/** `isOver` is false where files are in flight still, and the log has to be written. */
export type EndResult = CommandResult<{ readonly jobId: JobId; readonly isOver: boolean }>;

/** Who rejects what, and why. */
export interface Rejection {
  /** Job ID, or name of a bay. */
  readonly target: string;
  /** The job, where the target is a bay whose drive does not show it. */
  readonly jobId?: string;
  readonly code: AbortCode;
  readonly why: string;
}

/** What a technician compares with the parcel, or writes onto it; everything printable. */
export type HandledJob = CommandResult<{
  readonly jobId: JobId;
  readonly email: string;
  readonly deviceId: string;
  /** The lines of the address in the manifest in force. */
  readonly returnAddress: readonly string[];
  /** The customer asked for the drive to be erased; the station does not (decision 25). */
  readonly eraseDevice: boolean;
}>;

/** How a drive goes back. */
export interface Return {
  readonly tracking: string;
  /** True where somebody erased it, false where nobody did; asked for where the customer wants it erased. */
  readonly isErased?: boolean;
}

/** The commands. */
export interface JobCommands {
  /** The delivery was accepted at the door. Refusals: DeliveryRefused. */
  receive(jobId: string, caller: Caller): HandledJob;
  /** The drive was handed to the carrier. Refusals: InvalidJobId, DriveInBay, ErasureNotTold, NotReturned. */
  giveBack(jobId: string, how: Return, caller: Caller): HandledJob;
  /** The PIN of the drive, for its pad; the history keeps who saw it. Refusals: InvalidJobId, PinNotShown. */
  pin(jobId: string, caller: Caller): CommandResult<{ readonly jobId: JobId; readonly pin: string }>;
  /** Refusals: InvalidJobId, JobNotEnded. */
  cancel(jobId: string, why: string | undefined, caller: Caller): Promise<EndResult>;
  /** Refusals: those of `cancel`, and NoSuchBay, BayEmpty, JobNotNamed, JobMismatch. */
  reject(rejection: Rejection, caller: Caller): Promise<EndResult>;
}

/** What the commands look at. */
export interface JobCommandPorts {
  /** Drive in a bay; undefined for an empty one, null where there is no such bay. */
  readonly runIn: (bay: string) => DriveRun | undefined | null;
  readonly runsOf: (jobId: JobId) => readonly DriveRun[];
}

/** Makes the commands. */
export const createJobCommands = (
  deps: JobChangeDeps,
  ender: JobEnder,
  { runIn, runsOf }: JobCommandPorts,
): JobCommands => {
  const end = async (
    jobId: JobId,
    event: Parameters<JobEnder['end']>[1],
    { details, run }: { readonly details: Readonly<Record<string, string>>; readonly run?: DriveRun | undefined },
  ): Promise<EndResult> => {
    const drives = new Set([...runsOf(jobId), ...(run === undefined ? [] : [run])]);
    const result = ender.end(jobId, event, details);
    if (result.kind === 'refused') return result;
    // Whoever ended the job wants the drive out; where it is busy still, the bay says so itself.
    if (result.isOver) for (const one of drives) await one.release();
    return { ...result, jobId };
  };

  return {
    receive: (text, caller) => receive(deps, text, caller),
    giveBack: (text, how, caller) => {
      const jobId = parseJobId(text);
      const job = jobId === undefined ? undefined : deps.store.job(jobId);
      if (job === undefined) return refused('InvalidJobId', { jobId: text });
      const [run] = runsOf(job.jobId);
      if (run !== undefined) return refused('DriveInBay', { jobId: job.jobId, bay: run.bay });
      return giveBack(deps, job, how, caller);
    },
    pin: (text, caller) => showPin(deps, text, caller),
    cancel: async (text, why, caller) => {
      const jobId = parseJobId(text);
      if (jobId === undefined) return refused('InvalidJobId', { jobId: text });
      return end(
        jobId,
        { kind: 'canceled' },
        { details: { ...callerDetails(caller), ...(why === undefined ? {} : { why }) } },
      );
    },
    reject: async (rejection, caller) => {
      const { code, why } = rejection;
      const found = findJob(rejection, runIn(rejection.target));
      if (found.kind === 'refused') return found;
      return end(
        found.jobId,
        { kind: 'rejected', code },
        { details: { ...callerDetails(caller), code, why }, run: found.run },
      );
    },
  };
};

const receive = (deps: JobChangeDeps, text: string, caller: Caller): HandledJob => {
  const { store } = deps;
  const jobId = parseJobId(text);
  const job = jobId === undefined ? undefined : store.job(jobId);
  if (job === undefined) {
    const open = store.jobs().flatMap(({ jobId: one, state }) => (isTerminal(state.job) ? [] : [one]));
    const similar = similarJobIds(text, open);
    const hint = similar.length === 0 ? '' : `; an open job has a similar one: ${similar.join(', ')}`;
    return refused('DeliveryRefused', { jobId: text, message: `no job has this ID${hint}` });
  }
  const result = transition(job.state, { kind: 'received' });
  if (result.kind === 'illegal') return refused('DeliveryRefused', { jobId: job.jobId, message: result.reason });
  changeJob(deps, job.jobId, { kind: 'received' }, callerDetails(caller));
  return handledJob(job);
};

const giveBack = (deps: JobChangeDeps, job: Job, { tracking, isErased }: Return, caller: Caller): HandledJob => {
  const handled = handledJob(job);
  if (handled.eraseDevice && isErased === undefined) return refused('ErasureNotTold', { jobId: job.jobId });
  const result = transition(job.state, { kind: 'returned' });
  if (result.kind === 'illegal') return refused('NotReturned', { jobId: job.jobId, message: result.reason });
  const erased = isErased === undefined ? {} : { erased: isErased ? 'by hand' : 'no' };
  changeJob(deps, job.jobId, { kind: 'returned' }, { ...callerDetails(caller), tracking, ...erased });
  return handled;
};

// Of a job that is over nobody needs it any more.
const showPin = (deps: JobChangeDeps, text: string, caller: Caller): ReturnType<JobCommands['pin']> => {
  const { store, now, journal } = deps;
  const jobId = parseJobId(text);
  const job = jobId === undefined ? undefined : store.job(jobId);
  if (job === undefined) return refused('InvalidJobId', { jobId: text });
  if (isTerminal(job.state.job)) return refused('PinNotShown', { jobId: job.jobId, message: 'the job is over' });
  const parsed = parseManifest(job.manifest);
  const pin = parsed.kind === 'ok' ? parsed.manifest.pinCode : undefined;
  if (pin === undefined) return refused('PinNotShown', { jobId: job.jobId, message: 'its manifest has no pinCode' });
  // First: nobody has seen it whom the history does not know.
  const details = callerDetails(caller);
  store.changeJob(job.jobId, { changedAt: now(), state: job.state, cause: 'pin-shown', details });
  journal.info({ jobId: job.jobId, ...details }, 'PIN shown');
  return { kind: 'ok', jobId: job.jobId, pin: printable(pin.reveal()) };
};

const handledJob = ({ jobId, accountEmail, manifest }: Job): Extract<HandledJob, { readonly kind: 'ok' }> => {
  const parsed = parseManifest(manifest);
  const facts = { kind: 'ok', jobId, email: printable(accountEmail) } as const;
  // What was valid when the job was made may not be so for a later version of this program.
  if (parsed.kind !== 'ok') return { ...facts, deviceId: '', returnAddress: [], eraseDevice: false };
  const { deviceId, returnAddress, eraseDevice } = parsed.manifest;
  return { ...facts, deviceId: printable(deviceId), returnAddress: addressLines(returnAddress), eraseDevice };
};

const addressLines = (address: ReturnAddress): readonly string[] => {
  const { name, company, street1, street2, street3, city, stateOrProvince, postalCode, country, phoneNumber } = address;
  const place = [city, stateOrProvince, postalCode].filter((part) => part !== undefined && part !== '').join(', ');
  return [name, company, street1, street2, street3, place, country, phoneNumber].flatMap((line) =>
    line === undefined || line === '' ? [] : [printable(line)],
  );
};

const findJob = (
  { target, jobId: named }: Rejection,
  run: DriveRun | undefined | null,
): CommandResult<{ readonly jobId: JobId; readonly run?: DriveRun }> => {
  const given = named === undefined ? undefined : parseJobId(named);
  if (named !== undefined && given === undefined) return refused('InvalidJobId', { jobId: named });
  if (run === undefined) return refused('BayEmpty', { bay: target });
  if (run === null) {
    const jobId = parseJobId(target);
    if (jobId === undefined) return refused('NoSuchBay', { target });
    return given === undefined || given === jobId
      ? { kind: 'ok', jobId }
      : refused('JobMismatch', { target, jobId: given, found: jobId });
  }
  const state = run.state();
  const shown = 'jobId' in state ? state.jobId : undefined;
  if (given !== undefined && shown !== undefined && given !== shown) {
    return refused('JobMismatch', { target, jobId: given, found: shown });
  }
  const jobId = shown ?? given;
  return jobId === undefined ? refused('JobNotNamed', { bay: target }) : { kind: 'ok', jobId, run };
};
