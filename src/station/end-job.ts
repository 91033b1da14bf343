// A job that a person ends (decision 21, spec 3.8): at once where nothing of it was loaded; else its load stops after the
// files in flight, what was found and is not finished gets its row, what lies unfinished in the bucket is removed, and the
// log is written first.
//
// INVARIANTS
// - The wish is stored before anything stops, so a restart goes on with it and no drive of the job is loaded any more.
// - The log is made when no loader of the job runs.

import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { abortUploads } from '#bucket/abort-uploads.ts';
import type { Bucket, BucketAccess } from '#bucket/contract.ts';
import type { LogCount } from '#import-log/contract.ts';
import { countLog } from '#import-log/ledger.ts';
import { readWorkingLogBatches } from '#import-log/working-log.ts';
import type { JobId } from '#job/job-id.ts';
import { transition, type EndingEvent } from '#job/transition.ts';
import { StationError } from '#language/station-error.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import type { Job, Load } from '#store/contract.ts';
import { bucketAccess } from './bucket-access.ts';
import { addCanceledRows, withWalk } from './canceled-files.ts';
import { changeJob } from './change-job.ts';
import { refused, type CommandResult } from './command-result.ts';
import type { DriveRun } from './drive-run.ts';
import { holdNotice, type Hold } from './hold.ts';
import { inTime } from './in-time.ts';
import { loadFolder, tidyLoadFolder } from './load-folder.ts';
import { openPartsJournal } from './parts-journal.ts';
import type { RunDeps } from './run-deps.ts';
import { formatSummary } from './summary.ts';
import { holdOfEnding } from './verify.ts';
import { waitingLoad } from './waiting-load.ts';

/** What ending a job needs. */
export interface EndJobDeps extends RunDeps {
  readonly openBucket: (access: BucketAccess) => Bucket;
}

/** Ends jobs; at most one attempt per job at a time. */
export interface JobEnder extends AsyncDisposable {
  /** Ends a job; `isOver` is false where its load has to stop first. Refusals: InvalidJobId, JobNotEnded. */
  end(
    jobId: JobId,
    event: EndingEvent,
    details: Readonly<Record<string, string>>,
  ): CommandResult<{ readonly isOver: boolean }>;
  /** Goes on with jobs that a restart or their bucket's trouble left in the middle of it. */
  tick(): void;
  /** Goes on with this job now; false where it is not in the middle of being ended. */
  goOn(jobId: JobId): boolean;
}

const RETRY_EVERY_MS = MINUTE_MS;
/** The same while the bucket is away: little is asked of it, and people wait for the drive. */
const RETRY_BUCKET_EVERY_MS = 3 * SECOND_MS;
/** A bucket that says nothing for longer to the end of an upload is asked again. */
const ANSWER_MS = 10 * SECOND_MS;
/** How long files in flight may take; a bucket that is silent for longer is not waited for. */
const GENTLE_MS = MINUTE_MS;

/** Makes it. `runsOf`: the drives in bays that show this job's SIGNATURE. */
export const createJobEnder = (deps: EndJobDeps, runsOf: (jobId: JobId) => readonly DriveRun[]): JobEnder => {
  const { store, journal } = deps;
  const running = new Map<JobId, Promise<void>>();
  // By the monotonic clock: the host's may be set back by a year.
  const dueAt = new Map<JobId, number>();
  const stopping = new AbortController();

  const start = (jobId: JobId): void => {
    let retryAfterMs = RETRY_EVERY_MS;
    const attempt = finish(deps, runsOf, jobId, stopping.signal)
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return;
        if (isOfBucket(error)) retryAfterMs = RETRY_BUCKET_EVERY_MS;
        tellWhy(deps, jobId, error);
      })
      .finally(() => {
        running.delete(jobId);
        dueAt.set(jobId, performance.now() + retryAfterMs);
      });
    running.set(jobId, attempt);
  };

  return {
    end: (jobId, event, details) => {
      const job = store.job(jobId);
      if (job === undefined) return refused('InvalidJobId', { jobId });
      const load = store.load(jobId);
      const reason = whyNot(job, load, event);
      if (reason !== undefined) return refused('JobNotEnded', { jobId, message: reason });
      for (const run of runsOf(jobId)) run.stop(holdOfEnding(jobId, event), true);
      if (load === undefined) {
        store.holdJob(jobId, undefined);
        changeJob(deps, jobId, event, details);
        return { kind: 'ok', isOver: true };
      }
      store.changeLoad(jobId, { ending: { event, details } });
      journal.info({ jobId, cause: event.kind, ...details }, 'job is being ended');
      start(jobId);
      return { kind: 'ok', isOver: false };
    },
    tick: () => {
      for (const { jobId, ending } of store.loadsIn('loading')) {
        if (ending === undefined || running.has(jobId) || (dueAt.get(jobId) ?? 0) > performance.now()) continue;
        start(jobId);
      }
    },
    goOn: (jobId) => {
      const load = store.load(jobId);
      if (load?.phase !== 'loading' || load.ending === undefined) return false;
      if (!running.has(jobId)) start(jobId);
      return true;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(running.values());
    },
  };
};

const UNREACHABLE = 'BucketUnreachable';

const isOfBucket = (error: unknown): boolean => error instanceof StationError && error.code === UNREACHABLE;

