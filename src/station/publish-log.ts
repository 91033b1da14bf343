// The last step of a load: the import log is made from the working log and put into the bucket; only then has the job
// its final status (decision 12). Needs no drive, survives a restart, and is repeated until the bucket takes the log.

import { rm, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Bucket, BucketAccess, BucketProblem } from '#bucket/contract.ts';
import type { Config } from '#config/contract.ts';
import type { JobId } from '#job/job-id.ts';
import { isTerminal } from '#job/transition.ts';
import type { LogCount } from '#import-log/contract.ts';
import { firstFailedRows } from '#import-log/failed-rows.ts';
import type { LogFormat } from '#import-log/publish.ts';
import { readWorkingLog } from '#import-log/working-log.ts';
import { StationError } from '#language/station-error.ts';
import { DAY_MS, MIB, MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { noticeOf } from '#notice/catalogue.ts';
import { SHOWN_FAILED_FILES, type LoadFacts } from '#notice/letters.ts';
import type { Job, Mail, Reread } from '#store/contract.ts';
import { bucketAccess } from './bucket-access.ts';
import { isWalkComplete } from './canceled-files.ts';
import { vouchedFor } from './confirmations.ts';
import { changeJob, type JobChangeDeps } from './change-job.ts';
import { ensureLog, type MadeLog } from './early-log.ts';
import { hold, holdNotice, type Hold } from './hold.ts';
import { loadingHours } from './loading-time.ts';
import { loadFolder, tidyLoadFolder, type LoadFolder } from './load-folder.ts';
import { parseSummary } from './summary.ts';

/** What publishing needs. */
export interface PublishDeps extends JobChangeDeps {
  readonly config: Config;
  readonly openBucket: (access: BucketAccess) => Bucket;
}

/** The station's publisher: at most one attempt per job at a time. */
export interface Publisher extends AsyncDisposable {
  /**
   * Publishes a job's log now; undefined when it lies in the bucket, else the hold that stays with the job. `made`: a file of
   * the log, which is the publisher's from now on.
   */
  publish(jobId: JobId, made?: MadeLog): Promise<Hold | undefined>;
  /** Starts attempts that are due: loads left in publishing by a restart, and those that a bucket's trouble delayed. */
  tick(): void;
}

const RETRY_EVERY_MS = MINUTE_MS;
const ATTEMPTS = 3;
const ATTEMPT_PAUSE_MS = 2 * SECOND_MS;
/** What a bucket is given to take a log, besides the time of a slow line. */
const SILENCE_TOLD_MS = 10 * SECOND_MS;
const SLOW_BYTES_PER_SECOND = MIB;
const LOG_CONTENT_TYPE = 'text/csv; charset=utf-8';

/** Makes the publisher. */
export const createPublisher = (deps: PublishDeps): Publisher => {
  const running = new Map<JobId, Promise<Hold | undefined>>();
  // By the monotonic clock: the host's may be set back by a year.
  const dueAt = new Map<JobId, number>();
  const stopping = new AbortController();

  const attemptOf = (jobId: JobId, made: MadeLog | undefined): Promise<Hold | undefined> => {
    const current = running.get(jobId);
    if (current !== undefined) return current;
    const attempt = publishSafely(deps, { jobId, made }, stopping.signal).finally(() => {
      running.delete(jobId);
      dueAt.set(jobId, performance.now() + RETRY_EVERY_MS);
    });
    running.set(jobId, attempt);
    return attempt;
  };
  const publish = async (jobId: JobId, made?: MadeLog): Promise<Hold | undefined> => {
    try {
      return await attemptOf(jobId, made);
    } finally {
      // Another attempt may have been faster, and made its own.
      if (made !== undefined) await rm(made.path, { force: true });
    }
  };

  return {
    publish,
    tick: () => {
      const now = performance.now();
      for (const { jobId } of deps.store.loadsIn('publishing')) {
        if (running.has(jobId) || (dueAt.get(jobId) ?? 0) > now) continue;
        publish(jobId).catch((error: unknown) => {
          if (!stopping.signal.aborted) deps.journal.error({ jobId, err: error }, 'log not published');
        });
      }
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(running.values());
    },
  };
};

/** A log that is due. */
interface DueLog {
  readonly jobId: JobId;
  readonly made: MadeLog | undefined;
}

// What fails on the station's own side is told as a hold, too: the drive may be gone, and with it its bay's.
const publishSafely = async (deps: PublishDeps, due: DueLog, signal: AbortSignal): Promise<Hold | undefined> => {
  const { jobId } = due;
  try {
    return await publishOnce(deps, due, signal);
  } catch (error: unknown) {
    if (signal.aborted) throw error;
    deps.journal.error({ jobId, err: error }, 'log not published');
    const problem = error instanceof Error ? error.message : 'unknown';
    const code = error instanceof StationError ? error.code : 'LogNotWritten';
    const held: Hold = { code, details: { jobId, problem } };
    const heldAt = deps.now();
    deps.store.holdJob(jobId, { ...held, heldAt }, ownHoldMails(deps, jobId, held, heldAt));
    return held;
  }
};

const publishOnce = async (
  deps: PublishDeps,
  { jobId, made }: DueLog,
  signal: AbortSignal,
): Promise<Hold | undefined> => {
  const { config, store, journal, now } = deps;
  const job = store.job(jobId);
  const load = store.load(jobId);
  const summary = parseSummary(load?.summary);
  if (job === undefined || summary === undefined || load?.phase !== 'publishing') return undefined;
  const files = loadFolder(config.station.stateDir, jobId);
  if (isTerminal(job.state.job)) {
    await closeLoad(deps, jobId, files);
    return undefined;
  }
  await ensureLog(logFormat(config, job), files.importLog, made);
  const problem = await putInSight(deps, job, files.importLog, signal);
  if (problem !== undefined) {
    const held = hold('LogNotWritten', { jobId, bucket: job.logBucket, key: job.logKey, ...problemWords(problem) });
    const heldAt = now();
    store.holdJob(jobId, { ...held, heldAt }, holdMails(deps, job, problem, heldAt));
    journal.error({ jobId, code: held.code, s3Code: problem.code, s3Status: problem.status }, 'job held');
    return held;
  }
  const facts = await loadFacts(deps, summary, {
    jobId,
    workingLog: files.workingLog,
    walkIsComplete: isWalkComplete(load.ending),
    reread: load.reread,
  });
  finishJob(deps, job, facts);
  await closeLoad(deps, jobId, files);
  return undefined;
};

/** How the log of a job is written. */
export const logFormat = ({ log, station }: Config, { jobId, bucket }: Job): LogFormat => ({
  workingLog: loadFolder(station.stateDir, jobId).workingLog,
  bucket,
  formulaGuard: log.formulaGuard,
  lineEnd: log.lineEnd,
});

// Last: a crash before it finds the job finished, and has only this left to do.
const closeLoad = async ({ store, now }: PublishDeps, jobId: JobId, files: LoadFolder): Promise<void> => {
  store.holdJob(jobId, undefined);
  store.changeLoad(jobId, { phase: 'done', finishedAt: now() });
  await tidyLoadFolder(files);
};

// Three attempts at a silent bucket take many minutes: meanwhile the job says what it waits for.
const putInSight = async (
  deps: PublishDeps,
  job: Job,
  path: string,
  signal: AbortSignal,
): Promise<BucketProblem | undefined> => {
  const { store, journal, now } = deps;
  const { jobId, logBucket } = job;
  const { size } = await stat(path);
  const patienceMs = SILENCE_TOLD_MS + (size / SLOW_BYTES_PER_SECOND) * SECOND_MS;
  const tell = (): void => {
    const problem = `the import log is not taken within ${String(Math.round(patienceMs / SECOND_MS))} s`;
    const details = { jobId, bay: jobId, bucket: logBucket, problem };
    try {
      store.holdJob(jobId, { code: 'BucketUnreachable', details, heldAt: now() });
    } catch (error: unknown) {
      journal.error({ jobId, err: error }, 'hold not stored');
    }
  };
  // No timer takes longer, and no log either.
  const timer = setTimeout(tell, Math.min(patienceMs, DAY_MS));
  try {
    return await putLog(deps, job, path, signal);
  } finally {
    clearTimeout(timer);
  }
};

const putLog = async (
  { store, openBucket }: PublishDeps,
  job: Job,
  path: string,
  signal: AbortSignal,
): Promise<BucketProblem | undefined> => {
  const account = store.account(job.accountEmail);
  if (account === undefined) return missingAccount(job);
  await using bucket = openBucket(bucketAccess(account, job, job.logBucket));
  for (let attempt = 1; ; attempt += 1) {
    const answer = await bucket.putFile({ key: job.logKey, path, contentType: LOG_CONTENT_TYPE }, signal);
    if (answer.kind === 'ok') return undefined;
    if (answer.scope !== 'transient' || attempt >= ATTEMPTS) return answer;
    await delay(attempt * ATTEMPT_PAUSE_MS, undefined, { signal });
  }
};

const missingAccount = (job: Job): BucketProblem => ({
  kind: 'problem',
  scope: 'bucket',
  status: 0,
  code: 'AccountProblem',
  holdCode: 'AccountProblem',
  message: `account ${job.accountEmail} is gone`,
});

const problemWords = ({ status, code, message }: BucketProblem): Readonly<Record<string, string>> => ({
  problem: status === 0 ? `${code}: ${message}` : `${String(status)} ${code}: ${message}`,
});

// Where the bucket does not answer, the customer can do nothing about it yet; the hold's own words are for the technician.
const holdMails = ({ mails }: PublishDeps, job: Job, problem: BucketProblem, at: Date): readonly Mail[] => {
  const code = problem.scope === 'transient' ? 'BucketUnreachable' : 'LogNotWritten';
  const { jobId } = job;
  const notice = noticeOf(code, { jobId, bay: jobId, bucket: job.logBucket, ...problemWords(problem) });
  return mails.held({ notice, job, sameness: [problem.code], at });
};

const ownHoldMails = ({ store, mails }: PublishDeps, jobId: JobId, held: Hold, at: Date): readonly Mail[] => {
  const job = store.job(jobId);
  const notice = holdNotice(held, { jobId, bay: jobId });
  return job === undefined ? [] : mails.held({ notice, job, isOurs: true, sameness: ['publishing'], at });
};

const loadFacts = async (
  { config, store }: PublishDeps,
  count: LogCount,
  {
    jobId,
    workingLog,
    walkIsComplete,
    reread,
  }: {
    readonly jobId: JobId;
    readonly workingLog: string;
    readonly walkIsComplete: boolean;
    readonly reread: Reread | undefined;
  },
): Promise<LoadFacts> => {
  const { loaded, ignored, failed } = count;
  const isRead = failed.files > 0 && config.mail !== undefined;
  const firstFailed = isRead ? await firstFailedRows(readWorkingLog(workingLog), SHOWN_FAILED_FILES) : [];
  const status = failed.files === 0 ? 'Completed' : 'SuccessWithErrors';
  return {
    ...{ status, loaded, ignored, failed, firstFailed, walkIsComplete, vouched: vouchedFor(store, jobId) },
    ...(reread?.kind === 'done' ? { reread } : {}),
  };
};

const finishJob = (deps: PublishDeps, job: Job, count: LoadFacts): void => {
  const { store, journal } = deps;
  const failed = count.failed.files;
  // First, so that a crash in between leaves a drive that may go and a log that is written once more.
  for (const { attachmentId, jobId } of store.openAttachments()) {
    if (jobId === job.jobId) store.changeAttachment(attachmentId, { outcome: 'done' });
  }
  const { ending, loadingMs } = store.load(job.jobId) ?? {};
  changeJob(
    deps,
    job.jobId,
    ending?.event ?? { kind: failed === 0 ? 'completed' : 'completed-with-errors' },
    {
      ...ending?.details,
      loadedFiles: String(count.loaded.files),
      ignoredFiles: String(count.ignored.files),
      failedFiles: String(failed),
      log: `s3://${job.logBucket}/${job.logKey}`,
      loadingHours: String(loadingHours(loadingMs)),
    },
    count,
  );
  journal.info(
    { jobId: job.jobId, loadedFiles: count.loaded.files, ignoredFiles: count.ignored.files, failedFiles: failed },
    'import log in the bucket',
  );
};
