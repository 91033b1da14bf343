// Turns what happens to jobs and bays into messages: who gets them, and what keeps one from being written twice.

import { createHash } from 'node:crypto';
import type { MailConfig } from '#config/contract.ts';
import { isMailAddress } from '#job/field-rules.ts';
import { manifestWarnings } from '#job/manifest-warnings.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import type { JobState } from '#job/status.ts';
import { isTerminal, type JobEvent } from '#job/transition.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Notice } from '#notice/contract.ts';
import { isForCustomer } from '#notice/customer-words.ts';
import { formatHtml, formatSubject, formatText, type Letter } from '#notice/letter.ts';
import {
  canceledLetter,
  completedLetter,
  createdLetter,
  customerHoldLetter,
  expiredLetter,
  operatorHoldLetter,
  receivedLetter,
  rejectedLetter,
  startedLetter,
  undeliveredLetter,
  type JobFacts,
  type LoadFacts,
} from '#notice/letters.ts';
import { objectUrl, s3Address } from '#object/object-url.ts';
import type { Account, Job, Mail, OutboxEntry } from '#store/contract.ts';

/** A job that has changed. */
export interface JobChangeFacts {
  /** As it was before. */
  readonly job: Job;
  readonly state: JobState;
  readonly event: JobEvent;
  readonly at: Date;
  /** How its load ended: given with `completed` and `completed-with-errors`, and where a load was ended with its job. */
  readonly load?: LoadFacts;
}

/** A hold that has come up. */
export interface HeldFacts {
  readonly notice: Notice;
  readonly job?: Job;
  readonly bay?: string;
  readonly drive?: string;
  /** The cause is the station's own, whoever acts by the catalogue. */
  readonly isOurs?: boolean;
  /**
   * What makes it this hold and no other: the drive, the day that it came, how far its load was. A retry that ends in the
   * same hold has the same words here and is not told again.
   */
  readonly sameness: readonly string[];
  readonly at: Date;
}

/** Writes the mail of a station; without `[mail]` in the configuration it writes none. */
export interface MailWriter {
  created(job: Job): readonly Mail[];
  changed(change: JobChangeFacts): readonly Mail[];
  held(held: HeldFacts): readonly Mail[];
  /** To the operator, that a message to a customer was given up. */
  givenUp(mail: OutboxEntry, answer: string, at: Date): readonly Mail[];
}

/** What the writer needs. */
export interface MailWriterDeps {
  readonly config: { readonly station: { readonly name: string }; readonly mail?: MailConfig };
  readonly account: (email: string) => Account | undefined;
}

/** Makes the writer. */
export const createMailWriter = ({ config, account }: MailWriterDeps): MailWriter => {
  const { mail } = config;
  if (mail === undefined) return { created: none, changed: none, held: none, givenUp: none };
  const station = config.station.name;
  const written = (letter: Letter, envelope: Envelope): readonly Mail[] => write({ letter, station, mail }, envelope);
  const toCustomer = (job: Job, what: string, at: Date, letter: (facts: JobFacts) => Letter): readonly Mail[] =>
    written(letter(factsOf(job, account(job.accountEmail))), {
      recipients: recipientsOf(job),
      occasion: `job ${job.jobId} ${what}`,
      job,
      at,
    });

  return {
    created: (job) => toCustomer(job, 'created', job.createdAt, createdLetter),
    changed: (change) => {
      const letter = letterOf(change);
      return letter === undefined ? [] : toCustomer(change.job, letter.what, change.at, letter.of);
    },
    held: (held) => {
      const { notice, job, sameness, at } = held;
      const what = `hold ${[notice.code, ...sameness].map(encodeURIComponent).join(' ')}`;
      const hold = {
        notice,
        station,
        ...(held.bay === undefined ? {} : { bay: held.bay }),
        ...(held.drive === undefined ? {} : { drive: held.drive }),
      };
      if (job !== undefined && held.isOurs !== true && isForCustomer(notice.code)) {
        return toCustomer(job, what, at, (facts) => customerHoldLetter(facts, hold));
      }
      const known = job === undefined ? {} : { jobId: job.jobId };
      return written(operatorHoldLetter({ ...hold, ...known }), {
        recipients: [mail.operator],
        occasion: job === undefined ? what : `job ${job.jobId} ${what}`,
        ...(job === undefined ? {} : { job }),
        at,
      });
    },
    givenUp: ({ messageId, recipient, subject }, answer, at) =>
      recipient === mail.operator
        ? []
        : written(undeliveredLetter({ station, recipient, subject, answer }), {
            recipients: [mail.operator],
            occasion: `given up ${messageId}`,
            at,
          }),
  };
};

