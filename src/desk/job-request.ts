// What a manifest asks for, checked as far as that goes without its buckets, then with them (spec 3.4): the same for a new
// job and for an update of one.

import type { Config } from '#config/contract.ts';
import { sortedByLine } from '#job/manifest-tree.ts';
import type { Manifest, ManifestProblem } from '#job/manifest.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import type { ObjectRules } from '#object/contract.ts';
import { compileIgnore } from '#object/ignore-patterns.ts';
import { createObjectRules } from '#object/rules.ts';
import type { Account, Store } from '#store/contract.ts';
import { checkBuckets, type BucketAnswer, type BucketDeps } from './check-buckets.ts';
import { chooseKeys, type KeyChoice } from './choose-keys.ts';
import { refused, type Refused } from './reply.ts';

/** What the checks need. */
export interface JobRequestDeps extends BucketDeps {
  readonly store: Store;
  readonly config: Pick<Config, 'jobs'>;
  readonly now: () => Date;
}

/** A manifest as it was sent. */
export interface SentManifest {
  /** Name of the account, in any case. */
  readonly email: string;
  /** base64 of its exact bytes. */
  readonly manifest: string;
  /** Key that verifies the SIGNATURE where the manifest names none. */
  readonly signingKeyId?: string | undefined;
}

/** A manifest that a job can have. */
export interface JobRequest {
  readonly kind: 'ok';
  readonly account: Account;
  /** Exact bytes. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly rules: ObjectRules;
  readonly keys: Extract<KeyChoice, { readonly kind: 'ok' }>;
}

/** Everything that can be told without a bucket. */
export const readJobRequest = (deps: JobRequestDeps, sent: SentManifest): JobRequest | Refused => {
  const email = sent.email.toLowerCase();
  const account = deps.store.account(email);
  if (account === undefined) return refused('InvalidSender', { email });
  const bytes = Uint8Array.from(Buffer.from(sent.manifest, 'base64'));
  const { facilityCountry } = deps.config.jobs;
  const parsed = parseManifest(bytes, facilityCountry === undefined ? {} : { facilityCountry });
  const { signingKeyId } = sent;
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
  return keys.kind === 'refused' ? keys : { kind: 'ok', account, bytes, manifest, rules: compiled.rules, keys };
};

/** Asks the buckets of the manifest, with the key that will load; nothing is left in them. `logKey`: of the log's form. */
export const askBuckets = (
  deps: JobRequestDeps,
  { account, keys, manifest, rules }: JobRequest,
  logKey: string,
  signal: AbortSignal,
): Promise<BucketAnswer> => {
  const question = { account, key: keys.loading, manifest, rules, logKey, modifiedAt: deps.now() };
  return checkBuckets(deps, question, signal);
};

/** While the buckets were asked, other requests went on: is the account with its keys still what it was? */
export const keysChangedMeanwhile = (store: Store, { account: former, keys }: JobRequest): Refused | undefined => {
  const { email } = former;
  const account = store.account(email);
  if (account === undefined) return refused('InvalidSender', { email });
  const ids = new Map(account.keys.map((key) => [key.accessKeyId, key]));
  if (ids.get(keys.signing.accessKeyId)?.signs !== true) {
    return refused('NoSigningKey', { email, message: 'the key was removed while the command was carried out' });
  }
  return ids.get(keys.loading.accessKeyId)?.loads === true ? undefined : refused('NoLoadingKey', { email });
};

// Under the code of the manifest's first finding; what is wrong with the key that it names is told with the others.
const refusedManifest = (findings: readonly ManifestProblem[], keys?: KeyChoice): Refused => {
  const ofKeys = keys?.kind === 'refused' ? (keys.problems ?? []) : [];
  const problems = sortedByLine([...findings, ...ofKeys]);
  const message = problems.length === 1 ? '1 finding' : `${String(problems.length)} findings`;
  return refused(sortedByLine(findings)[0]?.code ?? 'MalformedManifest', { message }, problems);
};
