// Asks the buckets of a job whether it will be able to load: region, and a probe under the very keys and with the very
// properties of the job, which leaves nothing behind (situations: "May the job write?").

import type { Bucket, BucketAccess, BucketProblem } from '#bucket/contract.ts';
import type { Manifest } from '#job/manifest.ts';
import { printable } from '#language/printable.ts';
import { SECOND_MS } from '#language/units.ts';
import type { ObjectProperties, ObjectRules } from '#object/contract.ts';
import { PROBE_NAME, probeKey } from '#object/probe-key.ts';
import type { Account, AccountKey } from '#store/contract.ts';
import { accessBy } from './bucket-access.ts';
import { refused, type Problem, type Refused } from './reply.ts';

/** How buckets are asked. */
export interface BucketDeps {
  readonly openBucket: (access: BucketAccess) => Bucket;
  readonly findRegion: FindRegion;
}

/** Asks a bucket for its region, whatever region the access names. */
export type FindRegion = (
  access: BucketAccess,
  signal: AbortSignal,
) => Promise<{ readonly kind: 'ok'; readonly region: string; readonly dateSkewMs?: number } | BucketProblem>;

/** What is asked. */
export interface BucketQuestion {
  readonly account: Account;
  readonly key: AccountKey;
  readonly manifest: Manifest;
  readonly rules: ObjectRules;
  readonly logKey: string;
  /** For objects that carry the time of their file. */
  readonly modifiedAt: Date;
}

/** The region of all buckets of the job, or why it cannot load. */
export type BucketAnswer = { readonly kind: 'ok'; readonly region: string } | Refused;

/** A bucket with the field of the manifest that names it. */
interface Place {
  readonly field: 'bucket' | 'logBucket' | 'logPrefix';
  readonly bucket: string;
}

// S3's own default; a service that knows regions names the right one in its answer.
const FIRST_REGION = 'us-east-1';
// A bucket that does not answer must not outlast the patience of the command that asks (three minutes).
const PATIENCE_MS = 60 * SECOND_MS;
const LOG_PROPERTIES: ObjectProperties = { contentType: 'text/csv; charset=utf-8', metadata: {} };

/** Asks all buckets of a job; everything that is found is in one refusal, under the code of the first finding. */
export const checkBuckets = async (
  deps: BucketDeps,
  question: BucketQuestion,
  signal: AbortSignal,
): Promise<BucketAnswer> => {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await askBuckets(deps, question, AbortSignal.any([signal, patience]));
  } catch (error: unknown) {
    if (signal.aborted || !patience.aborted) throw error;
    return refused('BucketUnreachable', { message: `no answer within ${String(PATIENCE_MS / SECOND_MS)} seconds` });
  }
};

const askBuckets = async (deps: BucketDeps, question: BucketQuestion, signal: AbortSignal): Promise<BucketAnswer> => {
  const { account, key, manifest } = question;
  const logField = (['logBucket', 'logPrefix'] as const).find((field) => manifest.lines.has(field)) ?? 'bucket';
  const log: Place = { field: logField, bucket: manifest.logBucket };
  const data: Place = { field: 'bucket', bucket: manifest.bucket };
  const regions = new Set<string>();
  const failed: Finding[] = [];
  for (const place of log.bucket === data.bucket ? [data] : [data, log]) {
    const access = accessBy(account, key, { bucket: place.bucket, region: account.region ?? FIRST_REGION });
    const answer = await deps.findRegion(access, signal);
    if (answer.kind === 'ok') regions.add(answer.region);
    else failed.push(findingOf(question, { ...place, region: access.region, what: place.bucket, problem: answer }));
  }
  if (failed.length > 0) return refusedBy(failed);
  const [region, other] = regions;
  if (region === undefined || other !== undefined) return severalRegions(manifest);
  return probeBuckets(deps, question, { data, log, region }, signal);
};

const probeBuckets = async (
  deps: BucketDeps,
  question: BucketQuestion,
  { data, log, region }: { readonly data: Place; readonly log: Place; readonly region: string },
  signal: AbortSignal,
): Promise<BucketAnswer> => {
  const { account, key: accountKey, manifest, rules, logKey, modifiedAt } = question;
  const properties = rules.propertiesOf({ path: PROBE_NAME, isGzip: false, modifiedAt });
  const probes = [
    { place: data, key: probeKey(manifest, rules), properties },
    { place: log, key: logKey, properties: LOG_PROPERTIES },
  ];
  const failed: Finding[] = [];
  for (const { place, key, properties: sent } of probes) {
    await using bucket = deps.openBucket(accessBy(account, accountKey, { bucket: place.bucket, region }));
    const answer = await bucket.probe({ key, properties: sent }, signal);
    if (answer.kind === 'problem') {
      const what = `${place.bucket}/${printable(key)}`;
      failed.push(findingOf(question, { ...place, region, what, problem: answer }));
    }
  }
  return failed.length > 0 ? refusedBy(failed) : { kind: 'ok', region };
};

interface Finding {
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly problem: Problem;
}

/** What a bucket refused, and the region that it was asked in. */
interface AskedPlace extends Place {
  readonly region: string;
  /** The bucket, with the key that was asked for. */
  readonly what: string;
  readonly problem: BucketProblem;
}

const findingOf = (
  { manifest, key }: BucketQuestion,
  { field, bucket, region, what, problem }: AskedPlace,
): Finding => {
  const code = codeOf(problem);
  const named = FIELD_OF_CODE.get(code) ?? field;
  const line = manifest.lines.get(named);
  const said = problem.status === 0 ? problem.code : `${String(problem.status)} ${problem.code}`;
  const message = `${what} answers ${said}: ${problem.message}`;
  return {
    code,
    details: { bucket, region, keyId: key.accessKeyId, message },
    problem: { code, field: named, ...(line === undefined ? {} : { line }), message },
  };
};

// What the bucket refuses because of one field of the manifest.
const FIELD_OF_CODE: ReadonlyMap<string, string> = new Map([
  ['AccessControlListNotSupported', 'acl'],
  ['InvalidStorageClass', 'storageClass'],
  ['MetadataTooLarge', 'staticMetadata'],
]);

const codeOf = ({ scope, holdCode }: BucketProblem): string => {
  switch (scope) {
    case 'bucket':
      return holdCode ?? 'BucketUnreachable';
    case 'access-denied':
      return holdCode ?? 'AccessDenied';
    case 'transient':
      return holdCode ?? 'BucketUnreachable';
    // The probe differs from a file in nothing but its name: what it is refused for stands in the manifest.
    case 'file':
      return 'InvalidManifestField';
  }
};

const refusedBy = (findings: readonly Finding[]): Refused => {
  const [first] = findings;
  return refused(
    first?.code ?? 'BucketUnreachable',
    first?.details ?? {},
    findings.map(({ problem }) => problem),
  );
};

const severalRegions = ({ lines }: Manifest): Refused => {
  const line = lines.get('logBucket');
  const message = 'expected a bucket in the region of the data bucket';
  return refused('MultipleRegions', {}, [
    { code: 'MultipleRegions', field: 'logBucket', ...(line === undefined ? {} : { line }), message },
  ]);
};
