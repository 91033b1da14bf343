// What the station remembers: accounts, jobs, loads, attachments, mail. The contract of the store; SQLite is one file beside it.
// Every call is synchronous and durable when it returns (WAL, synchronous=FULL).

import type { JobId } from '#job/job-id.ts';
import type { JobState } from '#job/status.ts';
import type { EndingEvent } from '#job/transition.ts';
import type { Secret } from '#language/secret.ts';

/** One access key of an account. */
export interface AccountKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  /** The key may verify a SIGNATURE. */
  readonly signs: boolean;
  /** The key may load objects. */
  readonly loads: boolean;
}

/** A customer's account and how its bucket is reached. */
export interface Account {
  /** E-mail address, lower case: the account's name. */
  readonly email: string;
  /** URL of an S3 service; absent means AWS. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly forcePathStyle: boolean;
  /** PEM of the certificate authority of a private S3. */
  readonly certificateAuthority?: string;
  /** AWS account ID that must own the buckets. */
  readonly expectedBucketOwner?: string;
  /** Nobody can change what is sent on the way to the service: over plain http, bodies are not signed. */
  readonly isNetworkTrusted: boolean;
  /** Encryption asked for with every object; `none` leaves it to the bucket. */
  readonly sse: 'none' | 's3' | 'kms' | `kms:${string}`;
  /** What happens to objects that exist already (decision 17). */
  readonly existing: 'replace' | 'refuse';
  /** Largest file that is loaded, in bytes (decision 9). */
  readonly maxObjectBytes: number;
  readonly keys: readonly AccountKey[];
  readonly createdAt: Date;
}

/** A hold that stays with the job. */
export interface JobHold {
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly heldAt: Date;
}

/** A job as stored. */
export interface Job {
  readonly jobId: JobId;
  readonly accountEmail: string;
  /** Exact bytes of the manifest that loads. */
  readonly manifest: Uint8Array;
  /** Access key ID whose secret verifies a SIGNATURE of that manifest. */
  readonly signingKeyId: string;
  /** Of a job that was updated: what it was created with, which verifies its drive (decision 18). */
  readonly original?: SignedManifest;
  /** Access key ID that loads. */
  readonly loadingKeyId: string;
  readonly bucket: string;
  readonly bucketRegion: string;
  readonly logBucket: string;
  readonly logKey: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly state: JobState;
  readonly hold?: JobHold;
}

/** A manifest, exact, with the ID of the access key whose secret verifies its SIGNATURE. */
export type SignedManifest = Pick<Job, 'manifest' | 'signingKeyId'>;

/** What the update of a job replaces. */
export type JobUpdate = Pick<
  Job,
  'manifest' | 'signingKeyId' | 'loadingKeyId' | 'bucket' | 'bucketRegion' | 'logBucket' | 'logKey'
>;

/** One line of a job's history. */
export interface JobChange {
  readonly changedAt: Date;
  readonly state: JobState;
  /** Why: a stable word such as `created`, `drive-attached`, `first-file`, `log-written`. */
  readonly cause: string;
  readonly details: Readonly<Record<string, string>>;
}

/** Second reading of a drive (spec 8.4): not wanted, still to come, or done with what it gave, in files. */
export type Reread =
  { readonly kind: 'none' | 'due' } | { readonly kind: 'done'; readonly agreeing: number; readonly differing: number };

/** That a person ended a job whose load had begun: with what, until its log lies in the bucket. */
export interface LoadEnding {
  readonly event: EndingEvent;
  /** Who ended it and why, for the history. */
  readonly details: Readonly<Record<string, string>>;
}

/** A job's load: at most one per job, over any number of attachments and restarts. */
export interface Load {
  readonly jobId: JobId;
  readonly startedAt: Date;
  /** Fingerprint of the drive (drive/identity): a resume needs the same. */
  readonly driveFingerprint: string;
  /** Words for a person: make, model, serial, size. */
  readonly driveName: string;
  /** 16 random bytes that key the path hashes of this load. */
  readonly hashKey: Uint8Array;
  readonly phase: 'loading' | 'publishing' | 'done';
  readonly finishedAt?: Date;
  /** JSON of the finished count (import-log LogCount), for `status` and `job show`. */
  readonly summary?: string;
  readonly ending?: LoadEnding;
  /** Absent until the load has ended. */
  readonly reread?: Reread;
  /** Time from the first to the last file, of all loaders together; absent until the first file. */
  readonly loadingMs?: number;
}

/** One stay of a drive in a bay. */
export interface Attachment {
  /** Boot ID and diskseq, `BOOTID:N`. */
  readonly attachmentId: string;
  readonly bay: string;
  readonly driveFingerprint?: string;
  readonly driveName: string;
  readonly jobId?: JobId;
  /** `done` once everything that this drive was needed for is finished: "take it out". */
  readonly outcome?: 'done' | 'already-loaded' | 'interrupted';
  /** A technician released the drive: "take it out", whatever its job is in. */
  readonly releasedAt?: Date;
  readonly attachedAt: Date;
  readonly detachedAt?: Date;
}

