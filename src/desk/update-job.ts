// Replaces the manifest of a job (spec 3.3, decision 18): the updated one loads, the first one goes on verifying the drive,
// which was signed before it was shipped. Everything is checked as for a new job, then stored in one step, or nothing is.
//
// INVARIANTS
// - The job is Pending before and after: no file of it was ever sent, so no file was loaded by another manifest.
// - What a load that was held before its first file has noted by the former manifest is gone.

import { createHash } from 'node:crypto';

import { logKeyOf } from '#import-log/publish.ts';
import { parseJobId, type JobId } from '#job/job-id.ts';
import { manifestWarnings } from '#job/manifest-warnings.ts';
import { isSignatureValid, parseSignatureFile } from '#job/signature.ts';
import { transition } from '#job/transition.ts';
import { jobUpdateSchema } from '#protocol/control.ts';
import type { Job, JobChange } from '#store/contract.ts';
import {
  askBuckets,
  keysChangedMeanwhile,
  readJobRequest,
  type JobRequest,
  type JobRequestDeps,
} from './job-request.ts';
import { parseBody } from './parse-body.ts';
import { done, refuse, refused, type DeskReply, type Refused } from './reply.ts';
import { jobView } from './views.ts';

/** What is known of the loads of jobs, where the desk is asked. */
export interface LoadGuard {
  /** Why the job cannot be updated now, as a whole clause; undefined where no loader has been given an order for it. */
  whyBusy(jobId: JobId): string | undefined;
  /** Removes the files of a load in which nothing was sent. */
  forget(jobId: JobId): void;
}

/** What an update needs. */
export interface UpdateJobDeps extends JobRequestDeps {
  readonly loads: LoadGuard;
}

/** An update as it was sent. */
export interface UpdateRequest {
  /** Job ID, in any case. */
  readonly name: string;
  readonly body: unknown;
  /** For the history. */
  readonly details: JobChange['details'];
}

/**
 * `POST /jobs/ID/update`. Refused with InvalidJobId, UnableToUpdateJobId, InvalidUpdateSignature, and every code that the
 * creation of a job knows but the quota; the job is as before then.
 */
export const updateJob = async (
  deps: UpdateJobDeps,
  { name, body, details }: UpdateRequest,
  signal: AbortSignal,
): Promise<DeskReply> => {
  const { store } = deps;
  const input = parseBody(jobUpdateSchema, body);
  if (input.kind === 'refused') return refuse(input);
  const jobId = parseJobId(name);
  const job = jobId === undefined ? undefined : store.job(jobId);
  if (job === undefined) return refuse(refused('InvalidJobId', { jobId: name }));
  const { signature, ...sent } = input.value;
  const request = whyNot(deps, job) ?? readJobRequest(deps, { email: job.accountEmail, ...sent });
  if (request.kind === 'refused') return refuse(request);
  const unsigned = whyUnsigned(job.jobId, request, Buffer.from(signature, 'base64'));
  if (unsigned !== undefined) return refuse(unsigned);
  const { account, manifest } = request;
  const logKey = logKeyOf({ logPrefix: manifest.logPrefix, jobId: job.jobId });
  const asked = await askBuckets(deps, request, logKey, signal);
  if (asked.kind === 'refused') return refuse(asked);
  signal.throwIfAborted();
  // From here to the stored update nothing waits.
  const changed = whyNot(deps, store.job(job.jobId) ?? job) ?? keysChangedMeanwhile(store, request);
  if (changed !== undefined) return refuse(changed);
  storeUpdate(deps, { jobId: job.jobId, request, logKey, bucketRegion: asked.region, details });
  const updated = store.job(job.jobId) ?? job;
  return done({
    job: jobView(updated, store.load(job.jobId), store.jobHistory(job.jobId)),
    warnings: [...manifestWarnings(manifest, account.existing)],
  });
};

const whyNot = ({ loads }: UpdateJobDeps, { jobId, state }: Job): Refused | undefined => {
  const result = transition(state, { kind: 'updated' });
  const message = result.kind === 'illegal' ? result.reason : loads.whyBusy(jobId);
  return message === undefined ? undefined : refused('UnableToUpdateJobId', { jobId, message });
};

// Whoever sends an update proves by it that the account's key is theirs (spec 3.3).
const whyUnsigned = (jobId: JobId, { bytes, keys }: JobRequest, signature: Uint8Array): Refused | undefined => {
  const unsigned = (message: string): Refused => refused('InvalidUpdateSignature', { jobId, message });
  const parsed = parseSignatureFile(signature);
  if (parsed.kind === 'problem') return unsigned(parsed.message);
  const { file } = parsed;
  if (parseJobId(file.jobId) !== jobId) return unsigned(`it names job ${file.jobId}`);
  const { accessKeyId, secretAccessKey: secret } = keys.signing;
  return isSignatureValid({ signature: file.signature, jobId, manifest: bytes, secret })
    ? undefined
    : unsigned(`it was not made with the key ${accessKeyId} for this very manifest`);
};

const storeUpdate = (
  { store, loads, now }: UpdateJobDeps,
  {
    jobId,
    request: { bytes, manifest, keys },
    logKey,
    bucketRegion,
    details,
  }: {
    readonly jobId: JobId;
    readonly request: JobRequest;
    readonly logKey: string;
    readonly bucketRegion: string;
    readonly details: JobChange['details'];
  },
): void => {
  const state = store.job(jobId)?.state;
  if (state === undefined) return;
  // First: a crash in between leaves a load that has no row, and begins anew.
  loads.forget(jobId);
  const { bucket, logBucket } = manifest;
  const update = {
    ...{ manifest: bytes, signingKeyId: keys.signing.accessKeyId, loadingKeyId: keys.loading.accessKeyId },
    ...{ bucket, bucketRegion, logBucket, logKey },
  };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  store.updateJob(jobId, update, {
    changedAt: now(),
    state,
    cause: 'updated',
    details: { ...details, bucket, log: `s3://${logBucket}/${logKey}`, manifestSha256: sha256 },
  });
};
