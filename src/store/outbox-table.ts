// The outbox in SQLite: mail that is to be sent, and that it was.

import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Mail, OutboxEntry, Store } from './contract.ts';
import { inTransaction } from './database.ts';
import { dateColumn, jobIdColumn, orNull, timeOrNull, withoutNulls } from './rows.ts';

/** The part of the store that knows mail. */
export type OutboxTable = Pick<Store, 'queueMails' | 'dueMails' | 'recordMailAttempt' | 'mailCounts' | 'outbox'>;

const outboxRow = z
  .object({
    message_id: z.string(),
    occasion: z.string(),
    job_id: jobIdColumn.exactOptional(),
    recipient: z.string(),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    queued_at: dateColumn,
    state: z.enum(['queued', 'sent', 'given-up']),
    attempts: z.number(),
    next_at: dateColumn,
    refused_since: dateColumn.exactOptional(),
    answer: z.string().exactOptional(),
    ended_at: dateColumn.exactOptional(),
  })
  .transform((row): OutboxEntry => ({
    messageId: row.message_id,
    occasion: row.occasion,
    ...(row.job_id === undefined ? {} : { jobId: row.job_id }),
    recipient: row.recipient,
    subject: row.subject,
    text: row.text,
    html: row.html,
    queuedAt: row.queued_at,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at,
    ...(row.refused_since === undefined ? {} : { refusedSince: row.refused_since }),
    ...(row.answer === undefined ? {} : { answer: row.answer }),
    ...(row.ended_at === undefined ? {} : { endedAt: row.ended_at }),
  }));

const countRow = z.object({ queued: z.number(), given_up: z.number(), oldest: dateColumn.exactOptional() });

/** Makes the calls on mail. */
export const createOutboxTable = (database: DatabaseSync): OutboxTable => ({
  queueMails: (mails) => {
    inTransaction(database, () => {
      insertMails(database, mails);
    });
  },
  dueMails: ({ now, longestPauseMs, limit }) =>
    database
      .prepare(
        `SELECT * FROM outbox WHERE state = 'queued' AND (next_at <= ?1 OR next_at > ?1 + ?2)
         ORDER BY attempts, mail_number LIMIT ?3`,
      )
      .all(now.getTime(), longestPauseMs, limit)
      .map((row) => outboxRow.parse(withoutNulls(row))),
  mailCounts: () => {
    const row = database
      .prepare(
        `SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'given-up') AS given_up,
           min(queued_at) FILTER (WHERE state = 'queued') AS oldest FROM outbox WHERE state <> 'sent'`,
      )
      .get();
    const { queued, given_up: givenUp, oldest } = countRow.parse(withoutNulls(row ?? {}));
    return { queued, givenUp, ...(oldest === undefined ? {} : { oldestQueuedAt: oldest }) };
  },
  recordMailAttempt: (messageId, { state, nextAt, refusedSince, answer, endedAt }) => {
    // What was sent is of no more use here, and holds names of customers' files.
    const emptied = state === 'sent' ? `, text = '', html = ''` : '';
    const { changes } = database
      .prepare(
        `UPDATE outbox SET attempts = attempts + 1, state = ?, next_at = ?, refused_since = ?, answer = ?, ended_at = ?${emptied}
         WHERE message_id = ?`,
      )
      .run(state, nextAt.getTime(), timeOrNull(refusedSince), orNull(answer), timeOrNull(endedAt), messageId);
    assert(changes === 1, 'a message that was tried is there');
  },
  outbox: (jobId) =>
    database
      .prepare('SELECT * FROM outbox WHERE ?1 IS NULL OR job_id = ?1 ORDER BY mail_number')
      .all(orNull(jobId))
      .map((row) => outboxRow.parse(withoutNulls(row))),
});

/** Queues messages as part of a transaction that runs already. */
export const insertMails = (database: DatabaseSync, mails: readonly Mail[]): void => {
  const insert = database.prepare(
    `INSERT INTO outbox (message_id, occasion, job_id, recipient, subject, text, html, queued_at, state, attempts, next_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', 0, ?8) ON CONFLICT (occasion, recipient) DO NOTHING`,
  );
  for (const mail of mails) {
    const { messageId, occasion, recipient, subject, text, html } = mail;
    insert.run(messageId, occasion, orNull(mail.jobId), recipient, subject, text, html, mail.queuedAt.getTime());
  }
};
