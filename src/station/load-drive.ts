// From a verified drive to a finished working log: opens the load's files, gives the order, supervises, counts, judges.

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { readDriveState } from '#drive/drive-state.ts';
import { judge } from '#import-log/ledger.ts';
import { openWorkingLog } from '#import-log/working-log.ts';
import type { JobId } from '#job/job-id.ts';
import type { Account, Job, Load } from '#store/contract.ts';
import { WALK_COMPLETE } from './canceled-files.ts';
import { changeJob } from './change-job.ts';
import { closeLoad } from './close-load.ts';
import { createEarlyLog, type EarlyLog, type MadeLog } from './early-log.ts';
import { openFinishedRows, type FinishedTally } from './finished-rows.ts';
import { giveOrder } from './give-order.ts';
import { hold, type Hold } from './hold.ts';
import { createKeyIndex } from './key-index.ts';
import { loadFolder, makeLoadFolder } from './load-folder.ts';
import { createLoadingTime } from './loading-time.ts';
import type { LoaderSession } from './loader-session.ts';
import { openPartsJournal } from './parts-journal.ts';
import { logFormat } from './publish-log.ts';
import type { RunDeps } from './run-deps.ts';
import { sparseChoice } from './sparse-choice.ts';
import {
  superviseLoad,
  type LoaderProgress,
  type LoadOutcome,
  type LoadStops,
  type UnreadFile,
} from './supervise-load.ts';
import { waitForWalk } from './waiting-load.ts';
import { doubtsOfWalk, type WalkFacts } from './walk-trust.ts';

/** What is loaded, and who watches. */
export interface LoadTask {
  readonly job: Job;
  readonly driveFingerprint: string;
  readonly attachmentId: string;
  /** `sdb` */
  readonly kernelName: string;
  readonly driveName: string;
  /** The job has substitutions. */
  readonly keysMayCollide: boolean;
  readonly session: LoaderSession;
  readonly onStart: (finished: FinishedTally) => void;
  readonly onProgress: (progress: LoaderProgress) => void;
  readonly isDrivePresent: (signal: AbortSignal) => Promise<boolean>;
  readonly stops: LoadStops;
}

/** How the load ended; `counted`: the log is complete on disk, its ledger balances, it waits for the bucket. */
export type LoadEnd =
  | { readonly kind: 'counted'; readonly made: MadeLog | undefined }
  | Exclude<LoadOutcome, { readonly kind: 'finished' }>;

const HASH_KEY_BYTES = 16;
/** Of one loader: a dying drive must not fill the journal, the log has a row for every file. */
const MAX_UNREAD_LINES = 1000;

/** Loads one drive, or goes on where a former load of the same job was. */
export const loadDrive = async (deps: RunDeps, task: LoadTask, signal: AbortSignal): Promise<LoadEnd> => {
  const account = deps.store.account(task.job.accountEmail);
  if (account === undefined) {
    return { kind: 'hold', hold: { code: 'AccountProblem', details: { problem: 'the account is gone' } } };
  }
  const load = startedLoad(deps, task);
  const before = await readDriveState(task.kernelName);
  await using early = earlyLog(deps, task.job, load, signal);
  const outcome = await runLoader(deps, task, { account, load, early }, signal);
  const walkEnded = outcome.kind === 'finished' || (outcome.kind === 'hold' && outcome.walkEnded === true);
  if (walkEnded) noteWalkEnded(deps, task.job.jobId);
  if (outcome.kind !== 'finished') return outcome;
  const after = await readDriveState(task.kernelName);
  // What a drive answered that is gone, or another by now, says nothing of the files.
  if (before === undefined || after?.diskSequence !== before.diskSequence) return { kind: 'interrupted' };
  const held = await closeLedger(deps, task, load, { ...outcome, before, after, early });
  return held === undefined ? { kind: 'counted', made: await early.take() } : { kind: 'hold', hold: held };
};

// A second reading may change the log before it is due, and so may a person where files have failed: then only its count is
// of use.
const earlyLog = ({ config }: RunDeps, job: Job, { hashKey }: Load, signal: AbortSignal): EarlyLog => {
  const format = logFormat(config, job);
  const mayChange = config.load.verify === 'reread' || config.jobs.failedWait;
  const place = mayChange ? {} : { path: loadFolder(config.station.stateDir, job.jobId).earlyLog };
  return createEarlyLog({ format, hashKey, ...place }, signal);
};

