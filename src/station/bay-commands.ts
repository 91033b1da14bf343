// What a technician says of bays and jobs: hold, retry, confirm, release. Each looks first whether the bay is still as the
// technician saw it, and says no in words where it is not.

import { callerDetails, type Caller } from '#desk/desk.ts';
import { parseJobId, type JobId } from '#job/job-id.ts';
import { isTerminal } from '#job/transition.ts';
import type { JobHold } from '#store/contract.ts';
import { refused, type CommandResult } from './command-result.ts';
import { isConfirmable } from './confirmations.ts';
import type { DriveRun } from './drive-run.ts';
import { hold } from './hold.ts';
import type { RunDeps } from './run-deps.ts';
import type { RunState } from './run-state.ts';
import { FILES_REJECTED } from './sparse-choice.ts';
import { switchOffDrive } from './switch-off-drive.ts';

/** Who says it, and why where that is asked for. */
export interface Saying extends Caller {
  readonly why?: string;
}

/** The commands. */
export interface BayCommands {
  /** Stops a job, or what a bay does, until `retry`. */
  hold(target: string, saying: Saying): CommandResult;
  /** Continues a held bay or job. */
  retry(target: string, saying: Saying): CommandResult;
  /** A person vouches for what the bay now holds with. */
  confirm(bay: string, code: string, saying: Saying): CommandResult;
  /** Turns down the files that a bay now holds with; the load goes on, and they get failed rows. */
  rejectFiles(bay: string, code: string, saying: Saying): CommandResult;
  /** Makes a drive ready to be taken out; a load in progress only with `isNow`. */
  release(bay: string, isNow: boolean, saying: Saying): Promise<CommandResult<{ readonly isSwitchedOff: boolean }>>;
}

/** What the commands look at and change. */
export interface BayPorts {
  /** Drive in a bay; undefined for an empty one, null where there is no such bay. */
  readonly runIn: (bay: string) => DriveRun | undefined | null;
  readonly runs: () => readonly DriveRun[];
  /** Forgets that drives left too early; true where the bay was held for it. */
  readonly forgetContact: (bay: string) => boolean;
  /** Goes on with a job that is being ended; false where it is not. */
  readonly goOnEnding: (jobId: JobId) => boolean;
  /** The drive left the kernel by our own doing. */
  readonly noteSwitchedOff: (bay: string) => void;
}

/** Makes the commands. */
export const createBayCommands = (deps: RunDeps, ports: BayPorts): BayCommands => ({
  hold: (target, saying) => holdTarget(deps, ports, target, saying),
  retry: (target, saying) => retryTarget(deps, ports, target, saying),
  confirm: (bay, code, saying) => sayOfHold(deps, ports, { bay, code, cause: 'confirmed' }, saying),
  rejectFiles: (bay, code, saying) => sayOfHold(deps, ports, { bay, code, cause: FILES_REJECTED }, saying),
  release: (bay, isNow, saying) => releaseBay(deps, ports, { bay, isNow }, saying),
});

const OK = { kind: 'ok' } as const;

const holdTarget = (deps: RunDeps, ports: BayPorts, target: string, saying: Saying): CommandResult => {
  const { store, now, journal } = deps;
  const run = ports.runIn(target);
  const jobId = run === null ? parseJobId(target) : run === undefined ? undefined : jobOf(run);
  if (run === undefined) return refused('BayEmpty', { bay: target });
  const details = { target: jobId ?? target, ...words(saying) };
  if (jobId === undefined) {
    if (run === null) return refused('NoSuchBay', { target });
    const before = run.state();
    if (before.kind !== 'inspecting' && before.kind !== 'hold')
      return refused('NothingToHold', { message: before.kind });
    run.stop(hold('HeldByPerson', details));
    journal.info({ bay: target, ...saying }, 'bay held by a person');
    return OK;
  }
  const job = store.job(jobId);
  if (job === undefined) return refused('InvalidJobId', { jobId });
  const reason = whyNotHeld(deps, jobId, isTerminal(job.state.job), job.hold);
  if (reason !== undefined) return refused('NothingToHold', { message: reason });
  const held = hold('HeldByPerson', details);
  store.holdJob(jobId, { ...held, heldAt: now() });
  note(deps, jobId, 'held', saying);
  for (const one of ports.runs()) if (jobOf(one) === jobId) one.stop(held);
  return OK;
};

const whyNotHeld = (
  { store }: RunDeps,
  jobId: JobId,
  isOver: boolean,
  held: JobHold | undefined,
): string | undefined => {
  if (isOver) return `job ${jobId} is over`;
  if (store.load(jobId)?.phase === 'publishing') return `everything of job ${jobId} is loaded, only its log is written`;
  return held?.code === 'HeldByPerson' ? `job ${jobId} is held already` : undefined;
};