/** A message to one recipient, as it is written once and sent until the server has it. */
export interface Mail {
  /** `Message-ID` with its angle brackets: the same in every attempt. */
  readonly messageId: string;
  /** What the message is about: a second one about the same to the same recipient is not queued. */
  readonly occasion: string;
  readonly jobId?: JobId;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly queuedAt: Date;
}

/** A message with what became of it. Once it is sent, its text and HTML are empty. */
export interface OutboxEntry extends Mail {
  readonly state: 'queued' | 'sent' | 'given-up';
  readonly attempts: number;
  /** Not tried before this time. */
  readonly nextAt: Date;
  /** When the server, while it took other mail, first refused this one. */
  readonly refusedSince?: Date;
  /** What the server said last. */
  readonly answer?: string;
  readonly endedAt?: Date;
}

/** The outbox in numbers. */
export interface MailCounts {
  readonly queued: number;
  readonly givenUp: number;
  readonly oldestQueuedAt?: Date;
}

/** Which messages are due. */
export interface DueMails {
  readonly now: Date;
  /** No message waits longer: one that says so was stored by a clock that has been set back since, and is due. */
  readonly longestPauseMs: number;
  /** At most so many. */
  readonly limit: number;
}

/** What an attempt to send a message changes. */
export type MailAttempt = Pick<OutboxEntry, 'state' | 'nextAt' | 'refusedSince' | 'answer' | 'endedAt'>;

/** The store. Errors: StationError with code StoreBusy, StoreDamaged, StoreFull or StoreUnreadable. */
export interface Store extends Disposable {
  addAccount(account: Account): void;
  account(email: string): Account | undefined;
  accounts(): readonly Account[];
  removeAccount(email: string): void;
  /** Adds a key, or replaces the one of the same ID in its place. */
  addAccountKey(email: string, key: AccountKey): void;
  removeAccountKey(email: string, accessKeyId: string): void;

  /**
   * Stores a new job; false where the ID was ever used (the caller draws another one). `mails` of this and the other calls
   * are queued in the same step: either both are durable, or neither is.
   */
  addJob(job: Job, change: JobChange, mails?: readonly Mail[]): boolean;
  job(jobId: JobId): Job | undefined;
  /** Newest first. */
  jobs(): readonly Job[];
  jobHistory(jobId: JobId): readonly JobChange[];
  changeJob(jobId: JobId, change: JobChange, mails?: readonly Mail[]): void;
  /** Replaces the manifest; what the job was created with is kept as `original`, its load is forgotten. */
  updateJob(jobId: JobId, update: JobUpdate, change: JobChange): void;
  holdJob(jobId: JobId, hold: JobHold | undefined, mails?: readonly Mail[]): void;
  /** Jobs that carry a hold of their own, newest first. */
  heldJobs(): readonly Job[];
  /** How many jobs have each status; those that none has are left out. */
  jobCounts(): Readonly<Record<string, number>>;
  /** Jobs whose creation lies within the last 24 hours, for the daily quota (spec 3.4). */
  jobsSince(email: string, since: Date): number;

  startLoad(load: Load): void;
  load(jobId: JobId): Load | undefined;
  /** Loads in a phase, oldest first. */
  loadsIn(phase: Load['phase']): readonly Load[];
  changeLoad(
    jobId: JobId,
    change: Partial<
      Pick<Load, 'phase' | 'finishedAt' | 'summary' | 'driveFingerprint' | 'ending' | 'loadingMs' | 'reread'>
    >,
  ): void;

  /** One that is known already (the daemon was restarted) is open again, with its job, outcome and time of arrival. */
  openAttachment(attachment: Attachment): void;
  changeAttachment(attachmentId: string, change: Partial<Omit<Attachment, 'attachmentId'>>): void;
  attachment(attachmentId: string): Attachment | undefined;
  /** Those without detachedAt. */
  openAttachments(): readonly Attachment[];

  /** Queues messages; one whose occasion its recipient was told of, or is going to be, is left out. */
  queueMails(mails: readonly Mail[]): void;
  /** Queued messages whose time has come: those that were tried least first, then the oldest. */
  dueMails(question: DueMails): readonly OutboxEntry[];
  /** Counts an attempt and stores what became of it. */
  recordMailAttempt(messageId: string, attempt: MailAttempt): void;
  /** How many messages wait, how many were given up, and since when the oldest one waits. */
  mailCounts(): MailCounts;
  /** The whole outbox, oldest first; of one job where it is named. */
  outbox(jobId?: JobId): readonly OutboxEntry[];
}
