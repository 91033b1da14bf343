// May the keys of an account load into a bucket, and does its clock agree with ours? Asked by whoever looks for the cause of
// trouble; like the probe at the creation of a job it leaves nothing behind.

import { parseManifest } from '#job/parse-manifest.ts';
import { PROBE_NAME, probeKey } from '#object/probe-key.ts';
import { createObjectRules } from '#object/rules.ts';
import { SECOND_MS } from '#language/units.ts';
import { printable } from '#language/printable.ts';
import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import type { BucketProblem } from '#bucket/contract.ts';
import { bucketCheckInputSchema, type BucketCheck } from '#protocol/reports.ts';
import { isTerminal } from '#job/transition.ts';
import type { Account, AccountKey, Job, Store } from '#store/contract.ts';
import { accessBy, loadingKeyOf } from './bucket-access.ts';
import type { BucketDeps } from './check-buckets.ts';
import { parseBody } from './parse-body.ts';
import { done, refuse, refused, type DeskReply } from './reply.ts';

/** What the check needs. */
export interface CheckAccessDeps extends BucketDeps {
  readonly store: Store;
}

type Check = BucketCheck['checks'][number];

interface Place {
  readonly account: Account;
  readonly key: AccountKey;
  readonly bucket: string;
  /** Name that the probe would have; it is not written. Absent: the bucket is not probed. */
  readonly objectKey?: string;
}

// Each may take as long as a bucket that does not answer.
const MOST_CHECKS = 20;
const PATIENCE_MS = 10 * SECOND_MS;
const FIRST_REGION = 'us-east-1';

/** `POST /bucket-check`; refused with InvalidRequest, InvalidSender or NoLoadingKey. */
export const checkAccess = async (deps: CheckAccessDeps, body: unknown, signal: AbortSignal): Promise<DeskReply> => {
  const input = parseBody(bucketCheckInputSchema, body);
  if (input.kind === 'refused') return refuse(input);
  const { bucket } = input.value;
  const email = input.value.account?.toLowerCase();
  if (bucket !== undefined && email === undefined) {
    return refuse(
      refused('InvalidRequest', { message: 'a bucket is asked for by the keys of an account: name it too' }),
    );
  }
  const account = email === undefined ? undefined : deps.store.account(email);
  if (email !== undefined && account === undefined) return refuse(refused('InvalidSender', { email }));
  const places =
    bucket !== undefined && account !== undefined ? placesIn(account, bucket) : placesOfJobs(deps.store, email);
  if (bucket !== undefined && places.length === 0) return refuse(refused('NoLoadingKey', { email: email ?? '' }));
  if (places.length === 0 && account !== undefined) {
    const keys = account.keys.filter(({ loads }) => loads);
    const checks = await Promise.all(keys.map((key) => checkKey(deps, { account, key }, signal)));
    return done({ checks, left: 0 } satisfies BucketCheck);
  }
  const checks = await Promise.all(places.slice(0, MOST_CHECKS).map((place) => check(deps, place, signal)));
  return done({ checks, left: Math.max(0, places.length - MOST_CHECKS) } satisfies BucketCheck);
};

const placesIn = (account: Account, bucket: string): readonly Place[] =>
  account.keys.filter(({ loads }) => loads).map((key) => ({ account, key, bucket, objectKey: PROBE_NAME }));

// Each place once for each key that has to load into it, under the names that jobs write to: a key may have no right to
// any other.
const placesOfJobs = (store: Store, email: string | undefined): readonly Place[] => {
  const places = new Map<string, Place>();
  for (const job of store.jobs()) {
    if (isTerminal(job.state.job) || (email !== undefined && job.accountEmail !== email)) continue;
    const account = store.account(job.accountEmail);
    const key = account === undefined ? undefined : loadingKeyOf(account, job);
    if (account === undefined || key === undefined) continue;
    const data = { account, key, bucket: job.bucket, objectKey: dataKeyOf(job) };
    const log = { account, key, bucket: job.logBucket, objectKey: job.logKey };
    for (const place of [data, log] as const) {
      const name = place.objectKey.replace(job.jobId, '');
      places.set(JSON.stringify([account.email, key.accessKeyId, place.bucket, name]), place);
    }
  }
  return [...places.values()];
};

const dataKeyOf = ({ manifest }: Job): string => {
  const parsed = parseManifest(manifest);
  const compiled = parsed.kind === 'ok' ? createObjectRules(parsed.manifest) : undefined;
  return parsed.kind === 'ok' && compiled?.kind === 'ok' ? probeKey(parsed.manifest, compiled.rules) : PROBE_NAME;
};

const check = async (deps: CheckAccessDeps, place: Place, signal: AbortSignal): Promise<Check> => {
  const { account, key, bucket } = place;
  const asked = { account: account.email, bucket, keyId: key.accessKeyId };
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return { ...asked, ...(await ask(deps, place, AbortSignal.any([signal, patience]))) };
  } catch (error: unknown) {
    if (signal.aborted || !patience.aborted) throw error;
    const message = `no answer within ${String(PATIENCE_MS / SECOND_MS)} seconds`;
    return { ...asked, error: noticeOf('BucketUnreachable', { bucket, message }) };
  }
};

const ask = async (
  { findRegion, openBucket }: CheckAccessDeps,
  { account, key, bucket, objectKey }: Place,
  signal: AbortSignal,
): Promise<Omit<Check, 'account' | 'bucket' | 'keyId'>> => {
  const access = accessBy(account, key, { bucket, region: account.region ?? FIRST_REGION });
  const found = await findRegion(access, signal);
  if (found.kind === 'problem')
    return { error: noticeOfProblem(found, { bucket, region: access.region, keyId: key.accessKeyId }) };
  const { region, dateSkewMs = Number.NaN } = found;
  const skew = Number.isNaN(dateSkewMs) ? {} : { skewSeconds: dateSkewMs / SECOND_MS };
  if (objectKey === undefined) return { region, ...skew };
  await using opened = openBucket({ ...access, region });
  const properties = { contentType: 'application/octet-stream', metadata: {} };
  const probed = await opened.probe({ key: objectKey, properties }, signal);
  const facts = { bucket, region, keyId: key.accessKeyId };
  return { region, ...skew, ...(probed.kind === 'ok' ? {} : { error: noticeOfProblem(probed, facts) }) };
};

// A bucket that there is not: whoever says so has known the key and its signature first. Nothing is tried in it, for a
// stranger may have made one of that name.
const NO_BUCKET = 'import-station-asks-for-no-bucket';

const checkKey = async (
  deps: CheckAccessDeps,
  { account, key }: Pick<Place, 'account' | 'key'>,
  signal: AbortSignal,
): Promise<Check> => {
  const asked = await check(deps, { account, key, bucket: NO_BUCKET }, signal);
  const isKnown = asked.error === undefined || ['NoSuchBucket', 'AccessDenied'].includes(asked.error.code);
  const { error: _expected, ...rest } = asked;
  return { ...(isKnown ? rest : asked), bucket: '' };
};

const noticeOfProblem = (
  { scope, holdCode, code, status, message }: BucketProblem,
  facts: Readonly<Record<string, string>>,
): NonNullable<Check['error']> => {
  const known = holdCode ?? (scope === 'access-denied' ? 'AccessDenied' : 'BucketUnreachable');
  const said = status === 0 ? code : `${String(status)} ${code}`;
  const named = reasonOf(known) === undefined ? 'BucketUnreachable' : known;
  return noticeOf(named, { ...facts, bay: 'BAY', message: printable(`${said}: ${message}`) });
};
