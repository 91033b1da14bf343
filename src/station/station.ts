// The bays of this host. Hints only wake it; `reconcile` over a full snapshot is the one piece of code that acts.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { AttachedDrive, Bay, DriveSnapshot } from '#drive/contract.ts';
import { bayOf } from '#drive/bay.ts';
import { attachmentId } from '#drive/identity.ts';
import { takeSnapshot } from '#drive/snapshot.ts';
import type { JobId } from '#job/job-id.ts';
import { SECOND_MS } from '#language/units.ts';
import { createBayCommands, type BayCommands } from './bay-commands.ts';
import { isBadContact, isUnread, withDeparture } from './contact.ts';
import { createDepartures, type Departures } from './departures.ts';
import { startDriveRun, type DriveRun } from './drive-run.ts';
import { createJobEnder, type EndJobDeps } from './end-job.ts';
import type { Look } from './health.ts';
import { createJobCommands, type JobCommands } from './job-commands.ts';
import { planBays, type BayStep } from './plan-bays.ts';
import type { DriveInBay, RunDeps } from './run-deps.ts';
import type { RunState } from './run-state.ts';

/** One bay as it is now. */
export interface BayRecord {
  readonly bay: Bay;
  readonly run?: DriveRun;
  /** A drive is there whose size or partitions are not known yet. */
  readonly settling?: DriveInBay['drive'];
  /** The last drive left in the middle of this job's load. */
  readonly interruptedJobId?: JobId;
  /** When drives left before their SIGNATURE was read, in milliseconds; only those that still count. */
  readonly departures?: readonly number[];
  /** Too many of them: a hold, until a drive stays. */
  readonly isBadContact?: boolean;
  /** The drive of this job was switched off on release; it is there still, but shows itself no more. */
  readonly switchedOff?: { readonly jobId?: JobId };
}

/** The bays, and what can be asked of them. */
export interface Station extends AsyncDisposable {
  /** Looks, compares, acts, and gives how the look ended. Never two at once; a failed listing changes nothing. */
  reconcile(signal: AbortSignal): Promise<Look>;
  bays(): readonly BayRecord[];
  /** The last snapshot. */
  snapshot(): DriveSnapshot | undefined;
  readonly commands: BayCommands;
  readonly jobs: JobCommands;
  /** Puts other bays in force, between two reconciles; a bay that has a drive has to be among them as it is. */
  takeBays(bays: readonly Bay[]): void;
}

/** What the station shares with its runs, but for what it makes itself. */
export type StationDeps = Omit<EndJobDeps, 'findAttached'>;

const LISTING_PAUSE_MS = SECOND_MS;

