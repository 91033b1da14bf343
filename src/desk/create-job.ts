// Makes a job from a manifest: everything is checked first (spec 3.4), then the job is stored in one step, or nothing is.

import assert from 'node:assert/strict';
import type { Config } from '#config/contract.ts';
import { logKeyOf } from '#import-log/publish.ts';
import { createJobId, type JobId } from '#job/job-id.ts';
import { sortedByLine } from '#job/manifest-tree.ts';
import { manifestWarnings } from '#job/manifest-warnings.ts';
import type { Manifest, ManifestProblem } from '#job/manifest.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import { DAY_MS } from '#language/units.ts';
import type { MailWriter } from '#mail/mail-writer.ts';
import type { ObjectRules } from '#object/contract.ts';
import { compileIgnore } from '#object/ignore-patterns.ts';
import { createObjectRules } from '#object/rules.ts';
import { jobInputSchema } from '#protocol/control.ts';
import type { Account, Job, JobChange, Store } from '#store/contract.ts';
import { checkBuckets, type BucketDeps } from './check-buckets.ts';
import { chooseKeys, type KeyChoice } from './choose-keys.ts';
import { parseBody } from './parse-body.ts';
import { created, refuse, refused, type DeskReply, type Refused } from './reply.ts';
import { jobView } from './views.ts';

/** What the creation of a job needs. */
export interface CreateJobDeps extends BucketDeps {
  readonly store: Store;
  readonly config: Pick<Config, 'jobs'>;
  readonly now: () => Date;
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
  const { account, manifest, rules, keys } = request;
  const { logPrefix } = manifest;
  // The probe needs a name of the log's form; which one the log gets is known when the job is stored.
  const logKey = logKeyOf({ logPrefix, jobId: createJobId(deps.randomInt) });
  const question = { account, key: keys.loading, manifest, rules, logKey, modifiedAt: deps.now() };
  const asked = await checkBuckets(deps, question, signal);
  if (asked.kind === 'refused') return refuse(asked);
  signal.throwIfAborted();
  const changed = changedMeanwhile(deps, request);
  if (changed !== undefined) return refuse(changed);
  const job = storeJob(deps, { ...request, details }, asked.region);
  const history = deps.store.jobHistory(job.jobId);
  return created({
    job: jobView(job, undefined, history),
    warnings: [...manifestWarnings(manifest, account.existing)],
  });
};

interface Request {
  readonly kind: 'ok';
  readonly account: Account;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly rules: ObjectRules;
  readonly keys: Extract<KeyChoice, { readonly kind: 'ok' }>;
}

/** Everything that can be told without a bucket. */
const readRequest = (deps: CreateJobDeps, body: unknown): Request | Refused => {
  const input = parseBody(jobInputSchema, body);
  if (input.kind === 'refused') return input;
  const email = input.value.account.toLowerCase();
  const account = deps.store.account(email);
  if (account === undefined) return refused('InvalidSender', { email });
  const bytes = Uint8Array.from(Buffer.from(input.value.manifest, 'base64'));
  const { facilityCountry } = deps.config.jobs;
  const parsed = parseManifest(bytes, facilityCountry === undefined ? {} : { facilityCountry });
  const { signingKeyId } = input.value;
  if (parsed.kind === 'problem') {
    const { problems, readable } = parsed;
    if (readable === undefined) return refusedManifest(problems);
    const ignore = compileIgnore(readable.ignore);
    const patterns = ignore.kind === 'problem' ? ignore.problems : [];
    return refusedManifest([...problems, ...patterns], chooseKeys(account, readable, signingKeyId));
  }
  const { manifest } = parsed;
  const compiled = createObjectRules(manifest);
  const keys = chooseKeys(account, manifest, signingKeyId);
  if (compiled.kind === 'problem') return refusedManifest(compiled.problems, keys);
  if (keys.kind === 'refused') return keys;
  return refusedByQuota(deps, email) ?? { kind: 'ok', account, bytes, manifest, rules: compiled.rules, keys };
};

// Under the code of the manifest's first finding; what is wrong with the key that it names is told with the others.
const refusedManifest = (findings: readonly ManifestProblem[], keys?: KeyChoice): Refused => {
  const ofKeys = keys?.kind === 'refused' ? (keys.problems ?? []) : [];
  const problems = sortedByLine([...findings, ...ofKeys]);
  const message = problems.length === 1 ? '1 finding' : `${String(problems.length)} findings`;
  return refused(sortedByLine(findings)[0]?.code ?? 'MalformedManifest', { message }, problems);
};

const refusedByQuota = ({ store, config, now }: CreateJobDeps, email: string): Refused | undefined => {
  const { perDay } = config.jobs;
  return store.jobsSince(email, new Date(now().getTime() - DAY_MS)) >= perDay
    ? refused('CreateJobQuotaExceeded', { email, quota: String(perDay) })
    : undefined;
};

// While the buckets were asked, other requests went on: what they could take away is looked at again. From here to the
// stored job nothing waits.
const changedMeanwhile = (deps: CreateJobDeps, { account: former, keys }: Request): Refused | undefined => {
  const { email } = former;
  const account = deps.store.account(email);
  if (account === undefined) return refused('InvalidSender', { email });
  const ids = new Map(account.keys.map((key) => [key.accessKeyId, key]));
  if (ids.get(keys.signing.accessKeyId)?.signs !== true) {
    return refused('NoSigningKey', { email, message: 'the key was removed while the job was made' });
  }
  if (ids.get(keys.loading.accessKeyId)?.loads !== true) return refused('NoLoadingKey', { email });
  return refusedByQuota(deps, email);
};

// 45 million IDs: so many misses in a row mean that the random source is broken.
const MAX_DRAWS = 10_000;

const storeJob = (
  deps: CreateJobDeps,
  request: Request & { readonly details: JobChange['details'] },
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
  { account, bytes, manifest, keys }: Request,
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