// As a hold of the job, until it goes on: nothing else says why a job that somebody has ended is not over.
const tellWhy = (deps: EndJobDeps, jobId: JobId, error: unknown): void => {
  const { store, journal, mails, now } = deps;
  try {
    const job = store.job(jobId);
    const isKnown = isOfBucket(error) && job?.hold?.code === UNREACHABLE;
    if (isKnown) return;
    journal.error({ jobId, err: error }, 'job not ended');
    // What fails once the log is due is told by the publisher, or by the bay.
    const isOpen = store.load(jobId)?.phase === 'loading';
    if (job === undefined || !isOpen || !(error instanceof StationError)) return;
    const held: Hold = { code: error.code, details: { jobId, bay: jobId, problem: error.message } };
    const at = now();
    const notice = holdNotice(held, { jobId, bay: jobId });
    store.holdJob(jobId, { ...held, heldAt: at }, mails.held({ notice, job, isOurs: true, sameness: ['ending'], at }));
  } catch (cause: unknown) {
    journal.error({ jobId, err: cause }, 'hold not stored');
  }
};

const whyNot = (job: Job, load: Load | undefined, event: EndingEvent): string | undefined => {
  if (load?.ending !== undefined) return 'it is being ended already';
  if (load?.phase === 'publishing') return 'everything of it is loaded, only its log is written';
  const result = transition(job.state, event);
  return result.kind === 'illegal' ? result.reason : undefined;
};

const finish = async (
  deps: EndJobDeps,
  runsOf: (jobId: JobId) => readonly DriveRun[],
  jobId: JobId,
  signal: AbortSignal,
): Promise<void> => {
  const { store, publisher } = deps;
  await Promise.all(runsOf(jobId).map((run) => idleInTime(run, signal)));
  const job = store.job(jobId);
  const load = store.load(jobId);
  if (job === undefined || load?.phase !== 'loading') return;
  await endUploads(deps, job, signal);
  const count = await countDone(deps, load);
  if (count === undefined) await closeEmpty(deps, load);
  else {
    const isWalkTrusted = waitingLoad(store, load, true)?.code !== 'WalkNotTrusted';
    store.changeLoad(jobId, { phase: 'publishing', summary: formatSummary(count), ...withWalk(load, isWalkTrusted) });
    // What the bucket refuses is a hold of the job, which `retry` ends; the drive may go all the same.
    await publisher.publish(jobId);
  }
  for (const run of runsOf(jobId)) await run.release();
};

const idleInTime = async (run: DriveRun, signal: AbortSignal): Promise<void> => {
  const late = AbortSignal.any([signal, AbortSignal.timeout(GENTLE_MS)]);
  const isLate = Promise.withResolvers<boolean>();
  const giveUp = (): void => {
    isLate.resolve(true);
  };
  late.addEventListener('abort', giveUp, { once: true });
  const wasLate = await Promise.race([run.idle().then(() => false), isLate.promise]);
  late.removeEventListener('abort', giveUp);
  signal.throwIfAborted();
  if (wasLate) await run.release();
};

// Rows first: what the parts journal knows of a file is gone with its upload.
const endUploads = async (deps: EndJobDeps, job: Job, signal: AbortSignal): Promise<void> => {
  const { config, store, openBucket, journal, now } = deps;
  const { parts: path, workingLog } = loadFolder(config.station.stateDir, job.jobId);
  if (!existsSync(path)) return;
  await using parts = await openPartsJournal(path);
  await addCanceledRows({ job, workingLog, uploads: parts.known(), now: now() });
  const account = store.account(job.accountEmail);
  if (account === undefined) return;
  await using bucket = openBucket(bucketAccess(account, job, job.bucket));
  for (const upload of parts.known()) {
    const aborted = await inTime(ANSWER_MS, (late) => abortUploads(upload, bucket, late), signal);
    if (aborted === undefined) throw unreachable(`no answer for ${String(ANSWER_MS / SECOND_MS)} s`);
    if (aborted.kind === 'ok') continue;
    // Waited out; whoever may not remove it, or has no bucket any more, meets that again at the log.
    if (aborted.scope === 'transient') throw unreachable(`${aborted.code}: ${aborted.message}`);
    journal.error({ jobId: job.jobId, s3Code: aborted.code, s3Status: aborted.status }, 'upload not removed');
  }
};

const unreachable = (message: string): StationError =>
  new StationError({ code: UNREACHABLE, message, hint: 'It is asked again every few seconds.' });

// Undefined where not even one row was written.
const countDone = async ({ config }: EndJobDeps, { jobId, hashKey }: Load): Promise<LogCount | undefined> => {
  const { workingLog } = loadFolder(config.station.stateDir, jobId);
  if (!existsSync(workingLog)) return undefined;
  const count = await countLog(readWorkingLogBatches(workingLog), hashKey);
  return count.all.files === 0 ? undefined : count;
};

const closeEmpty = async (deps: EndJobDeps, { jobId, ending }: Load): Promise<void> => {
  const { store, config, now } = deps;
  if (ending === undefined) return;
  store.holdJob(jobId, undefined);
  changeJob(deps, jobId, ending.event, ending.details);
  store.changeLoad(jobId, { phase: 'done', finishedAt: now() });
  await tidyLoadFolder(loadFolder(config.station.stateDir, jobId));
};
