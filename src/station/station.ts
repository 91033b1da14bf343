// The bays of this host. Hints only wake it; `reconcile` over a full snapshot is the one piece of code that acts.

import { setTimeout as delay } from 'node:timers/promises';

import type { Bay, DriveSnapshot } from '#drive/contract.ts';
import { bayOf } from '#drive/bay.ts';
import { attachmentId } from '#drive/identity.ts';
import { takeSnapshot } from '#drive/snapshot.ts';
import { parseJobId, type JobId } from '#job/job-id.ts';
import { SECOND_MS } from '#language/units.ts';
import { startDriveRun, type DriveRun } from './drive-run.ts';
import { planBays, type BayStep } from './plan-bays.ts';
import type { DriveInBay, RunDeps } from './run-deps.ts';

/** One bay as it is now. */
export interface BayRecord {
  readonly bay: Bay;
  readonly run?: DriveRun;
  /** A drive is there whose size or partitions are not known yet. */
  readonly settling?: DriveInBay['drive'];
  /** The last drive left in the middle of this job's load. */
  readonly interruptedJobId?: JobId;
}

/** The bays, and what can be asked of them. */
export interface Station extends AsyncDisposable {
  /** Looks, compares, acts. Never two at once; a failed listing changes nothing. */
  reconcile(signal: AbortSignal): Promise<void>;
  bays(): readonly BayRecord[];
  /** The last snapshot. */
  snapshot(): DriveSnapshot | undefined;
  /** Continues a held bay or job; false where nothing is held. */
  retry(target: string): boolean;
  /** The job that the bay of this name deals with. */
  jobIn(bay: string): JobId | undefined;
  /** Puts other bays in force, between two reconciles; a bay that has a drive has to be among them as it is. */
  takeBays(bays: readonly Bay[]): void;
}

/** What the station shares with its runs, but for what it makes itself. */
export type StationDeps = Omit<RunDeps, 'isAttached'>;

const LISTING_PAUSE_MS = SECOND_MS;

/** Makes the station; nothing happens before the first reconcile. */
export const createStation = (deps: StationDeps): Station => {
  let bays: readonly Bay[] = deps.config.bays;
  const records = new Map<string, BayRecord>(bays.map((bay) => [bay.name, { bay }]));
  let snapshot: DriveSnapshot | undefined;
  const runDeps: RunDeps = { ...deps, isAttached };
  let isFirst = true;

  const reconcile = async (signal: AbortSignal): Promise<void> => {
    const taken = await takeSnapshot(signal);
    if (taken.kind === 'problem') {
      deps.journal.error({ reason: taken.message }, 'drives not listed');
      return;
    }
    snapshot = taken.snapshot;
    if (isFirst) closeVanished(deps, snapshot, bays);
    isFirst = false;
    const beliefs = [...records.values()].map(({ bay, run }) =>
      run === undefined ? { bay: bay.name } : { bay: bay.name, attachmentId: run.attachmentId },
    );
    for (const [name, record] of records) records.set(name, withoutSettling(record));
    for (const step of planBays(beliefs, snapshot, bays)) await act(step);
    for (const { run } of records.values()) if (run !== undefined) goOn(deps, run);
    deps.publisher.tick();
  };

  const act = async (step: BayStep): Promise<void> => {
    const record = records.get(step.bay);
    if (record === undefined) return;
    switch (step.kind) {
      case 'detach':
        records.set(step.bay, await detach(deps, record));
        return;
      case 'settle':
        records.set(step.bay, { ...record, settling: step.drive });
        return;
      case 'attach': {
        const { bay, drive, attachmentId: id } = step;
        records.set(bay, { bay: record.bay, run: startDriveRun(runDeps, { bay, drive, attachmentId: id }) });
      }
    }
  };

  return {
    reconcile,
    bays: () => [...records.values()].map((record) => withoutResumed(record, deps)),
    snapshot: () => snapshot,
    retry: (target) => retry(deps, [...records.values()], target),
    jobIn: (name) => {
      const run = records.get(name)?.run;
      return run === undefined ? undefined : jobOf(run);
    },
    takeBays: (next) => {
      const former = new Map(records);
      records.clear();
      // In the order of the configuration, which is that of the screen.
      for (const bay of next) records.set(bay.name, { ...former.get(bay.name), bay });
      bays = next;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...records.values()].map(async ({ run }) => run?.[Symbol.asyncDispose]()));
    },
  };
};

// A listing that fails says nothing about the drive.
const isAttached = async (id: string, signal: AbortSignal): Promise<boolean> => {
  let taken = await takeSnapshot(signal);
  while (taken.kind === 'problem') {
    await delay(LISTING_PAUSE_MS, undefined, { signal });
    taken = await takeSnapshot(signal);
  }
  const { bootId, drives } = taken.snapshot;
  return drives.some(({ diskSequence, sizeBytes }) => sizeBytes > 0 && attachmentId({ bootId, diskSequence }) === id);
};

const detach = async ({ store, journal, now }: StationDeps, { bay, run }: BayRecord): Promise<BayRecord> => {
  if (run === undefined) return { bay };
  await run[Symbol.asyncDispose]();
  const { attachmentId: id, drive } = run;
  const state = run.state();
  const jobId = state.kind === 'interrupted' ? state.jobId : undefined;
  // Once all is read, the log alone is missing, and that needs no drive.
  const isInterrupted = jobId !== undefined && store.load(jobId)?.phase === 'loading';
  store.changeAttachment(id, { detachedAt: now(), ...(isInterrupted ? { outcome: 'interrupted' } : {}) });
  journal.info(
    { bay: bay.name, device: drive.device, attachmentId: id, ...(jobId === undefined ? {} : { jobId }) },
    'drive left',
  );
  if (!isInterrupted) return { bay };
  journal.warn({ bay: bay.name, jobId }, 'load interrupted');
  return { bay, interruptedJobId: jobId };
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

// A load whose drive went away for a moment goes on; and where the publisher got the log into the bucket by itself, the
// bay's hold is over.
const goOn = ({ store }: StationDeps, run: DriveRun): void => {
  const state = run.state();
  const isPublished =
    state.kind === 'hold' &&
    state.hold.code === 'LogNotWritten' &&
    store.attachment(run.attachmentId)?.outcome === 'done';
  if (state.kind === 'interrupted' || isPublished) run.retry();
};

const retry = (deps: StationDeps, records: readonly BayRecord[], target: string): boolean => {
  const jobId = parseJobId(target);
  const record = records.find(
    ({ bay, run }) =>
      bay.name.toLowerCase() === target.toLowerCase() ||
      (jobId !== undefined && run !== undefined && jobOf(run) === jobId),
  );
  if (record?.run?.retry() === true) return true;
  if (jobId === undefined || deps.store.load(jobId)?.phase !== 'publishing') return false;
  deps.publisher.publish(jobId).catch((error: unknown) => {
    deps.journal.error({ jobId, err: error }, 'log not published');
  });
  return true;
};

const jobOf = (run: DriveRun): JobId | undefined => {
  const state = run.state();
  return 'jobId' in state ? state.jobId : undefined;
};
