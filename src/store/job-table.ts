// Jobs and their history in SQLite. A manifest may hold the PIN of a drive, so its bytes are sealed to the job.

import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { JobId } from '#job/job-id.ts';
import { ABORT_CODES, type DeviceStatus, type JobStatus } from '#job/status.ts';
import type { TableDeps } from './account-table.ts';
import type { Job, JobChange, JobHold, JobUpdate, Store } from './contract.ts';
import { inTransaction } from './database.ts';
import { insertMails } from './outbox-table.ts';
import { blobColumn, dateColumn, detailsColumn, jobIdColumn, orNull, timeOrNull, withoutNulls } from './rows.ts';

/** The part of the store that knows jobs. */
export type JobTable = Pick<
  Store,
  | 'addJob'
  | 'job'
  | 'jobs'
  | 'jobHistory'
  | 'changeJob'
  | 'updateJob'
  | 'holdJob'
  | 'heldJobs'
  | 'jobCounts'
  | 'jobsSince'
>;

const JOB_STATUS = z.enum([
  'Pending',
  'InProgress',
  'Completed',
  'SuccessWithErrors',
  'Canceled',
  'Expired',
  ...ABORT_CODES,
]) satisfies z.ZodType<JobStatus>;
const DEVICE_STATUS = z.enum(['NotReceived', 'AtAWS', 'Returned']) satisfies z.ZodType<DeviceStatus>;

const jobRow = z.object({
  job_id: jobIdColumn,
  account_email: z.string(),
  sealed_manifest: blobColumn,
  signing_key_id: z.string(),
  loading_key_id: z.string(),
  bucket: z.string(),
  bucket_region: z.string(),
  log_bucket: z.string(),
  log_key: z.string(),
  created_at: dateColumn,
  expires_at: dateColumn,
  job_status: JOB_STATUS,
  device_status: DEVICE_STATUS,
  hold_code: z.string().exactOptional(),
  hold_details: detailsColumn.exactOptional(),
  held_at: dateColumn.exactOptional(),
  sealed_original: blobColumn.exactOptional(),
  original_signing_key_id: z.string().exactOptional(),
});

const changeRow = z
  .object({
    changed_at: dateColumn,
    job_status: JOB_STATUS,
    device_status: DEVICE_STATUS,
    cause: z.string(),
    details: detailsColumn,
  })
  .transform((row): JobChange => ({
    changedAt: row.changed_at,
    state: { job: row.job_status, device: row.device_status },
    cause: row.cause,
    details: row.details,
  }));

/** Makes the calls on jobs. */
export const createJobTable = (deps: TableDeps): JobTable => {
  const { database } = deps;
  return {
    addJob: (job, change, mails = []) =>
      inTransaction(database, () => {
        const { changes } = database
          .prepare('INSERT INTO used_job_id (job_id) VALUES (?) ON CONFLICT DO NOTHING')
          .run(job.jobId);
        if (changes === 0) return false;
        insertJob(deps, job);
        insertChange(database, job.jobId, change);
        insertMails(database, mails);
        return true;
      }),
    job: (jobId) => {
      const row = database.prepare('SELECT * FROM job WHERE job_id = ?').get(jobId);
      return row === undefined ? undefined : openJob(deps, row);
    },
    jobs: () =>
      database
        .prepare('SELECT * FROM job ORDER BY created_at DESC, rowid DESC')
        .all()
        .map((row) => openJob(deps, row)),
    heldJobs: () =>
      database
        .prepare('SELECT * FROM job WHERE hold_code IS NOT NULL ORDER BY created_at DESC, rowid DESC')
        .all()
        .map((row) => openJob(deps, row)),
    jobCounts: () =>
      Object.fromEntries(
        database
          .prepare('SELECT job_status, count(*) AS jobs FROM job GROUP BY job_status')
          .all()
          .map((row) => [String(row['job_status']), Number(row['jobs'])]),
      ),
    jobHistory: (jobId) =>
      database
        .prepare('SELECT * FROM job_change WHERE job_id = ? ORDER BY change_number')
        .all(jobId)
        .map((row) => changeRow.parse(row)),
    changeJob: (jobId, change, mails = []) => {
      inTransaction(database, () => {
        const { changes } = database
          .prepare('UPDATE job SET job_status = ?, device_status = ? WHERE job_id = ?')
          .run(change.state.job, change.state.device, jobId);
        assert(changes === 1, 'a job that changes is there');
        insertChange(database, jobId, change);
        insertMails(database, mails);
      });
    },
    updateJob: (jobId, update, change) => {
      inTransaction(database, () => {
        keepOriginal(deps, jobId);
        replaceManifest(deps, jobId, update);
        database.prepare('DELETE FROM load WHERE job_id = ?').run(jobId);
        insertChange(database, jobId, change);
      });
    },
    holdJob: (jobId, hold, mails = []) => {
      inTransaction(database, () => {
        updateHold(database, jobId, hold);
        insertMails(database, mails);
      });
    },
    jobsSince: (email, since) =>
      Number(
        database
          .prepare('SELECT count(*) AS jobs FROM job WHERE account_email = ? AND created_at >= ?')
          .get(email, since.getTime())?.['jobs'],
      ),
  };
};

