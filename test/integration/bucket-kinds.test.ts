// Buckets as customers have them: each kind is loaded with small files and one that goes by parts, and whatever the bucket does
// with its objects, the import log says of every file what lies there.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { PutObjectCommand } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { parse } from 'csv-parse/sync';

import { MIB } from '#language/units.ts';
import { makeImage, plug } from '../support/loop.ts';
import type { MakeBucketOptions } from '../support/minio-contents.ts';
import { KMS_KEY, startMinio, type Minio } from '../support/minio.ts';
import { addAccount, prepareJob, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

const ENCRYPTION = 'x-amz-server-side-encryption';
const LARGE = 'large.bin';
const DEADLINE_MS = 180_000;

const FILES: ReadonlyMap<string, Buffer> = new Map([
  ...['a', 'b', 'c'].flatMap((name): [string, Buffer][] => [
    [`open/${name}.txt`, Buffer.from(`open ${name}`)],
    [`shut/${name}.txt`, Buffer.from(`shut ${name}`)],
  ]),
  ['empty.txt', Buffer.alloc(0)],
  [LARGE, Buffer.alloc(11 * MIB, 'large')],
]);

/** What is special about a bucket, and what comes of it. */
interface Kind {
  readonly title: string;
  readonly bucket: MakeBucketOptions;
  /** Further options of `account add`. */
  readonly account?: readonly string[];
  /** Further statements of the customer's policy. */
  readonly policy?: (bucket: string) => readonly object[];
  /** Objects that are there before. */
  readonly existing?: readonly string[];
  /** Rows that are not `200 OK`: `STATUS CODE` by file. */
  readonly failed?: Readonly<Record<string, string>>;
  /** Headers of every object that is loaded, as they must match. */
  readonly headers?: Readonly<Record<string, RegExp>>;
  /** What happens while the drive is in the bay. */
  readonly meanwhile?: (scene: Scene) => Promise<void>;
}

interface Scene extends PreparedJob {
  readonly bay: string;
}

const denied = (resource: string, condition: object = {}): object => ({
  ...{ Effect: 'Deny', Action: ['s3:PutObject'], Resource: [resource] },
  ...condition,
});

/** Refuses objects under `shut/` whose request does not ask for the encryption. Not of parts: MinIO would refuse those too. */
const mustAskForEncryption = (bucket: string): readonly object[] => [
  denied(`arn:aws:s3:::${bucket}/shut/*`, { Condition: { StringNotEquals: { [`s3:${ENCRYPTION}`]: 'aws:kms' } } }),
];

const everyFile = (names: readonly string[], outcome: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, outcome]));

const SHUT = [...FILES.keys()].filter((name) => name.startsWith('shut/'));

const KINDS: readonly Kind[] = [
  {
    title: 'that keeps versions has one of every file',
    bucket: { versioned: true },
    existing: ['open/a.txt'],
    headers: { 'x-amz-version-id': /^[\w-]{8,}$/u },
  },
  {
    title: 'with object lock and default retention keeps every file',
    bucket: { objectLock: true },
    headers: { 'x-amz-object-lock-mode': /^GOVERNANCE$/u },
  },
  {
    title: 'that encrypts by itself is verified by MD5',
    bucket: { encryption: 's3' },
    headers: { [ENCRYPTION]: /^AES256$/u },
  },
  {
    title: 'that encrypts with a key service is loaded, though no ETag is an MD5',
    bucket: { encryption: { kmsKey: KMS_KEY } },
    headers: { [ENCRYPTION]: /^aws:kms$/u },
  },
  {
    title: 'that refuses what does not ask for encryption takes everything of an account that does',
    bucket: {},
    account: ['--sse', `kms:${KMS_KEY}`],
    policy: mustAskForEncryption,
    headers: { [ENCRYPTION]: /^aws:kms$/u, [`${ENCRYPTION}-aws-kms-key-id`]: new RegExp(`${KMS_KEY}$`, 'u') },
  },
  {
    title: 'that denies a prefix costs the files under it their row, and is no hold',
    bucket: {},
    policy: (bucket) => [denied(`arn:aws:s3:::${bucket}/shut/*`), denied(`arn:aws:s3:::${bucket}/${LARGE}`)],
    failed: everyFile([...SHUT, LARGE], '403 AccessDenied'),
  },
  {
    title: 'whose objects are not to be replaced keeps them, and each such file has its row',
    bucket: {},
    account: ['--existing', 'refuse'],
    existing: ['open/a.txt', LARGE],
    failed: everyFile(['open/a.txt', LARGE], '412 PreconditionFailed'),
  },
  {
    title: 'that is full is a hold, until it may take more',
    bucket: {},
    meanwhile: async ({ bay, bucket }) => {
      await station.waitForHold(bay, 'BucketFull', DEADLINE_MS);
      await minio.setQuota(bucket, 1000 * MIB);
      await station.ask('retry', bay);
    },
  },
];

