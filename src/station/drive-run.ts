// One stay of a drive in a bay, from the moment it is noticed until it is gone.
//
// INVARIANTS
// - One attempt at a time; the next one begins when every loader of the drive has been ended.
// - The attachment is stored before anything is done with the drive; `done` is stored before it is said.
// - The run never touches the drive itself: the launcher and the loader do.
// - Aborting the run (the drive left, or the daemon stops) ends the attempt promptly and changes no job.

import { performance } from 'node:perf_hooks';

import { driveName } from '#drive/identity.ts';
import type { JobId } from '#job/job-id.ts';
import { StationError } from '#language/station-error.ts';
import { SECOND_MS } from '#language/units.ts';
import { attemptDrive, type AttemptPorts } from './attempt-drive.ts';
import { endLoaders, freeDrive } from './free-drive.ts';
import { hold, type Hold } from './hold.ts';
import { queueHoldMail } from './hold-mail.ts';
import type { DriveInBay, RunDeps } from './run-deps.ts';
import type { RunState } from './run-state.ts';

/** A drive in a bay. Disposing it ends the attempt, bounded in time. */
export interface DriveRun extends AsyncDisposable, DriveInBay {
  state(): RunState;
  /** Starts another attempt where the run is held; false where there is nothing to retry. */
  retry(): boolean;
  /**
   * Stops the attempt, a load after the files in flight, and holds the run; without effect once all is loaded.
   * `isFinal`: the job is being ended, see LoadStops.
   */
  stop(value: Hold, isFinal?: boolean): void;
  /** Resolves once no attempt runs. */
  idle(): Promise<void>;
  /** Ends whatever runs, proves the drive free, and says "take it out"; undefined when it may be taken out. */
  release(): Promise<Hold | undefined>;
}

/** Why an attempt was stopped: the run is to be held with this. */
class HeldError extends Error {
  override readonly name = 'HeldError';
  readonly hold: Hold;

  constructor(value: Hold) {
    super(value.code);
    this.hold = value;
  }
}

// Every other end, but for an attempt that was stopped, is one that the loader itself took part in.
const isNotAnswering = (end: RunState): boolean => end.kind === 'hold' && end.hold.code === 'LoaderNotAnswering';

/** A large file system may take minutes to be mounted, so that nothing is given up; a person is told within a minute. */
const SLOW_MS = 45 * SECOND_MS;

/** The state of a drive that has been looked at for so long. */
const inspectingFor = (passedMs: number): RunState =>
  passedMs < SLOW_MS ? { kind: 'inspecting' } : { kind: 'inspecting', isSlow: true };

/** Starts the run of a drive that has just been noticed. */
export const startDriveRun = (deps: RunDeps, options: DriveInBay): DriveRun => {
  const leaving = new AbortController();
  let stopAttempt = new AbortController();
  let gentleStop = new AbortController();
  let finalStop = new AbortController();
  let state: RunState = { kind: 'inspecting' };
  let inspectingSinceMs = performance.now();
  let running: Promise<void> | undefined;
  let releasing: Promise<Hold | undefined> | undefined;

  const change = (next: RunState): void => {
    const isNews = next.kind !== state.kind || next.kind === 'hold';
    if (next.kind === 'inspecting') inspectingSinceMs = performance.now();
    state = next;
    if (isNews) journalState(deps, options, next);
    if (next.kind === 'hold') tellByMail(deps, options, next);
  };
  const stop = (value: Hold, isFinal = false): void => {
    switch (state.kind) {
      case 'inspecting':
        stopAttempt.abort(new HeldError(value));
        return;
      case 'loading':
        (isFinal ? finalStop : gentleStop).abort(value.code);
        return;
      case 'hold':
      case 'interrupted':
        change({ kind: 'hold', hold: value, ...jobOf(state) });
        return;
      case 'releasing':
      case 'publishing':
      case 'released':
      case 'done':
        return;
    }
  };
  const stopAsDuplicate = (): void => {
    stop(hold('DuplicateSignature'));
  };
  const begin = (): void => {
    stopAttempt = new AbortController();
    gentleStop = new AbortController();
    finalStop = new AbortController();
    const signal = AbortSignal.any([leaving.signal, stopAttempt.signal]);
    change({ kind: 'inspecting' });
    const stops = { gentle: gentleStop.signal, final: finalStop.signal };
    const ports = { change, stopAsDuplicate, stops };
    running = attemptSafely(deps, options, ports, signal).then(async (end) => {
      // Said first: what hangs may take its time to end, and a person waits for the word.
      const isSilent = isNotAnswering(end);
      if (isSilent) change(end);
      if (isSilent || signal.aborted) await endLoaders(deps, options.drive);
      running = undefined;
      if (!isSilent) change(end);
    });
  };

  const release = async (): Promise<Hold | undefined> => {
    const job = jobOf(state);
    stopAttempt.abort();
    await running;
    change({ kind: 'releasing', ...job });
    try {
      const busy = await freeDrive(deps.launch, options.drive, leaving.signal);
      if (busy === undefined) {
        openAttachment(deps, options);
        deps.store.changeAttachment(options.attachmentId, { releasedAt: deps.now() });
        deps.claims.release(options.bay);
      }
      change(busy === undefined ? { kind: 'released', ...job } : { kind: 'hold', hold: busy, ...job });
      return busy;
    } catch (error: unknown) {
      // Told to whoever asked; the bay must not say for good that it is being closed.
      if (!leaving.signal.aborted) change({ kind: 'hold', hold: holdOfError(error), ...job });
      throw error;
    }
  };

  begin();
  return {
    ...options,
    state: () => (state.kind === 'inspecting' ? inspectingFor(performance.now() - inspectingSinceMs) : state),
    retry: () => {
      if (running !== undefined || releasing !== undefined || (state.kind !== 'hold' && state.kind !== 'interrupted'))
        return false;
      begin();
      return true;
    },
    stop,
    idle: async () => {
      await running;
    },
    release: () => {
      releasing ??= release().finally(() => {
        releasing = undefined;
      });
      return releasing;
    },
    [Symbol.asyncDispose]: async () => {
      leaving.abort();
      await running;
      // Told to whoever asked for it.
      await releasing?.catch(() => undefined);
      deps.claims.release(options.bay);
    },
  };
};

