// Accounts, jobs, loads, attachments and mail for tests, each with what a test wants otherwise.

import assert from 'node:assert/strict';
import { parseJobId, type JobId } from '#job/job-id.ts';
import { Secret } from '#language/secret.ts';
import { TIB } from '#language/units.ts';
import type { Account, AccountKey, Attachment, Job, JobChange, Load, Mail } from '#store/contract.ts';

/** A job ID from text that is one. */
export const jobIdOf = (text: string): JobId => {
  const jobId = parseJobId(text);
  assert(jobId !== undefined, `${text} is a job ID`);
  return jobId;
};

/** A key that may do everything. */
export const sampleKey = (change: Partial<AccountKey> = {}): AccountKey => ({
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  signs: true,
  loads: true,
  ...change,
});

/** An account with one key. */
export const sampleAccount = (change: Partial<Account> = {}): Account => ({
  email: 'ada@example.com',
  forcePathStyle: false,
  isNetworkTrusted: false,
  sse: 'none',
  existing: 'replace',
  maxObjectBytes: 5 * TIB,
  keys: [sampleKey()],
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  ...change,
});

/** A pending job of `sampleAccount`. */
export const sampleJob = (change: Partial<Job> = {}): Job => ({
  jobId: jobIdOf('53TX4'),
  accountEmail: 'ada@example.com',
  manifest: Uint8Array.from(Buffer.from('manifestVersion: 1.0\r\npinCode: 1234-hidden\n')),
  signingKeyId: 'AKIAIOSFODNN7EXAMPLE',
  loadingKeyId: 'AKIAIOSFODNN7EXAMPLE',
  bucket: 'vector-bucket',
  bucketRegion: 'us-east-1',
  logBucket: 'vector-bucket',
  logKey: 'import-log-53TX4',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  expiresAt: new Date('2026-02-01T03:04:05.678Z'),
  state: { job: 'Pending', device: 'NotReceived' },
  ...change,
});

/** The first line of a job's history. */
export const sampleChange = (change: Partial<JobChange> = {}): JobChange => ({
  changedAt: new Date('2026-01-02T03:04:05.678Z'),
  state: { job: 'Pending', device: 'NotReceived' },
  cause: 'created',
  details: {},
  ...change,
});

/** A load of `sampleJob` that has just begun. */
export const sampleLoad = (change: Partial<Load> = {}): Load => ({
  jobId: jobIdOf('53TX4'),
  startedAt: new Date('2026-01-05T08:00:00.000Z'),
  driveFingerprint: 'fingerprint-1',
  driveName: 'WD Elements, 1 TB',
  hashKey: Uint8Array.from({ length: 16 }, (_, index) => index),
  phase: 'loading',
  ...change,
});

/** A drive that is in Bay 1. */
export const sampleAttachment = (change: Partial<Attachment> = {}): Attachment => ({
  attachmentId: 'boot-1:7',
  bay: 'Bay 1',
  driveName: 'WD Elements, 1 TB',
  attachedAt: new Date('2026-01-05T07:59:00.000Z'),
  ...change,
});

/** A message about `sampleJob`. */
export const sampleMail = (change: Partial<Mail> = {}): Mail => ({
  messageId: '<1@example.com>',
  occasion: 'job 53TX4 created',
  jobId: jobIdOf('53TX4'),
  recipient: 'ada@example.com',
  subject: 'Import job 53TX4 was created',
  text: 'Import job 53TX4 was created.\n',
  html: '<p>Import job 53TX4 was created.</p>',
  queuedAt: new Date('2026-01-02T03:04:05.678Z'),
  ...change,
});