const none = (): readonly Mail[] => [];

const letterOf = ({
  job,
  state,
  event,
  load,
}: JobChangeFacts): { readonly what: string; readonly of: (facts: JobFacts) => Letter } | undefined => {
  const isNewJobStatus = state.job !== job.state.job;
  switch (event.kind) {
    case 'received':
    case 'attached':
      return state.device !== job.state.device && !isTerminal(state.job)
        ? { what: 'received', of: receivedLetter }
        : undefined;
    case 'first-file':
      return isNewJobStatus ? { what: 'started', of: startedLetter } : undefined;
    case 'completed':
    case 'completed-with-errors':
      return isNewJobStatus && load !== undefined
        ? { what: 'completed', of: (facts) => completedLetter(facts, load) }
        : undefined;
    case 'canceled':
      return isNewJobStatus ? { what: 'canceled', of: (facts) => canceledLetter(facts, load) } : undefined;
    case 'expired':
      return isNewJobStatus ? { what: 'expired', of: expiredLetter } : undefined;
    case 'rejected':
      return isNewJobStatus
        ? { what: 'rejected', of: (facts) => rejectedLetter(facts, noticeOf(event.code, { jobId: job.jobId }), load) }
        : undefined;
    case 'returned':
    case 'updated':
      return undefined;
  }
};

const factsOf = (job: Job, account: Account | undefined): JobFacts => {
  const parsed = parseManifest(job.manifest);
  const manifest = parsed.kind === 'ok' ? parsed.manifest : undefined;
  const log = { bucket: job.logBucket, key: job.logKey };
  const place = {
    ...log,
    region: job.bucketRegion,
    forcePathStyle: account?.forcePathStyle ?? false,
    ...(account?.endpoint === undefined ? {} : { endpoint: account.endpoint }),
  };
  return {
    jobId: job.jobId,
    bucket: job.bucket,
    logAddress: s3Address(log),
    logUrl: objectUrl(place),
    expiresAt: job.expiresAt,
    warnings: manifest === undefined ? [] : manifestWarnings(manifest, account?.existing),
    isErasureWanted: manifest?.eraseDevice === true,
  };
};

// Ours: a manifest may name any number, and nobody's station sends bulk mail.
const MAX_RECIPIENTS = 20;

/** `notificationEmail` of the manifest, else the account's address (spec 1.3); each address once, whatever its case. */
const recipientsOf = ({ manifest, accountEmail }: Job): readonly string[] => {
  const parsed = parseManifest(manifest);
  const named = parsed.kind === 'ok' ? parsed.manifest.notificationEmail : [];
  const addresses = (named.length === 0 ? [accountEmail] : named).filter(isMailAddress);
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()].slice(0, MAX_RECIPIENTS);
};

interface Envelope {
  readonly recipients: readonly string[];
  readonly occasion: string;
  readonly job?: Job;
  readonly at: Date;
}

// One message for each recipient: each is taken or refused by itself, and none reads the others' addresses.
const write = (
  { letter, station, mail }: { readonly letter: Letter; readonly station: string; readonly mail: MailConfig },
  { recipients, occasion, job, at }: Envelope,
): readonly Mail[] =>
  recipients.map((recipient) => ({
    messageId: messageIdOf([station, occasion, recipient, at.toISOString()], mail.from),
    occasion,
    ...(job === undefined ? {} : { jobId: job.jobId }),
    recipient,
    subject: formatSubject(letter),
    text: formatText(letter),
    html: formatHtml(letter),
    queuedAt: at,
  }));

const ID_LENGTH = 40;

// RFC 5322, 3.6.4: unique; the right half is a domain of ours.
const messageIdOf = (facts: readonly string[], from: string): string => {
  const hash = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, ID_LENGTH);
  return `<${hash}@${from.slice(from.lastIndexOf('@') + 1)}>`;
};