const bayOf = (index: number): string => `Bay ${String(index + 1)}`;
const imageOf = (index: number): string => join(folder, `${String(index)}.img`);

const stack = new AsyncDisposableStack();
// Jobs are made by files of the station's folder, which all of them share.
const desk = pLimit(1);
let minio: Minio;
let station: Station;
let folder: string;

before(async () => {
  minio = stack.use(await startMinio({ kms: true }));
  folder = await mkdtemp(join(tmpdir(), 'bucket-kinds-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  station = stack.use(
    await startStation({
      bays: KINDS.map((_kind, index) => ({ name: bayOf(index), image: imageOf(index) })),
      config: { load: { multipart_threshold_mib: 5, part_size_mib: 5 } },
    }),
  );
});

after(() => stack.disposeAsync());

const OLD = 'was there before';

const prepareScene = async (index: number, kind: Kind): Promise<Scene> => {
  const bucket = `kind-${String(index)}`;
  const email = `customer-${String(index)}@example.com`;
  await minio.makeBucket(bucket, kind.bucket);
  for (const name of kind.existing ?? []) {
    await minio.client.send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: OLD }));
  }
  const everything = {
    ...{ Effect: 'Allow', Action: ['s3:*'] },
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  };
  const key = await minio.addUser([everything, ...(kind.policy?.(bucket) ?? [])]);
  await addAccount({ station, minio, email, key, options: kind.account ?? [] });
  const prepared = await desk(() => prepareJob({ station, minio, bucket, email, key }));
  const files = { ...Object.fromEntries(FILES), SIGNATURE: prepared.signature };
  await makeImage({ path: imageOf(index), fsType: 'ext4', sizeBytes: 48 * MIB, files });
  return { ...prepared, bay: bayOf(index) };
};

const md5Of = (body: Uint8Array): string => createHash('md5').update(body).digest('hex');

const checkRows = async ({ bucket, job: { logKey } }: Scene, { failed = {} }: Kind): Promise<void> => {
  const log = await minio.getObject(bucket, logKey);
  assert.ok(log !== undefined, 'the import log is in the bucket');
  const rows: readonly Readonly<Record<string, string>>[] = parse(log.body, { columns: true });
  const said = rows
    .filter(({ File }) => File !== 'SIGNATURE')
    .map(({ File = '', Status = '', Code = '', MD5 = '' }) => [File, `${Status} ${Code}`, MD5]);
  const expected = [...FILES].map(([name, body]) => {
    const outcome = failed[name];
    return outcome === undefined ? [name, '200 OK', md5Of(body)] : [name, outcome, ''];
  });
  const withoutFailedMd5 = said.map(([name = '', outcome = '', md5 = '']) => [
    name,
    outcome,
    name in failed ? '' : md5,
  ]);
  assert.deepEqual(withoutFailedMd5.toSorted(), expected.toSorted());
};

const checkObjects = async ({ bucket }: Scene, { failed = {}, existing = [], headers = {} }: Kind): Promise<void> => {
  for (const [name, body] of FILES) {
    const object = await minio.getObject(bucket, name);
    if (name in failed) {
      assert.equal(object?.body.toString(), existing.includes(name) ? OLD : undefined, name);
      continue;
    }
    assert.ok(object?.body.equals(body) === true, `${name} is as on the drive`);
    for (const [header, value] of Object.entries(headers)) assert.match(object.headers[header] ?? '', value, name);
  }
  assert.deepEqual(await minio.listUploads(bucket, ['', LARGE]), [], 'no upload is left');
};

describe('station: a bucket', { concurrency: KINDS.length }, () => {
  for (const [index, kind] of KINDS.entries()) {
    test(kind.title, async () => {
      const scene = await prepareScene(index, kind);
      if (kind.meanwhile !== undefined) await minio.setQuota(scene.bucket, MIB);
      await using _drive = await plug(imageOf(index));

      await kind.meanwhile?.(scene);
      const job = await station.waitForJob(scene.jobId, ['Completed', 'SuccessWithErrors'], DEADLINE_MS);

      assert.equal(job.counts?.failed.files, Object.keys(kind.failed ?? {}).length);
      await checkRows(scene, kind);
      await checkObjects(scene, kind);
      if (kind.bucket.versioned === true) {
        // With the log, and what was there before.
        assert.equal(await minio.countVersions(scene.bucket), FILES.size + 1 + (kind.existing?.length ?? 0));
      }
    });
  }
});
