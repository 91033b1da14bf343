// What can be done with accounts and their keys. Nothing here waits, so that no check can grow stale before its change.

import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import type { JobId } from '#job/job-id.ts';
import { Secret } from '#language/secret.ts';
import { GIB, TIB } from '#language/units.ts';
import { accountInputSchema, keyInputSchema } from '#protocol/control.ts';
import type { Account, AccountKey, Store } from '#store/contract.ts';
import { loadingKeyOf } from './bucket-access.ts';
import { openJobs } from './open-jobs.ts';
import { parseBody } from './parse-body.ts';
import { created, done, refuse, refused, type DeskReply, type Refused } from './reply.ts';
import { accountView } from './views.ts';

/** What the calls on accounts need. */
export interface AccountDeps {
  readonly store: Store;
  readonly now: () => Date;
}

// Decision 9: 10,000 parts of 5 GiB would do for more, but S3 keeps no larger object.
const DEFAULT_MAX_OBJECT_BYTES = 5 * TIB;
const LARGEST_OBJECT_BYTES = 10_000 * 5 * GIB;

/** `GET /accounts` */
export const listAccounts = ({ store }: AccountDeps): DeskReply =>
  done({ accounts: store.accounts().map((account) => accountView(account)) });

/** `GET /accounts/EMAIL`; refused with InvalidSender. */
export const showAccount = ({ store }: AccountDeps, email: string): DeskReply => replyWith(store, email);

/** `POST /accounts`; refused with InvalidRequest or AccountExists. */
export const addAccount = ({ store, now }: AccountDeps, body: unknown): DeskReply => {
  const input = parseBody(accountInputSchema, body);
  if (input.kind === 'refused') return refuse(input);
  const account = accountOf(input.value, now());
  const problem = accountProblem(account);
  if (problem !== undefined) return refuse(refused('InvalidRequest', { message: problem }));
  if (store.account(account.email) !== undefined) return refuse(refused('AccountExists', { email: account.email }));
  store.addAccount(account);
  return created(accountView(account));
};

/** `DELETE /accounts/EMAIL`; refused with InvalidSender, or AccountHasJobs while a job is open. */
export const removeAccount = ({ store }: AccountDeps, email: string): DeskReply => {
  if (store.account(email) === undefined) return refuse(refused('InvalidSender', { email }));
  const jobs = openJobs(store, email);
  if (jobs.length > 0) return refuse(refused('AccountHasJobs', { email, jobs: listed(jobs) }));
  store.removeAccount(email);
  return done({});
};

/**
 * `POST /accounts/EMAIL/keys`: adds a key, or replaces the one of that ID, which is how a wrong secret or a session
 * token that is over is put right. Refused with InvalidSender, InvalidRequest, or KeyInUse where a job that is open
 * needs a right that the new one lacks.
 */
export const addKey = ({ store }: AccountDeps, email: string, body: unknown): DeskReply => {
  const input = parseBody(keyInputSchema, body);
  if (input.kind === 'refused') return refuse(input);
  const account = store.account(email);
  if (account === undefined) return refuse(refused('InvalidSender', { email }));
  const key = keyOf(input.value);
  const problem = keyProblem(key);
  if (problem !== undefined) return refuse(refused('InvalidRequest', { message: problem }));
  const missed = jobsThatNeed(store, account, key.accessKeyId).filter(({ uses }) => uses.some((use) => !key[use]));
  if (missed.length > 0) return refuse(keyInUse(key.accessKeyId, missed));
  store.addAccountKey(email, key);
  return replyWith(store, email);
};

/** `DELETE /accounts/EMAIL/keys/KEYID`; refused with InvalidSender, NotFound or KeyInUse. */
export const removeKey = ({ store }: AccountDeps, email: string, accessKeyId: string): DeskReply => {
  const account = store.account(email);
  if (account === undefined) return refuse(refused('InvalidSender', { email }));
  if (!account.keys.some((key) => key.accessKeyId === accessKeyId)) {
    return refuse(refused('NotFound', { target: accessKeyId }));
  }
  const users = jobsThatNeed(store, account, accessKeyId);
  if (users.length > 0) return refuse(keyInUse(accessKeyId, users));
  store.removeAccountKey(email, accessKeyId);
  return replyWith(store, email);
};

const replyWith = (store: Store, email: string): DeskReply => {
  const account = store.account(email);
  return account === undefined ? refuse(refused('InvalidSender', { email })) : done(accountView(account));
};

/** An open job, and what it needs a key for. */
interface KeyUser {
  readonly jobId: JobId;
  readonly uses: readonly ('signs' | 'loads')[];
}