const retryTarget = (deps: RunDeps, ports: BayPorts, target: string, saying: Saying): CommandResult => {
  const { store, journal } = deps;
  const run = ports.runIn(target);
  const jobId = run === null ? parseJobId(target) : run === undefined ? undefined : jobOf(run);
  if (jobId !== undefined && ports.goOnEnding(jobId)) {
    note(deps, jobId, 'retry', saying);
    return OK;
  }
  const wasBadContact = ports.forgetContact(target);
  const wasHeld = jobId !== undefined && endHold(deps, jobId);
  const runs = run === null || run === undefined ? ports.runs().filter((one) => jobOf(one) === jobId) : [run];
  // A held job has all its bays to continue; otherwise the first one that waits.
  const others = wasHeld ? ports.runs().filter((one) => jobOf(one) === jobId && !runs.includes(one)) : [];
  const retried = jobId === undefined && run === undefined ? [] : [...runs, ...others].filter((one) => one.retry());
  const isLogDue = retried.length === 0 && jobId !== undefined && store.load(jobId)?.phase === 'publishing';
  if (retried.length === 0 && !wasHeld && !wasBadContact && !isLogDue) return refused('NothingToRetry', { target });
  if (jobId !== undefined) note(deps, jobId, 'retry', saying);
  journal.info({ target, ...saying }, 'retry asked for');
  if (!isLogDue) return OK;
  deps.publisher.publish(jobId).catch((error: unknown) => {
    journal.error({ jobId, err: error }, 'log not published');
  });
  return OK;
};

const endHold = ({ store }: RunDeps, jobId: JobId): boolean => {
  if (store.job(jobId)?.hold?.code !== 'HeldByPerson') return false;
  store.holdJob(jobId, undefined);
  return true;
};

const sayOfHold = (
  deps: RunDeps,
  ports: BayPorts,
  { bay, code, cause }: { readonly bay: string; readonly code: string; readonly cause: string },
  saying: Saying,
): CommandResult => {
  const run = ports.runIn(bay);
  if (run === null) return refused('NoSuchBay', { target: bay });
  if (run === undefined) return refused('BayEmpty', { bay });
  const state = run.state();
  if (state.kind !== 'hold' || state.hold.code !== code) return refused('BayChanged', { bay, found: foundIn(state) });
  const drive = deps.store.attachment(run.attachmentId)?.driveFingerprint;
  if (!isConfirmable(code) || state.jobId === undefined || drive === undefined) {
    return refused('NotConfirmable', { bay, found: code });
  }
  note(deps, state.jobId, cause, saying, { code, bay, attachmentId: run.attachmentId, drive });
  return run.retry() ? OK : refused('BayChanged', { bay, found: foundIn(run.state()) });
};

const releaseBay = async (
  deps: RunDeps,
  ports: BayPorts,
  { bay, isNow }: { readonly bay: string; readonly isNow: boolean },
  saying: Saying,
): Promise<CommandResult<{ readonly isSwitchedOff: boolean }>> => {
  const run = ports.runIn(bay);
  if (run === null) return refused('NoSuchBay', { target: bay });
  if (run === undefined) return refused('BayEmpty', { bay });
  const state = run.state();
  const jobId = jobOf(run);
  if (state.kind === 'loading' && !isNow) return refused('LoadInProgress', { bay, jobId: state.jobId });
  if (state.kind === 'releasing') return refused('BayChanged', { bay, found: foundIn(state) });
  if (jobId !== undefined) note(deps, jobId, 'released', saying, { bay });
  const busy = await run.release();
  if (busy !== undefined) return refused(busy.code, { bay, ...busy.details });
  const isSwitchedOff = deps.config.station.spinDown && (await switchOffDrive(deps, run.drive));
  if (isSwitchedOff) ports.noteSwitchedOff(bay);
  deps.journal.info({ bay, ...saying, ...(jobId === undefined ? {} : { jobId }) }, 'drive released');
  return { kind: 'ok', isSwitchedOff };
};

const foundIn = (state: RunState): string =>
  state.kind === 'hold' ? `it holds with ${state.hold.code}` : `it is ${state.kind}`;

const jobOf = (run: DriveRun): JobId | undefined => {
  const state = run.state();
  return 'jobId' in state ? state.jobId : undefined;
};

const words = ({ why, ...caller }: Saying): Readonly<Record<string, string>> => ({
  ...callerDetails(caller),
  ...(why === undefined ? {} : { why }),
});

// The job's codes stay; what a person did with it is kept for good.
const note = (
  { store, now, journal }: RunDeps,
  jobId: JobId,
  cause: string,
  saying: Saying,
  details: Readonly<Record<string, string>> = {},
): void => {
  const job = store.job(jobId);
  if (job === undefined) return;
  store.changeJob(jobId, { changedAt: now(), state: job.state, cause, details: { ...details, ...words(saying) } });
  journal.info({ jobId, cause, ...saying }, 'job noted');
};