// The drive is bound to the job before anything of it is loaded: a resume needs the same one.
const startedLoad = ({ store, now }: RunDeps, { job, driveFingerprint, driveName }: LoadTask): Load => {
  const former = store.load(job.jobId);
  if (former !== undefined) return former;
  const load: Load = {
    jobId: job.jobId,
    startedAt: now(),
    driveFingerprint,
    driveName,
    hashKey: randomBytes(HASH_KEY_BYTES),
    phase: 'loading',
  };
  store.startLoad(load);
  return load;
};

const runLoader = async (
  deps: RunDeps,
  task: LoadTask,
  { account, load, early }: { readonly account: Account; readonly load: Load; readonly early: EarlyLog },
  signal: AbortSignal,
): Promise<LoadOutcome> => {
  const { config, store, journal } = deps;
  const { job, driveFingerprint, session, onStart, onProgress, isDrivePresent, stops, keysMayCollide } = task;
  const files = loadFolder(config.station.stateDir, job.jobId);
  await makeLoadFolder(files);
  using keyIndex = keysMayCollide ? createKeyIndex(files.keyIndex) : undefined;
  const keys = keyIndex === undefined ? {} : { keyIndex };
  await using finished = await openFinishedRows({ path: files.resume, hashKey: load.hashKey, ...keys }, signal);
  await using workingLog = await openWorkingLog({ path: files.workingLog, onRows: finished.take });
  await using parts = await openPartsJournal(files.parts);
  const sparse = sparseChoice(store, { jobId: job.jobId, fingerprint: driveFingerprint });
  const facts = { job, account, load, limits: config.load, files, uploads: parts.known(), sparse, finished };
  onStart(await giveOrder((message, payload) => session.send(message, payload), facts, signal));
  const onFirstFile = (): void => {
    if (store.job(job.jobId)?.state.job === 'Pending') changeJob(deps, job.jobId, { kind: 'first-file' });
  };
  const keep = (loadingMs: number): void => {
    try {
      store.changeLoad(job.jobId, { loadingMs });
    } catch (error: unknown) {
      // Kept at the end of a load too, where it must not hide what ended it. The next one keeps the sum.
      journal.error({ jobId: job.jobId, err: error }, 'loading time not kept');
    }
  };
  let unreadFiles = 0;
  const onUnread = ({ kind: _kind, ...unread }: UnreadFile): void => {
    unreadFiles += 1;
    if (unreadFiles <= MAX_UNREAD_LINES) journal.warn({ jobId: job.jobId, ...unread }, 'not read from the drive');
  };
  using loadingTime = createLoadingTime({ nowMs: () => performance.now(), formerMs: load.loadingMs, keep });
  const events = { onProgress, onFirstFile, onRows: early.follow, onAllStored: early.finish, onUnread };
  const ports = { workingLog, parts, loadingTime, ...keys, ...events, isDrivePresent, stops };
  return await superviseLoad(session, ports, signal);
};

// A job that is being ended says whether its log names every file of the drive (decision 21).
const noteWalkEnded = ({ store }: RunDeps, jobId: JobId): void => {
  const ending = store.load(jobId)?.ending;
  if (ending === undefined) return;
  store.changeLoad(jobId, { ending: { ...ending, details: { ...ending.details, walk: WALK_COMPLETE } } });
};

// Decision 8: what the walk found against what stands in the log on disk, never against counters of the loop.
const closeLedger = async (
  deps: RunDeps,
  { attachmentId, driveFingerprint: fingerprint }: LoadTask,
  load: Load,
  walked: WalkFacts & { readonly early: EarlyLog },
): Promise<Hold | undefined> => {
  const { store, journal, now } = deps;
  const { jobId } = load;
  const { found, early } = walked;
  const counted = await early.count();
  const verdict = judge(found, counted);
  if (verdict.kind === 'unbalanced') {
    journal.error({ jobId, found, counted: counted.all, reason: verdict.message }, 'ledger does not balance');
    return hold('LedgerDoesNotBalance', { jobId, problem: verdict.message });
  }
  const doubts = doubtsOfWalk(walked);
  const job = store.job(jobId);
  if (doubts.length > 0 && job !== undefined && store.load(jobId)?.ending === undefined) {
    journal.warn({ jobId, found, doubts }, 'walk is not trusted');
    return waitForWalk(store, job, { count: counted, doubts }, now());
  }
  const held = closeLoad(deps, { jobId, attachmentId, fingerprint }, counted);
  if (held === undefined) journal.info({ jobId, found, verdict: verdict.kind }, 'load finished');
  return held;
};