/** Makes the station; nothing happens before the first reconcile. */
export const createStation = (deps: StationDeps): Station => {
  let bays: readonly Bay[] = deps.config.bays;
  const records = new Map<string, BayRecord>(bays.map((bay) => [bay.name, { bay }]));
  let snapshot: DriveSnapshot | undefined;
  const runDeps: RunDeps = { ...deps, findAttached };
  let isFirst = true;
  const departures = createDepartures(deps);

  const reconcile = async (signal: AbortSignal): Promise<Look> => {
    const taken = await takeSnapshot(signal);
    if (taken.kind === 'problem') {
      deps.journal.error({ reason: taken.message }, 'drives not listed');
      return taken;
    }
    snapshot = taken.snapshot;
    if (isFirst) closeVanished(deps, snapshot, bays);
    isFirst = false;
    const beliefs = [...records.values()].map(({ bay, run }) =>
      run === undefined ? { bay: bay.name } : { bay: bay.name, attachmentId: run.attachmentId },
    );
    departures.tick();
    for (const [name, record] of records) records.set(name, withoutSettling(record));
    for (const step of planBays(beliefs, snapshot, bays)) await act(step);
    for (const [name, record] of records) {
      if (record.run === undefined) continue;
      goOn(deps, record.run);
      // A drive that stays: the contact is good.
      if (!isUnread(record.run.state())) records.set(name, withoutContact(record));
    }
    deps.publisher.tick();
    ender.tick();
    return { kind: 'ok' };
  };

  // As a person writes it: upper and lower case are one.
  const find = (name: string): BayRecord | undefined =>
    [...records.values()].find(({ bay }) => bay.name.toLowerCase() === name.toLowerCase());
  const change = (name: string, next: (record: BayRecord) => BayRecord): void => {
    const record = find(name);
    if (record !== undefined) records.set(record.bay.name, next(record));
  };
  const runs = (): readonly DriveRun[] => [...records.values()].flatMap(({ run }) => run ?? []);
  const runIn = (name: string): DriveRun | undefined | null => {
    const record = find(name);
    return record === undefined ? null : record.run;
  };
  const runsOf = (jobId: JobId): readonly DriveRun[] => runs().filter((run) => jobOf(run).jobId === jobId);
  const ender = createJobEnder({ ...runDeps, openBucket: deps.openBucket }, runsOf);
  const commands = createBayCommands(runDeps, {
    runIn,
    runs,
    forgetContact: (bay) => {
      const wasHeld = find(bay)?.isBadContact === true;
      change(bay, withoutContact);
      return wasHeld;
    },
    goOnEnding: (jobId) => ender.goOn(jobId),
    noteSwitchedOff: (bay) => {
      change(bay, (record) => ({ ...record, switchedOff: record.run === undefined ? {} : jobOf(record.run) }));
    },
  });

  const jobs = createJobCommands(deps, ender, { runIn, runsOf });

  const act = async (step: BayStep): Promise<void> => {
    const record = records.get(step.bay);
    if (record === undefined) return;
    switch (step.kind) {
      case 'detach':
        records.set(step.bay, await detach(deps, record, departures));
        return;
      case 'settle':
        records.set(step.bay, { ...record, settling: step.drive });
        return;
      case 'attach': {
        const { bay, drive, attachmentId: id } = step;
        const run = startDriveRun(runDeps, { bay, drive, attachmentId: id });
        records.set(bay, { bay: record.bay, ...contactOf(record), run });
      }
    }
  };

  return {
    reconcile,
    bays: () => [...records.values()].map((record) => withoutResumed(record, deps)),
    snapshot: () => snapshot,
    commands,
    jobs,
    takeBays: (next) => {
      const former = new Map(records);
      records.clear();
      // In the order of the configuration, which is that of the screen.
      for (const bay of next) records.set(bay.name, { ...former.get(bay.name), bay });
      bays = next;
    },
    [Symbol.asyncDispose]: async () => {
      await ender[Symbol.asyncDispose]();
      await Promise.all([...records.values()].map(async ({ run }) => run?.[Symbol.asyncDispose]()));
    },
  };
};

// The drive of an attachment as it is now. A listing that fails says nothing about it.
const findAttached = async (id: string, signal: AbortSignal): Promise<AttachedDrive | undefined> => {
  let taken = await takeSnapshot(signal);
  while (taken.kind === 'problem') {
    await delay(LISTING_PAUSE_MS, undefined, { signal });
    taken = await takeSnapshot(signal);
  }
  const { bootId, drives } = taken.snapshot;
  return drives.find(({ diskSequence, sizeBytes }) => sizeBytes > 0 && attachmentId({ bootId, diskSequence }) === id);
};

const detach = async (
  { store, journal, now }: StationDeps,
  record: BayRecord,
  departures: Departures,
): Promise<BayRecord> => {
  const { bay, run, switchedOff } = record;
  if (run === undefined) return { bay };
  await run[Symbol.asyncDispose]();
  const { attachmentId: id, drive } = run;
  const state = run.state();
  const jobId = state.kind === 'interrupted' || state.kind === 'released' ? state.jobId : undefined;
  // Once all is read, the log alone is missing, and that needs no drive.
  const isInterrupted = jobId !== undefined && store.load(jobId)?.phase === 'loading';
  departures.note(id, { detachedAt: now(), ...(isInterrupted ? { outcome: 'interrupted' } : {}) });
  journal.info(
    { bay: bay.name, device: drive.device, attachmentId: id, ...(jobId === undefined ? {} : { jobId }) },
    'drive left',
  );
  if (switchedOff !== undefined) return { bay, switchedOff };
  if (isUnread(state)) return { bay, ...earlyDeparture({ journal }, record) };
  if (!isInterrupted) return { bay };
  journal.warn({ bay: bay.name, jobId }, 'load interrupted');
  return { bay, interruptedJobId: jobId };
};