// Every expected outcome is a state; what is thrown is the end of the attempt or a broken environment.
const attemptSafely = async (
  deps: RunDeps,
  options: DriveInBay,
  ports: AttemptPorts,
  signal: AbortSignal,
): Promise<RunState> => {
  let jobId: JobId | undefined;
  const change = (next: RunState): void => {
    jobId = jobOf(next).jobId ?? jobId;
    ports.change(next);
  };
  const held = (value: Hold): RunState => ({ kind: 'hold', hold: value, ...(jobId === undefined ? {} : { jobId }) });
  try {
    openAttachment(deps, options);
    return await attemptDrive(deps, options, { ...ports, change }, signal);
  } catch (error) {
    if (signal.reason instanceof HeldError) return held(signal.reason.hold);
    if (signal.aborted) return jobId === undefined ? { kind: 'inspecting' } : { kind: 'interrupted', jobId };
    const { bay, attachmentId } = options;
    deps.journal.error({ bay, attachmentId, jobId, err: error }, 'attempt failed');
    return held(holdOfError(error));
  }
};

const holdOfError = (error: unknown): Hold =>
  error instanceof StationError
    ? { code: error.code, details: { problem: error.message } }
    : hold('LoaderFailed', { problem: error instanceof Error ? error.message : 'unknown' });

// In each attempt: a store that takes nothing is a hold as everything else is.
const openAttachment = ({ store, now }: RunDeps, { bay, drive, attachmentId }: DriveInBay): void => {
  store.openAttachment({ attachmentId, bay, driveName: driveName(drive), attachedAt: now() });
};

const jobOf = (state: RunState): { readonly jobId?: JobId } =>
  'jobId' in state && state.jobId !== undefined ? { jobId: state.jobId } : {};

// What is wrong with the store shows itself elsewhere; the bay is held all the same.
const tellByMail = (deps: RunDeps, options: DriveInBay, state: Extract<RunState, { readonly kind: 'hold' }>): void => {
  try {
    queueHoldMail(deps, options, state);
  } catch (error: unknown) {
    deps.journal.error({ bay: options.bay, code: state.hold.code, err: error }, 'mail not queued');
  }
};

const journalState = ({ journal }: RunDeps, { bay, drive, attachmentId }: DriveInBay, state: RunState): void => {
  const facts = { bay, device: drive.device, attachmentId, ...jobOf(state), activity: state.kind };
  if (state.kind === 'hold') {
    journal.warn({ ...facts, code: state.hold.code, details: state.hold.details }, 'bay held');
  } else {
    journal.info(facts, 'bay changed');
  }
};