// No other key can verify a SIGNATURE file; any other that may can load.
const jobsThatNeed = (store: Store, { email, keys }: Account, accessKeyId: string): readonly KeyUser[] => {
  const others = keys.filter((key) => key.accessKeyId !== accessKeyId);
  return openJobs(store, email)
    .map((job) => ({
      jobId: job.jobId,
      uses: [
        ...([job.signingKeyId, job.original?.signingKeyId].includes(accessKeyId) ? (['signs'] as const) : []),
        ...(loadingKeyOf({ keys: others }, job) === undefined && loadingKeyOf({ keys }, job) !== undefined
          ? (['loads'] as const)
          : []),
      ],
    }))
    .filter(({ uses }) => uses.length > 0);
};

const listed = (jobs: readonly { readonly jobId: JobId }[]): string => jobs.map(({ jobId }) => jobId).join(', ');

const keyInUse = (keyId: string, users: readonly KeyUser[]): Refused =>
  refused('KeyInUse', { keyId, jobs: listed(users) });

const accountOf = (input: z.infer<typeof accountInputSchema>, createdAt: Date): Account => ({
  email: input.email.toLowerCase(),
  ...(input.endpoint === undefined ? {} : { endpoint: input.endpoint }),
  ...(input.region === undefined ? {} : { region: input.region }),
  forcePathStyle: input.forcePathStyle,
  ...(input.certificateAuthority === undefined ? {} : { certificateAuthority: input.certificateAuthority }),
  ...(input.expectedBucketOwner === undefined ? {} : { expectedBucketOwner: input.expectedBucketOwner }),
  isNetworkTrusted: input.isNetworkTrusted,
  sse: input.sse,
  existing: input.existing,
  maxObjectBytes: input.maxObjectBytes ?? DEFAULT_MAX_OBJECT_BYTES,
  keys: input.keys.map((key) => keyOf(key)),
  createdAt,
});

const keyOf = (input: z.infer<typeof keyInputSchema>): AccountKey => ({
  accessKeyId: input.accessKeyId,
  secretAccessKey: new Secret(input.secretAccessKey),
  ...(input.sessionToken === undefined ? {} : { sessionToken: new Secret(input.sessionToken) }),
  signs: input.signs,
  loads: input.loads,
});

const REGION = /^[a-z0-9-]{1,63}$/u;
// Told from the text: a URL's parts do not show a bare "?", "#" or "@", nor a backslash, all of which its parser forgives.
const ENDPOINT = /^https?:\/\/[^\s/?#\\@]+\/?$/iu;
const CERTIFICATE_BEGINS = '-----BEGIN CERTIFICATE-----';

/** What is wrong with an account although its form is right. */
const accountProblem = (account: Account): string | undefined => {
  const { endpoint, region, certificateAuthority, maxObjectBytes, keys } = account;
  if (endpoint !== undefined && !(ENDPOINT.test(endpoint) && URL.canParse(endpoint))) {
    return 'endpoint: expected https://HOST or http://HOST, with a port where it has one, and nothing more';
  }
  if (region !== undefined && !REGION.test(region)) return 'region: expected a name such as eu-central-1';
  if (certificateAuthority !== undefined && !isPem(certificateAuthority)) {
    return 'certificateAuthority: expected a certificate in PEM form';
  }
  if (maxObjectBytes > LARGEST_OBJECT_BYTES) {
    return `maxObjectBytes: expected at most ${String(LARGEST_OBJECT_BYTES)}, which is 10,000 parts of 5 GiB`;
  }
  const ids = new Set(keys.map(({ accessKeyId }) => accessKeyId));
  if (ids.size < keys.length) return 'keys: expected each key once';
  return keys.map((key) => keyProblem(key)).find((problem) => problem !== undefined);
};

const keyProblem = ({ accessKeyId, sessionToken, signs, loads }: AccountKey): string | undefined => {
  if (!signs && !loads) return `key ${accessKeyId}: expected one that signs, loads, or both`;
  return sessionToken?.reveal() === '' ? `key ${accessKeyId}: expected a session token, or none` : undefined;
};

// Node's TLS leaves out what it cannot read without a word; every call on the bucket would fail then.
const isPem = (text: string): boolean => {
  const bodies = text.split(CERTIFICATE_BEGINS).slice(1);
  return bodies.length > 0 && bodies.every((body) => isCertificate(`${CERTIFICATE_BEGINS}${body}`));
};

const isCertificate = (pem: string): boolean => {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    // Whatever OpenSSL says of it: it is none.
    return false;
  }
};