const earlyDeparture = (
  { journal }: Pick<StationDeps, 'journal'>,
  record: BayRecord,
): Pick<BayRecord, 'departures' | 'isBadContact'> => {
  const departures = withDeparture(record.departures ?? [], performance.now());
  const isBad = isBadContact(departures);
  const facts = { bay: record.bay.name, departures: departures.length };
  if (isBad) journal.warn({ ...facts, code: 'BadContact' }, 'bay held');
  else journal.info(facts, 'drive left before its SIGNATURE was read');
  return { departures, isBadContact: isBad };
};

const contactOf = ({ departures, isBadContact: isBad }: BayRecord): Pick<BayRecord, 'departures' | 'isBadContact'> => ({
  ...(departures === undefined ? {} : { departures }),
  ...(isBad === undefined ? {} : { isBadContact: isBad }),
});

const withoutContact = ({ departures: _, isBadContact: __, ...record }: BayRecord): BayRecord => record;

const jobOf = (run: DriveRun): { readonly jobId?: JobId } => {
  const state = run.state();
  return 'jobId' in state && state.jobId !== undefined ? { jobId: state.jobId } : {};
};

// A drive that left while no daemon ran. One that may still be there after a restart of the host is left to its run.
const closeVanished = ({ store, now }: StationDeps, { bootId, drives }: DriveSnapshot, bays: readonly Bay[]): void => {
  const present = new Set(drives.map(({ diskSequence }) => attachmentId({ bootId, diskSequence })));
  const occupied = new Set(drives.map((drive) => bayOf(drive, bays)?.name));
  for (const { attachmentId: id, bay } of store.openAttachments()) {
    const isThere = present.has(id) || (!id.startsWith(`${bootId}:`) && occupied.has(bay));
    if (!isThere) store.changeAttachment(id, { detachedAt: now() });
  }
};

const withoutSettling = ({ settling: _, ...record }: BayRecord): BayRecord => record;

// "Interrupted" is no news once the job goes on in any bay.
const withoutResumed = (record: BayRecord, { claims, store }: StationDeps): BayRecord => {
  const { interruptedJobId, ...rest } = record;
  if (interruptedJobId === undefined) return record;
  const isOver = claims.baysOf(interruptedJobId).length > 0 || store.job(interruptedJobId)?.state.job !== 'InProgress';
  return isOver ? rest : record;
};

// What a hold waited for has been done elsewhere: the clock is right again, or the drive was said to be received.
const isSettled = (state: RunState, { store, clock }: Pick<StationDeps, 'store' | 'clock'>): boolean => {
  if (state.kind !== 'hold') return false;
  if (state.hold.code === 'ClockOff') return clock.hold() === undefined;
  if (state.hold.code !== 'NotReceivedYet' || state.jobId === undefined) return false;
  return store.job(state.jobId)?.state.device !== 'NotReceived';
};

/** What a log that is not in the bucket yet is held with. */
const PUBLISHING_HOLDS: ReadonlySet<string> = new Set([
  ...['LogNotWritten', 'WorkingLogDamaged', 'StateDiskFull', 'StateDiskFailed'],
  ...['StoreFull', 'StoreBusy', 'StoreUnreadable'],
]);

// A load whose drive went away for a moment goes on; and where the publisher got the log into the bucket by itself, the
// bay's hold is over.
const goOn = ({ store, clock }: StationDeps, run: DriveRun): void => {
  const state = run.state();
  const isPublished =
    state.kind === 'hold' &&
    PUBLISHING_HOLDS.has(state.hold.code) &&
    store.attachment(run.attachmentId)?.outcome === 'done';
  if (state.kind === 'interrupted' || isPublished || isSettled(state, { store, clock })) run.retry();
};
