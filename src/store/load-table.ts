// Loads and attachments in SQLite.

import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { JobId } from '#job/job-id.ts';
import { ABORT_CODES } from '#job/status.ts';
import type { Attachment, Load, Store } from './contract.ts';
import { inTransaction } from './database.ts';
import { blobColumn, dateColumn, jobIdColumn, orNull, timeOrNull, withoutNulls } from './rows.ts';

/** The part of the store that knows loads and attachments. */
export type LoadTable = Pick<
  Store,
  | 'startLoad'
  | 'load'
  | 'loadsIn'
  | 'changeLoad'
  | 'openAttachment'
  | 'changeAttachment'
  | 'attachment'
  | 'openAttachments'
>;

const endingSchema = z.object({
  event: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('canceled') }),
    z.object({ kind: z.literal('rejected'), code: z.enum(ABORT_CODES) }),
  ]),
  details: z.record(z.string(), z.string()),
});

const rereadSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['none', 'due']) }),
  z.object({ kind: z.literal('done'), agreeing: z.number(), differing: z.number() }),
]);

const loadRow = z
  .object({
    job_id: jobIdColumn,
    started_at: dateColumn,
    drive_fingerprint: z.string(),
    drive_name: z.string(),
    hash_key: blobColumn,
    phase: z.enum(['loading', 'publishing', 'done']),
    finished_at: dateColumn.exactOptional(),
    summary: z.string().exactOptional(),
    ending: z.string().exactOptional(),
    loading_ms: z.number().exactOptional(),
    reread: z.string().exactOptional(),
  })
  .transform((row): Load => ({
    jobId: row.job_id,
    startedAt: row.started_at,
    driveFingerprint: row.drive_fingerprint,
    driveName: row.drive_name,
    hashKey: row.hash_key,
    phase: row.phase,
    ...(row.finished_at === undefined ? {} : { finishedAt: row.finished_at }),
    ...(row.summary === undefined ? {} : { summary: row.summary }),
    ...(row.ending === undefined ? {} : { ending: endingSchema.parse(JSON.parse(row.ending)) }),
    ...(row.loading_ms === undefined ? {} : { loadingMs: row.loading_ms }),
    ...(row.reread === undefined ? {} : { reread: rereadSchema.parse(JSON.parse(row.reread)) }),
  }));

const attachmentRow = z
  .object({
    attachment_id: z.string(),
    bay: z.string(),
    drive_fingerprint: z.string().exactOptional(),
    drive_name: z.string(),
    job_id: jobIdColumn.exactOptional(),
    outcome: z.enum(['done', 'already-loaded', 'interrupted']).exactOptional(),
    released_at: dateColumn.exactOptional(),
    attached_at: dateColumn,
    detached_at: dateColumn.exactOptional(),
  })
  .transform((row): Attachment => ({
    attachmentId: row.attachment_id,
    bay: row.bay,
    ...(row.drive_fingerprint === undefined ? {} : { driveFingerprint: row.drive_fingerprint }),
    driveName: row.drive_name,
    ...(row.job_id === undefined ? {} : { jobId: row.job_id }),
    ...(row.outcome === undefined ? {} : { outcome: row.outcome }),
    ...(row.released_at === undefined ? {} : { releasedAt: row.released_at }),
    attachedAt: row.attached_at,
    ...(row.detached_at === undefined ? {} : { detachedAt: row.detached_at }),
  }));

