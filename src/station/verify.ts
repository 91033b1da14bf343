// Do drive and job belong together? A pure decision over SIGNATURE, stored manifest and job status (spec 2, 3.8).

import { parseJobId, type JobId } from '#job/job-id.ts';
import { isSignatureValid, parseSignatureFile } from '#job/signature.ts';
import type { JobStatus } from '#job/status.ts';
import type { EndingEvent } from '#job/transition.ts';
import type { Secret } from '#language/secret.ts';
import type { Job, Load, SignedManifest } from '#store/contract.ts';
import { hold, type Hold } from './hold.ts';

/** What the store knows, as the decision needs it. */
export interface VerifyFacts {
  readonly job: (jobId: JobId) => Job | undefined;
  readonly load: (jobId: JobId) => Load | undefined;
  /** Secret of a key of an account; undefined where the key is gone. */
  readonly secret: (accountEmail: string, keyId: string) => Secret | undefined;
}

/** The job that may be loaded from this drive, or why not. */
export type Verification =
  { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'hold'; readonly hold: Hold; readonly job?: Job };

/**
 * Checks the SIGNATURE file's bytes against the manifest of the original job, then the job's status, then that a load
 * that has begun goes on with the same drive.
 */
export const verifyDrive = (signature: Uint8Array, driveFingerprint: string, facts: VerifyFacts): Verification => {
  const parsed = parseSignatureFile(signature);
  if (parsed.kind === 'problem') {
    return { kind: 'hold', hold: hold('MalformedSignature', { problem: parsed.message }) };
  }
  const jobId = parseJobId(parsed.file.jobId);
  const job = jobId === undefined ? undefined : facts.job(jobId);
  if (job === undefined) return { kind: 'hold', hold: hold('UnknownJob', { jobId: parsed.file.jobId }) };
  const { signature: shown } = parsed.file;
  if (!isSignedBy(shown, job, job.original ?? job, facts)) {
    const isOfUpdate = job.original !== undefined && isSignedBy(shown, job, job, facts);
    const message = isOfUpdate ? FITS_THE_UPDATE : FITS_NOTHING;
    return { kind: 'hold', hold: hold('InvalidSignature', { jobId: job.jobId, message }), job };
  }
  const load = facts.load(job.jobId);
  const closed = closedJob(job, load);
  if (closed !== undefined) return { kind: 'hold', hold: closed, job };
  if (load !== undefined && load.driveFingerprint !== driveFingerprint) {
    return { kind: 'hold', hold: hold('DifferentDrive', { jobId: job.jobId, drive: load.driveName }), job };
  }
  return { kind: 'job', job };
};

const FITS_NOTHING = 'it was made with another key or for another manifest';
/** Decision 18. */
const FITS_THE_UPDATE = "the drive's SIGNATURE fits the update but not the original";

const isSignedBy = (
  signature: string,
  { jobId, accountEmail }: Job,
  { manifest, signingKeyId }: SignedManifest,
  facts: VerifyFacts,
): boolean => {
  const secret = facts.secret(accountEmail, signingKeyId);
  return secret !== undefined && isSignatureValid({ signature, jobId, manifest, secret });
};

/** What a drive of a job that a person has ended, or is just ending, is held with. */
export const holdOfEnding = (jobId: JobId, event: EndingEvent): Hold =>
  event.kind === 'canceled' ? hold('CanceledJob', { jobId }) : hold('AbortedJob', { jobId, status: event.code });

const closedJob = (job: Job, load: Load | undefined): Hold | undefined => {
  const status: JobStatus = job.state.job;
  switch (status) {
    case 'Pending':
    case 'InProgress':
      return load?.ending === undefined ? undefined : holdOfEnding(job.jobId, load.ending.event);
    case 'Completed':
    case 'SuccessWithErrors':
      return hold('AlreadyLoaded', { jobId: job.jobId, date: (load?.finishedAt ?? job.createdAt).toISOString() });
    case 'Canceled':
      return hold('CanceledJob', { jobId: job.jobId });
    case 'Expired':
      return hold('ExpiredJob', { jobId: job.jobId, date: job.expiresAt.toISOString() });
    case 'DeviceError':
    case 'MissingDevice':
    case 'MissingSignature':
    case 'InvalidSignature':
    case 'UnsupportedDeviceType':
    case 'UnsupportedFileFormat':
    case 'UnsupportedPowerSupply':
      return hold('AbortedJob', { jobId: job.jobId, status });
  }
};
