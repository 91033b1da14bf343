// Makes a job from a manifest: everything is checked first (spec 3.4), then the job is stored in one step, or nothing is.

import assert from 'node:assert/strict';
import { logKeyOf } from '#import-log/publish.ts';
import { createJobId, type JobId } from '#job/job-id.ts';
import { manifestWarnings } from '#job/manifest-warnings.ts';
import { DAY_MS } from '#language/units.ts';
import type { MailWriter } from '#mail/mail-writer.ts';
import { jobInputSchema } from '#protocol/control.ts';
import type { Job, JobChange } from '#store/contract.ts';
import {
  askBuckets,
  keysChangedMeanwhile,
  readJobRequest,
  type JobRequest,
  type JobRequestDeps,
} from './job-request.ts';
import { parseBody } from './parse-body.ts';
import { created, refuse, refused, type DeskReply, type Refused } from './reply.ts';
import { jobView } from './views.ts';

/** What the creation of a job needs. */
export interface CreateJobDeps extends JobRequestDeps {
  readonly mails: Pick<MailWriter, 'created'>;
  /** Gives an integer from 0 up to but not including `limit`, from a cryptographic source. */
  readonly randomInt: (limit: number) => number;
}

/** `POST /jobs`; `details` go into the history. Refused with any code of spec 3.4; nothing is left then, in the store and in the buckets. */
export const createJob = async (
  deps: CreateJobDeps,
  { body, details }: { readonly body: unknown; readonly details: JobChange['details'] },
  signal: AbortSignal,
): Promise<DeskReply> => {
  const request = readRequest(deps, body);
  if (request.kind === 'refused') return refuse(request);
  const { account, manifest } = request;
  // The probe needs a name of the log's form; which one the log gets is known when the job is stored.
  const logKey = logKeyOf({ logPrefix: manifest.logPrefix, jobId: createJobId(deps.randomInt) });
  const asked = await askBuckets(deps, request, logKey, signal);
  if (asked.kind === 'refused') return refuse(asked);
  signal.throwIfAborted();
  // From here to the stored job nothing waits.
  const changed = keysChangedMeanwhile(deps.store, request) ?? refusedByQuota(deps, account.email);
  if (changed !== undefined) return refuse(changed);
  const job = storeJob(deps, { ...request, details }, asked.region);
  const history = deps.store.jobHistory(job.jobId);
  return created({
    job: jobView(job, undefined, history),
    warnings: [...manifestWarnings(manifest, account.existing)],
  });
};

const readRequest = (deps: CreateJobDeps, body: unknown): JobRequest | Refused => {
  const input = parseBody(jobInputSchema, body);
  if (input.kind === 'refused') return input;
  const { account: email, ...sent } = input.value;
  const request = readJobRequest(deps, { email, ...sent });
  return request.kind === 'refused' ? request : (refusedByQuota(deps, request.account.email) ?? request);
};

const refusedByQuota = ({ store, config, now }: CreateJobDeps, email: string): Refused | undefined => {
  const { perDay } = config.jobs;
  return store.jobsSince(email, new Date(now().getTime() - DAY_MS)) >= perDay
    ? refused('CreateJobQuotaExceeded', { email, quota: String(perDay) })
    : undefined;
};

// 45 million IDs: so many misses in a row mean that the random source is broken.
const MAX_DRAWS = 10_000;

const storeJob = (
  deps: CreateJobDeps,
  request: JobRequest & { readonly details: JobChange['details'] },
  bucketRegion: string,
): Job => {
  const { details } = request;
  for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
    const job = jobOf(deps, request, bucketRegion, createJobId(deps.randomInt));
    const change: JobChange = { changedAt: job.createdAt, state: job.state, cause: 'created', details };
    if (deps.store.addJob(job, change, deps.mails.created(job))) return job;
  }
  assert.fail('a cryptographic source gives an unused job ID within ten thousand draws');
};

const jobOf = (
  { config, now }: CreateJobDeps,
  { account, bytes, manifest, keys }: JobRequest,
  bucketRegion: string,
  jobId: JobId,
): Job => {
  const createdAt = now();
  return {
    jobId,
    accountEmail: account.email,
    manifest: bytes,
    signingKeyId: keys.signing.accessKeyId,
    loadingKeyId: keys.loading.accessKeyId,
    bucket: manifest.bucket,
    bucketRegion,
    logBucket: manifest.logBucket,
    logKey: logKeyOf({ logPrefix: manifest.logPrefix, jobId }),
    createdAt,
    expiresAt: new Date(createdAt.getTime() + config.jobs.expiryDays * DAY_MS),
    state: { job: 'Pending', device: 'NotReceived' },
  };
};