/** Makes the calls on loads and attachments. */
export const createLoadTable = (database: DatabaseSync): LoadTable => {
  const load = (jobId: JobId): Load | undefined => {
    const row = database.prepare('SELECT * FROM load WHERE job_id = ?').get(jobId);
    return row === undefined ? undefined : loadRow.parse(withoutNulls(row));
  };
  const attachment = (attachmentId: string): Attachment | undefined => {
    const row = database.prepare('SELECT * FROM attachment WHERE attachment_id = ?').get(attachmentId);
    return row === undefined ? undefined : attachmentRow.parse(withoutNulls(row));
  };
  return {
    load,
    loadsIn: (phase) =>
      database
        .prepare('SELECT * FROM load WHERE phase = ? ORDER BY started_at, rowid')
        .all(phase)
        .map((row) => loadRow.parse(withoutNulls(row))),
    startLoad: (started) => {
      insertLoad(database, started);
    },
    changeLoad: (jobId, change) => {
      inTransaction(database, () => {
        const current = load(jobId);
        assert(current !== undefined, 'a load that changes is there');
        updateLoad(database, { ...current, ...change });
      });
    },
    attachment,
    openAttachment: (opened) => {
      insertAttachment(database, opened);
    },
    changeAttachment: (attachmentId, change) => {
      inTransaction(database, () => {
        const current = attachment(attachmentId);
        assert(current !== undefined, 'an attachment that changes is there');
        updateAttachment(database, { ...current, ...change });
      });
    },
    openAttachments: () =>
      database
        .prepare('SELECT * FROM attachment WHERE detached_at IS NULL ORDER BY attached_at, rowid')
        .all()
        .map((row) => attachmentRow.parse(withoutNulls(row))),
  };
};

const insertLoad = (database: DatabaseSync, load: Load): void => {
  database
    .prepare(
      `INSERT INTO load (job_id, started_at, drive_fingerprint, drive_name, hash_key, phase, finished_at, summary, ending,
         loading_ms, reread)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      load.jobId,
      load.startedAt.getTime(),
      load.driveFingerprint,
      load.driveName,
      load.hashKey,
      load.phase,
      timeOrNull(load.finishedAt),
      orNull(load.summary),
      endingOrNull(load),
      orNull(load.loadingMs),
      rereadOrNull(load),
    );
};

const rereadOrNull = ({ reread }: Load): string | null => (reread === undefined ? null : JSON.stringify(reread));

const endingOrNull = ({ ending }: Load): string | null => (ending === undefined ? null : JSON.stringify(ending));

const updateLoad = (database: DatabaseSync, load: Load): void => {
  database
    .prepare(
      `UPDATE load SET drive_fingerprint = ?, phase = ?, finished_at = ?, summary = ?, ending = ?, loading_ms = ?,
         reread = ?
       WHERE job_id = ?`,
    )
    .run(
      load.driveFingerprint,
      load.phase,
      timeOrNull(load.finishedAt),
      orNull(load.summary),
      endingOrNull(load),
      orNull(load.loadingMs),
      rereadOrNull(load),
      load.jobId,
    );
};

const insertAttachment = (database: DatabaseSync, attachment: Attachment): void => {
  database
    .prepare(
      `INSERT INTO attachment
         (attachment_id, bay, drive_fingerprint, drive_name, job_id, outcome, released_at, attached_at, detached_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET bay = excluded.bay, drive_name = excluded.drive_name, detached_at = NULL`,
    )
    .run(
      attachment.attachmentId,
      attachment.bay,
      orNull(attachment.driveFingerprint),
      attachment.driveName,
      orNull(attachment.jobId),
      orNull(attachment.outcome),
      timeOrNull(attachment.releasedAt),
      attachment.attachedAt.getTime(),
      timeOrNull(attachment.detachedAt),
    );
};

const updateAttachment = (database: DatabaseSync, attachment: Attachment): void => {
  database
    .prepare(
      `UPDATE attachment SET bay = ?, drive_fingerprint = ?, drive_name = ?, job_id = ?, outcome = ?, released_at = ?,
         attached_at = ?, detached_at = ? WHERE attachment_id = ?`,
    )
    .run(
      attachment.bay,
      orNull(attachment.driveFingerprint),
      attachment.driveName,
      orNull(attachment.jobId),
      orNull(attachment.outcome),
      timeOrNull(attachment.releasedAt),
      attachment.attachedAt.getTime(),
      timeOrNull(attachment.detachedAt),
      attachment.attachmentId,
    );
};
