// The bucket fails in every way it can, in the middle of a load of small files and of a large one that goes by parts: what
// passes is waited out and said, what does not is a hold that `retry` ends after the repair, and nothing that the bucket has
// acknowledged is sent again.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, test } from 'node:test';

import pLimit from 'p-limit';
import { parse } from 'csv-parse/sync';

import { MIB, SECOND_MS } from '#language/units.ts';
import { countOf } from '../support/counts.ts';
import { plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import type { MinioKey } from '../support/minio-users.ts';
import { startS3Proxy, type RequestToS3, type S3Proxy, type WireFault } from '../support/s3-proxy.ts';
import { addAccount, prepareDrive, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const SMALL_FILES = 150;
const PART_BYTES = 5 * MIB;
const PARTS = 20;
/** Acknowledged since the last outage before the next one begins: each comes in the middle of both. */
const BETWEEN = { small: 2, parts: 1 } as const;
const LATENCY_MS = 25;
const DEADLINE_MS = 300 * SECOND_MS;

/** One load that the bucket fails. */
interface Scene extends PreparedJob {
  readonly proxy: S3Proxy;
  readonly bay: string;
  readonly email: string;
  /** The customer, whose key verifies. */
  readonly user: MinioKey;
  /** The key that loads; repairs change it. */
  loading: MinioKey;
}

interface Outage {
  readonly what: string;
  /** Called when it begins; requests wait for it. */
  readonly begin?: (scene: Scene) => Promise<void>;
  /** Of each request while it lasts. */
  readonly fault?: (request: RequestToS3, scene: Scene) => WireFault | undefined;
  /** What `status` says meanwhile; with `hold`, why the bay is held. */
  readonly says: RegExp;
  /** The hold that it becomes; else it is waited out. */
  readonly hold?: string;
  /** How long it is to last at least. */
  readonly lastsMs?: number;
  /** What ends it, besides that `fault` is not asked any more. */
  readonly repair?: (scene: Scene) => Promise<void>;
}

/** What happens to one load, one after the other. */
interface Ordeal {
  readonly title: string;
  readonly outages: readonly Outage[];
}

const refusal = (status: number, code: string, message: string): WireFault => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

const everythingIn = (bucket: string): object => ({
  Effect: 'Allow',
  Action: ['s3:*'],
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
});

/** Every `count`th request is let through, the first one not. */
const allBut = (count: number, fault: WireFault): NonNullable<Outage['fault']> => {
  let asked = 0;
  return () => {
    asked += 1;
    return asked % count === 0 ? undefined : fault;
  };
};

const addKey = async ({ email }: Pick<Scene, 'email'>, key: MinioKey): Promise<void> => {
  const secret = join(folder, `${key.accessKeyId}.secret`);
  const token = join(folder, `${key.accessKeyId}.token`);
  await writeFile(secret, key.secretAccessKey, { mode: 0o600 });
  await writeFile(token, key.sessionToken ?? '', { mode: 0o600 });
  const temporary = key.sessionToken === undefined ? [] : ['--session-token-file', token];
  const options = ['--key-id', key.accessKeyId, '--secret-file', secret, ...temporary, '--loads'];
  await station.ask('account', 'key', 'add', email, ...options);
};

const changeKey = async (scene: Scene, key: MinioKey): Promise<void> => {
  await addKey(scene, key);
  await station.ask('account', 'key', 'remove', scene.email, scene.loading.accessKeyId);
  scene.loading = key;
};

const SILENT: Ordeal = {
  title: 'that says nothing any more is given up after two minutes and asked again',
  outages: [{ what: 'silence', fault: () => ({ kind: 'silence' }), says: /^no answer for \d+ s$/u }],
};

const THROTTLING: Ordeal = {
  title: 'that throttles for long is waited out, and no file fails of it',
  outages: [
    {
      what: 'nine of ten requests',
      fault: allBut(10, refusal(503, 'SlowDown', 'Reduce your request rate.')),
      says: /^503 SlowDown: Reduce your request rate\.$/u,
      lastsMs: countOf({ usual: 20, long: 300 }) * SECOND_MS,
    },
    {
      what: 'all requests',
      fault: () => refusal(429, 'TooManyRequests', 'Come later.'),
      says: /^429 TooManyRequests/u,
      lastsMs: countOf({ usual: 10, long: 300 }) * SECOND_MS,
    },
  ],
};

const PASSING: Ordeal = {
  title: 'that cannot be reached for a while, or fails, is waited out',
  outages: [
    {
      what: 'connections refused',
      begin: ({ proxy }) => proxy.refuse(),
      says: /^ECONNREFUSED/u,
      repair: ({ proxy }) => proxy.accept(),
    },
    {
      what: 'connections reset in the middle of a body',
      fault: () => ({ kind: 'reset', afterBytes: 1000 }),
      says: /^(?:ECONNRESET|EPIPE)/u,
    },
    {
      what: 'answers cut off in the middle, the work done',
      fault: () => ({ kind: 'cut' }),
      says: /^ECONNRESET/u,
    },
    { what: 'status 500', fault: () => refusal(500, 'InternalError', 'We failed.'), says: /^500 InternalError/u },
    {
      what: 'a gateway that has nobody to ask',
      fault: () => ({ kind: 'answer', status: 502, body: '<html>Bad Gateway</html>' }),
      says: /^502 /u,
    },
  ],
};

const KEYS: Ordeal = {
  title: 'whose keys or rights are changed is a hold, until they are right again',
  outages: [
    {
      what: 'another secret',
      begin: ({ loading }) => minio.setSecret(loading, `${loading.secretAccessKey}-new`),
      hold: 'SignatureDoesNotMatch',
      says: /secret/u,
      repair: ({ email, loading }) =>
        addKey({ email }, { ...loading, secretAccessKey: `${loading.secretAccessKey}-new` }),
    },
    {
      what: 'the key is gone',
      begin: ({ loading }) => minio.removeUser(loading),
      hold: 'InvalidAccessKeyId',
      says: /not known/u,
      repair: async (scene) => {
        await changeKey(scene, await minio.makeTemporaryKey(scene.user));
      },
    },
    {
      what: 'the temporary key expires',
      fault: ({ headers }, { loading }) =>
        headers.authorization?.includes(loading.accessKeyId) === true
          ? refusal(400, 'ExpiredToken', 'The provided token has expired.')
          : undefined,
      hold: 'ExpiredToken',
      says: /has expired/u,
      repair: async (scene) => {
        await changeKey(scene, await minio.makeTemporaryKey(scene.user));
      },
    },
    {
      what: 'writing is forbidden',
      begin: async ({ user, bucket }) => {
        const deny = { Effect: 'Deny', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${bucket}/*`] };
        await minio.setPolicy(user, [everythingIn(bucket), deny]);
      },
      hold: 'AccessDenied',
      says: /may not write/u,
      repair: ({ user, bucket }) => minio.setPolicy(user, [everythingIn(bucket)]),
    },
  ],
};

const HOLDING: Ordeal = {
  title: 'that refuses everything is a hold by its reason, until retry',
  outages: [
    {
      what: 'no bucket',
      fault: () => refusal(404, 'NoSuchBucket', 'The specified bucket does not exist'),
      hold: 'NoSuchBucket',
      says: /does not exist \(outage-/u,
    },
    {
      what: 'another time',
      fault: () => refusal(403, 'RequestTimeTooSkewed', 'The difference is too large.'),
      hold: 'RequestTimeTooSkewed',
      says: /clock/u,
    },
    {
      what: 'another region',
      fault: () => refusal(301, 'PermanentRedirect', 'Use another endpoint.'),
      hold: 'WrongRegion',
      says: /another region/u,
    },
    {
      what: 'quota used up',
      fault: () => refusal(400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded'),
      hold: 'BucketFull',
      says: /quota/u,
    },
  ],
};

const HOLDING_TOO: Ordeal = {
  title: 'that refuses what the manifest asks for, or has no room, is a hold, until retry',
  outages: [
    {
      what: 'disks full',
      fault: () => ({ kind: 'answer', status: 507, body: '' }),
      hold: 'BucketFull',
      says: /no more data/u,
    },
    {
      what: 'encryption key disabled',
      fault: () => refusal(400, 'KMS.DisabledException', 'arn:aws:kms:us-east-1:1:key/k is disabled.'),
      hold: 'EncryptionKeyProblem',
      says: /is disabled/u,
    },
    {
      what: 'account blocked',
      fault: () => refusal(403, 'AccountProblem', 'There is a problem with your account.'),
      hold: 'AccountProblem',
      says: /problem with your account/u,
    },
    {
      what: 'access control lists switched off',
      fault: () => refusal(400, 'AccessControlListNotSupported', 'The bucket does not allow ACLs'),
      hold: 'AccessControlListNotSupported',
      says: /acl/u,
    },
    {
      what: 'storage class lost',
      fault: () => refusal(400, 'InvalidStorageClass', 'The storage class is not valid'),
      hold: 'InvalidStorageClass',
      says: /storage class/u,
    },
  ],
};

const ORDEALS: readonly Ordeal[] = [SILENT, THROTTLING, PASSING, KEYS, HOLDING, HOLDING_TOO];

const stack = new AsyncDisposableStack();
// The commands of a customer share files of the station's folder.
const desk = pLimit(1);
let minio: Minio;
let station: Station;
let folder: string;

/** Content of a file by its name: so many bytes, other ones for each name. */
const contentOf = (name: string, bytes: number): Buffer => {
  const block = createHash('sha512').update(name).digest();
  return Buffer.alloc(bytes, block);
};

const FILES: ReadonlyMap<string, Buffer> = new Map([
  ...Array.from({ length: SMALL_FILES }, (_, index): [string, Buffer] => {
    const name = `data/${String(index % 3)}/file-${String(index)}.bin`;
    return [name, contentOf(name, 100 + 37 * index)];
  }),
  ['big.bin', contentOf('big.bin', PARTS * PART_BYTES - 4321)],
]);

before(async () => {
  minio = stack.use(await startMinio());
  folder = await mkdtemp(join(tmpdir(), 'outage-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  station = stack.use(
    await startStation({
      bays: ORDEALS.map((_ordeal, index) => ({ name: bayOf(index), image: imageOf(bayOf(index)) })),
      // Little memory, so that parts and small files take turns.
      config: {
        load: { multipart_threshold_mib: 5, part_size_mib: 5, max_in_flight_mib: 10, max_requests_in_flight: 4 },
      },
    }),
  );
});

after(() => stack.disposeAsync());

const bayOf = (index: number): string => `Bay ${String(index + 1)}`;
const imageOf = (bay: string): string => join(folder, `${bay.replace(' ', '-')}.img`);

const isPart = (write: string): boolean => write.includes('partNumber=');
const isSmall = (write: string): boolean => write.includes('/data/');

const prepareScene = async (index: number, proxy: S3Proxy): Promise<Scene> => {
  const bay = bayOf(index);
  const bucket = `outage-${String(index)}`;
  const email = `customer-${String(index)}@example.com`;
  await minio.makeBucket(bucket);
  const user = await minio.addUser([everythingIn(bucket)]);
  const loading = await minio.addUser([everythingIn(bucket)]);
  const through = { ...minio, endpoint: proxy.endpoint };
  await addAccount({ station, minio: through, email, key: user, options: ['--signs'] });
  await addKey({ email }, loading);
  const prepared = await prepareDrive({
    ...{ station, minio: through, bucket, email, key: user },
    ...{ image: imageOf(bay), sizeBytes: 160 * MIB, files: Object.fromEntries(FILES) },
  });
  return { ...prepared, proxy, bay, email, user, loading };
};

/** What the bucket has acknowledged of the files. */
const countAcknowledged = ({ acknowledged }: S3Proxy): { readonly small: number; readonly parts: number } => ({
  small: acknowledged.filter(isSmall).length,
  parts: acknowledged.filter(isPart).length,
});

/** Lets the bucket fail once the load has gone on a little; gives what tells that it does, and what ends it. */
const failSoon = (
  outage: Outage,
  scene: Scene,
): { readonly begun: Promise<void>; readonly end: () => Promise<void> } => {
  const { proxy } = scene;
  const before = countAcknowledged(proxy);
  const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
  let beginning: Promise<void> | undefined;
  let isOver = false;
  proxy.breakBy(async (request) => {
    if (isOver) return undefined;
    const now = countAcknowledged(proxy);
    const isDue = now.small - before.small >= BETWEEN.small && now.parts - before.parts >= BETWEEN.parts;
    if (beginning === undefined && !isDue) return undefined;
    if (beginning === undefined) {
      beginning = outage.begin?.(scene) ?? Promise.resolve();
      beginning.then(resolve, reject);
    }
    await beginning;
    return outage.fault?.(request, scene);
  });
  return {
    begun,
    end: async () => {
      isOver = true;
      await outage.repair?.(scene);
    },
  };
};

const waitUntilSaid = async ({ hold: code, says }: Outage, { bay, jobId }: Scene): Promise<void> => {
  if (code === undefined) {
    const { activity } = await station.waitForBay(
      bay,
      `says ${String(says)}`,
      ({ progress }) => progress?.bucketTrouble !== undefined && says.test(progress.bucketTrouble),
    );
    assert.equal(activity, 'loading');
    return;
  }
  const held = await station.waitForHold(bay, code);
  assert.equal(held.jobId, jobId);
  assert.equal(held.hold?.retryHelps, true);
  assert.match(held.hold.happened, says);
  assert.match(held.hold.todo, /import-station retry/u);
};

const endure = async (outage: Outage, scene: Scene): Promise<void> => {
  const { bay, jobId, proxy } = scene;
  const failing = failSoon(outage, scene);
  await until(() => failing.begun.then(() => true), { what: outage.what });
  const sinceMs = performance.now();
  const { small, parts } = countAcknowledged(proxy);
  const where = `${outage.what}: ${String(small)} small files and ${String(parts)} parts are in the bucket`;
  assert.ok(small < SMALL_FILES && parts < PARTS, where);
  await waitUntilSaid(outage, scene);
  const { lastsMs = 0 } = outage;
  await until(() => performance.now() - sinceMs >= lastsMs, {
    what: `${outage.what} for ${String(lastsMs)} ms`,
    deadlineMs: lastsMs + DEADLINE_MS,
  });
  assert.equal((await station.job(jobId)).state.job, 'InProgress');
  await failing.end();
  if (outage.hold !== undefined) await station.ask('retry', bay);
};

const checkLog = async ({ bucket, job: { logKey } }: Scene): Promise<void> => {
  const log = await minio.getObject(bucket, logKey);
  assert.ok(log !== undefined, 'the import log is in the bucket');
  const rows: readonly Readonly<Record<string, string>>[] = parse(log.body, { columns: true });
  assert.deepEqual(rows.map(({ File = '' }) => File).toSorted(), ['SIGNATURE', ...FILES.keys()].toSorted());
  for (const { File = '', MD5 = '', Status = '' } of rows.slice(1)) {
    assert.deepEqual([Status, MD5], ['200', md5Of(File)], File);
  }
};

const md5Of = (name: string): string =>
  createHash('md5')
    .update(FILES.get(name) ?? '')
    .digest('hex');

const checkBucket = async ({ bucket }: Scene): Promise<void> => {
  const objects = new Map((await minio.listObjects(bucket)).map(({ key, etag }) => [key, etag]));
  for (const name of FILES.keys()) if (name !== 'big.bin') assert.equal(objects.get(name), md5Of(name), name);
  const big = await minio.getObject(bucket, 'big.bin');
  assert.equal(big?.body.equals(FILES.get('big.bin') ?? Buffer.alloc(0)), true, 'the large file is as on the drive');
  assert.deepEqual(await minio.listUploads(bucket, ['', 'big.bin']), [], 'no upload is left');
};

// What was acknowledged to the station; what was done while its answer was lost may be done again.
const checkSentOnce = ({ proxy }: Scene): void => {
  const counts = new Map<string, number>();
  for (const write of proxy.acknowledged.filter((one) => isSmall(one) || isPart(one))) {
    const name = isPart(write) ? /partNumber=\d+/u.exec(write)?.[0] : write.split('?')[0];
    counts.set(name ?? '', (counts.get(name ?? '') ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 1),
    [],
    'nothing that was acknowledged is sent again',
  );
  assert.equal(counts.size, SMALL_FILES + PARTS);
};

describe('station: a bucket', { concurrency: ORDEALS.length }, () => {
  for (const [index, { title, outages }] of ORDEALS.entries()) {
    test(title, async () => {
      await using proxy = await startS3Proxy(minio.endpoint);
      const scene = await desk(() => prepareScene(index, proxy));
      proxy.setLatency(LATENCY_MS);
      await using _drive = await plug(imageOf(scene.bay));

      for (const outage of outages) await endure(outage, scene);

      const done = await station.waitForJob(scene.jobId, ['Completed', 'SuccessWithErrors'], DEADLINE_MS);
      assert.deepEqual(done.counts?.failedByCode, {});
      await checkLog(scene);
      await checkBucket(scene);
      checkSentOnce(scene);
    });
  }
});