const updateHold = (database: DatabaseSync, jobId: JobId, hold: JobHold | undefined): void => {
  const { changes } = database
    .prepare('UPDATE job SET hold_code = ?, hold_details = ?, held_at = ? WHERE job_id = ?')
    .run(orNull(hold?.code), hold === undefined ? null : JSON.stringify(hold.details), timeOrNull(hold?.heldAt), jobId);
  assert(changes === 1, 'a job that is held is there');
};

// Once: a second update replaces the first one. What is sealed to another place has to be sealed anew.
const keepOriginal = (deps: TableDeps, jobId: JobId): void => {
  const { database, seal } = deps;
  const row = database.prepare('SELECT * FROM job WHERE job_id = ?').get(jobId);
  assert(row !== undefined, 'a job that is updated is there');
  const { manifest, signingKeyId, original } = openJob(deps, row);
  if (original !== undefined) return;
  database
    .prepare('UPDATE job SET sealed_original = ?, original_signing_key_id = ? WHERE job_id = ?')
    .run(seal.seal(manifest, originalPlaceOf(jobId)), signingKeyId, jobId);
};

const replaceManifest = ({ database, seal }: TableDeps, jobId: JobId, update: JobUpdate): void => {
  const { manifest, signingKeyId, loadingKeyId, bucket, bucketRegion, logBucket, logKey } = update;
  database
    .prepare(
      `UPDATE job SET sealed_manifest = ?, signing_key_id = ?, loading_key_id = ?, bucket = ?, bucket_region = ?,
         log_bucket = ?, log_key = ? WHERE job_id = ?`,
    )
    .run(
      seal.seal(manifest, placeOf(jobId)),
      ...([signingKeyId, loadingKeyId, bucket, bucketRegion, logBucket, logKey] as const),
      jobId,
    );
};

const insertJob = ({ database, seal }: TableDeps, job: Job): void => {
  database
    .prepare(
      `INSERT INTO job (job_id, account_email, sealed_manifest, signing_key_id, loading_key_id, bucket, bucket_region,
         log_bucket, log_key, created_at, expires_at, job_status, device_status, hold_code, hold_details, held_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      job.jobId,
      job.accountEmail,
      seal.seal(job.manifest, placeOf(job.jobId)),
      job.signingKeyId,
      job.loadingKeyId,
      job.bucket,
      job.bucketRegion,
      job.logBucket,
      job.logKey,
      job.createdAt.getTime(),
      job.expiresAt.getTime(),
      job.state.job,
      job.state.device,
      orNull(job.hold?.code),
      job.hold === undefined ? null : JSON.stringify(job.hold.details),
      timeOrNull(job.hold?.heldAt),
    );
};

const insertChange = (database: DatabaseSync, jobId: JobId, change: JobChange): void => {
  database
    .prepare(
      `INSERT INTO job_change (job_id, changed_at, job_status, device_status, cause, details)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    .run(
      jobId,
      change.changedAt.getTime(),
      change.state.job,
      change.state.device,
      change.cause,
      JSON.stringify(change.details),
    );
};

const openJob = (deps: TableDeps, raw: Readonly<Record<string, unknown>>): Job => {
  const { seal, damaged } = deps;
  const row = jobRow.parse(withoutNulls(raw));
  const manifest = seal.open(row.sealed_manifest, placeOf(row.job_id));
  if (manifest === undefined) throw damaged(`the manifest of job ${row.job_id} cannot be decrypted`);
  const { hold_code: code, hold_details: details, held_at: heldAt } = row;
  return {
    jobId: row.job_id,
    accountEmail: row.account_email,
    manifest,
    signingKeyId: row.signing_key_id,
    loadingKeyId: row.loading_key_id,
    bucket: row.bucket,
    bucketRegion: row.bucket_region,
    logBucket: row.log_bucket,
    logKey: row.log_key,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    state: { job: row.job_status, device: row.device_status },
    ...openOriginal(deps, row),
    ...(code === undefined || details === undefined || heldAt === undefined ? {} : { hold: { code, details, heldAt } }),
  };
};

const openOriginal = (
  { seal, damaged }: TableDeps,
  { job_id: jobId, sealed_original: sealed, original_signing_key_id: signingKeyId }: z.infer<typeof jobRow>,
): Pick<Job, 'original'> => {
  if (sealed === undefined || signingKeyId === undefined) return {};
  const manifest = seal.open(sealed, originalPlaceOf(jobId));
  if (manifest === undefined) throw damaged(`the original manifest of job ${jobId} cannot be decrypted`);
  return { original: { manifest, signingKeyId } };
};

const originalPlaceOf = (jobId: JobId): readonly [string, string] => ['job-original', jobId];
const placeOf = (jobId: JobId): readonly [string, string] => ['job-manifest', jobId];
