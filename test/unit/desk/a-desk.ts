// A desk over a store and buckets in memory, with what a test asks of it and what it says of its replies.

import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { Bucket, BucketAccess, BucketProblem } from '#bucket/contract.ts';
import { createDesk, type DeskDeps } from '#desk/desk.ts';
import type { DeskReply } from '#desk/reply.ts';
import { JOB_ID_SYMBOLS } from '#job/job-id.ts';
import { jobCreatedSchema, refusalSchema, type Refusal } from '#protocol/control.ts';
import { createMailWriter } from '#mail/mail-writer.ts';
import type { Account, Store } from '#store/contract.ts';
import { createMemoryBucket, type MemoryBucket } from '../../support/memory-bucket.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { sampleAccount } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { MAIL } from '../mail/a-mail-config.ts';

/** When everything happens that a test does not date otherwise. */
export const NOW = new Date('2026-03-01T12:00:00.000Z');

/** The bucket that the sample manifest names. */
export const BUCKET = 'sample-bucket';

/** What a bucket was asked for, and by whom. */
export interface AskedProbe {
  readonly access: BucketAccess;
  readonly key: string;
  readonly properties: Parameters<Bucket['probe']>[0]['properties'];
}

/** What a test may say about the desk. */
export interface DeskOptions {
  /** Accounts that are there from the start: the sample account, if nothing is said. */
  readonly accounts?: readonly Account[];
  readonly jobs?: Partial<DeskDeps['config']['jobs']>;
  /** Where buckets lie, or why they do not say so; us-east-1 for those that are not named. */
  readonly regions?: Readonly<Record<string, string | BucketProblem>>;
  readonly findRegion?: DeskDeps['findRegion'];
  /** Asked before each probe is answered. */
  readonly refuse?: (asked: AskedProbe) => BucketProblem | undefined;
  readonly randomInt?: DeskDeps['randomInt'];
  readonly now?: () => Date;
  readonly loads?: Partial<NonNullable<DeskDeps['loads']>>;
}

/** A desk and everything around it. */
export interface DeskScene {
  readonly store: Store;
  /** Every bucket that was opened, by its name. */
  readonly buckets: ReadonlyMap<string, MemoryBucket>;
  readonly probes: readonly AskedProbe[];
  /** Accesses by which a region was asked for. */
  readonly regionsAsked: readonly BucketAccess[];
  /** Buckets that are open still. */
  readonly openBuckets: () => number;
  readonly ask: (method: string, path: string, body?: unknown, signal?: AbortSignal) => Promise<DeskReply>;
  /** Makes a job from a manifest's text. */
  readonly create: (manifest: string, more?: object) => Promise<DeskReply>;
}

/** Makes the desk. */
export const aDesk = (options: DeskOptions = {}): DeskScene => {
  const { accounts = [sampleAccount()], regions = {}, refuse = () => undefined } = options;
  const store = createMemoryStore();
  for (const account of accounts) store.addAccount(account);
  const buckets = new Map<string, MemoryBucket>();
  const probes: AskedProbe[] = [];
  const regionsAsked: BucketAccess[] = [];
  let openCount = 0;

  const openBucket = (access: BucketAccess): Bucket => {
    const memory = buckets.get(access.bucket) ?? createMemoryBucket();
    buckets.set(access.bucket, memory);
    openCount += 1;
    return {
      ...memory,
      probe: async ({ key, properties }, signal) => {
        const asked = { access, key, properties };
        probes.push(asked);
        const answer = await memory.probe({ key, properties }, signal);
        return refuse(asked) ?? answer;
      },
      [Symbol.asyncDispose]: async () => {
        openCount -= 1;
        await memory[Symbol.asyncDispose]();
      },
    };
  };
  const findRegion: DeskDeps['findRegion'] = (access) => {
    regionsAsked.push(access);
    const answer = regions[access.bucket] ?? 'us-east-1';
    return Promise.resolve(typeof answer === 'string' ? { kind: 'ok', region: answer } : answer);
  };
  const desk = createDesk({
    store,
    config: { jobs: { perDay: 50, expiryDays: 30, failedWait: false, ...options.jobs } },
    openBucket,
    loads: { whyBusy: () => undefined, forget: () => undefined, ...options.loads },
    findRegion: options.findRegion ?? findRegion,
    now: options.now ?? (() => NOW),
    mails: createMailWriter({
      config: { station: { name: 'Halle 3' }, mail: MAIL },
      account: (email) => store.account(email),
    }),
    randomInt: options.randomInt ?? seededRandomInt(1),
  });
  const ask: DeskScene['ask'] = (method, path, body, signal = new AbortController().signal) =>
    desk.handle({ method, path, ...(body === undefined ? {} : { body }) }, signal);
  return {
    store,
    buckets,
    probes,
    regionsAsked,
    openBuckets: () => openCount,
    ask,
    create: (manifest, more = {}) => ask('POST', '/jobs', { ...jobInput(manifest), ...more }),
  };
};

/** The body of `POST /jobs` for the sample account. */
export const jobInput = (manifest: string | Uint8Array = manifestText({})): object => ({
  account: 'ada@example.com',
  manifest: Buffer.from(manifest).toString('base64'),
});

// Knuth's MMIX generator; only its upper bits are good.
const MULTIPLIER = 6_364_136_223_846_793_005n;
const INCREMENT = 1_442_695_040_888_963_407n;
const STATE_BITS = 64;
const LOWER_BITS = 33n;

/** Integers that look drawn by lot and are the same for the same seed. */
export const seededRandomInt = (seed: number): DeskDeps['randomInt'] => {
  let state = BigInt(seed);
  return (limit) => {
    state = BigInt.asUintN(STATE_BITS, state * MULTIPLIER + INCREMENT);
    return Number((state >> LOWER_BITS) % BigInt(limit));
  };
};

/** Draws these job IDs, one after the other. The first of a request names the log that is probed, the others are tried. */
export const drawing = (...jobIds: readonly string[]): DeskDeps['randomInt'] => {
  const symbols = Array.from(jobIds.join(''))[Symbol.iterator]();
  return () => {
    const next = symbols.next();
    return next.done === true ? assert.fail('no further job ID is drawn') : JOB_ID_SYMBOLS.indexOf(next.value);
  };
};

/** A refusal as the desk told it. */
export interface Told {
  readonly status: number;
  readonly code: string;
  readonly happened: string;
  readonly problems: NonNullable<Refusal['problems']>;
}

/** The refusal that a reply is. */
export const refusalOf = ({ status, body }: DeskReply): Told => {
  const { error, problems = [] } = refusalSchema.strict().parse(body);
  return { status, code: error.code, happened: error.happened, problems };
};

/** Status and code of a refusal: `409 KeyInUse`. */
export const brieflyRefused = (reply: DeskReply): string => {
  const { status, code } = refusalOf(reply);
  return `${String(status)} ${code}`;
};

/** Findings in short: code, field, line. */
export const findingsOf = (reply: DeskReply): readonly string[] =>
  refusalOf(reply).problems.map(({ code, field, line }) => [code, field ?? '-', line ?? '-'].join(' '));

/** The job that a reply announces, with the warnings. */
export const createdOf = ({ status, body }: DeskReply): z.infer<typeof jobCreatedSchema> => {
  assert.equal(status, 201, JSON.stringify(body));
  return jobCreatedSchema.strict().parse(body);
};
