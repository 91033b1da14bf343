// What a job is refused with when its buckets refuse: the code of decision 11, the bucket and the field of the manifest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BucketProblem } from '#bucket/contract.ts';
import { refusal } from '#bucket/translate.ts';
import { SECOND_MS } from '#language/units.ts';
import { sampleAccount } from '../../support/store-samples.ts';
import { ADDED_LINE, manifestText } from '../job/sample.ts';
import { aDesk, brieflyRefused, BUCKET, createdOf, findingsOf, refusalOf, type DeskScene } from './a-desk.ts';

/** Names everything that a bucket can refuse for a field's sake, from ADDED_LINE on. */
const MANIFEST = manifestText({}, 'logBucket: log-bucket\nlogPrefix: logs/\nacl: public-read\nstorageClass: GLACIER\n');
const LOG_BUCKET_LINE = ADDED_LINE;
const ACL_LINE = ADDED_LINE + 2;
const STORAGE_CLASS_LINE = ADDED_LINE + 3;
const BUCKET_LINE = 2;

const said = (status: number, code: string, message = 'No.'): BucketProblem => refusal({ status, code, message });
const refusedConnection: BucketProblem = {
  kind: 'problem',
  scope: 'transient',
  status: 0,
  code: 'ECONNREFUSED',
  message: 'connect ECONNREFUSED 127.0.0.1:9',
};

const assertNothingMade = (scene: DeskScene): void => {
  assert.deepEqual(scene.store.jobs(), []);
  assert.equal(scene.openBuckets(), 0);
  for (const { objects, uploads } of scene.buckets.values()) assert.deepEqual([objects.size, uploads.size], [0, 0]);
};

interface Refusing {
  readonly problem: BucketProblem;
  /** Status and code of the desk's refusal. */
  readonly refusal: string;
  readonly field?: string;
  readonly line?: number;
  readonly says?: RegExp;
}

const REFUSING: readonly Refusing[] = [
  { problem: said(404, 'NoSuchBucket'), refusal: '422 NoSuchBucket', says: /\(sample-bucket\)/u },
  { problem: said(403, 'AccessDenied'), refusal: '422 AccessDenied', says: /\(sample-bucket\)/u },
  { problem: said(403, 'InvalidAccessKeyId'), refusal: '422 InvalidAccessKeyId', says: /\(AKIAIOSFODNN7EXAMPLE\)/u },
  {
    problem: said(403, 'SignatureDoesNotMatch'),
    refusal: '422 SignatureDoesNotMatch',
    says: /\(AKIAIOSFODNN7EXAMPLE\)/u,
  },
  { problem: said(400, 'ExpiredToken'), refusal: '422 ExpiredToken' },
  { problem: said(403, 'AccountProblem', 'Pay.'), refusal: '422 AccountProblem', says: /Pay\.$/u },
  { problem: said(403, 'RequestTimeTooSkewed'), refusal: '422 RequestTimeTooSkewed' },
  { problem: said(301, 'PermanentRedirect'), refusal: '422 WrongRegion', says: /\(us-east-1\)/u },
  {
    problem: said(400, 'AccessControlListNotSupported'),
    refusal: '422 AccessControlListNotSupported',
    field: 'acl',
    line: ACL_LINE,
  },
  {
    problem: said(400, 'InvalidStorageClass'),
    refusal: '422 InvalidStorageClass',
    field: 'storageClass',
    line: STORAGE_CLASS_LINE,
  },
  { problem: said(400, 'KMS.NotFoundException', 'No key.'), refusal: '422 EncryptionKeyProblem', says: /No key\.$/u },
  { problem: said(507, 'InsufficientStorage'), refusal: '422 BucketFull' },
  { problem: said(400, 'MetadataTooLarge'), refusal: '422 InvalidManifestField', says: /400 MetadataTooLarge/u },
  { problem: said(503, 'SlowDown'), refusal: '502 BucketUnreachable', says: /503 SlowDown/u },
  { problem: refusedConnection, refusal: '502 BucketUnreachable', says: /answers ECONNREFUSED/u },
];

for (const { problem, refusal: expected, field = 'bucket', line = BUCKET_LINE, says = /./u } of REFUSING) {
  test(`job create: is refused with ${expected}, naming ${field}, when a file's probe is answered ${problem.code}`, async () => {
    const scene = aDesk({ refuse: ({ access }) => (access.bucket === BUCKET ? problem : undefined) });

    const reply = await scene.create(MANIFEST);

    const [, code] = expected.split(' ');
    assert.equal(brieflyRefused(reply), expected);
    assert.deepEqual(findingsOf(reply), [`${String(code)} ${field} ${String(line)}`]);
    assert.match(refusalOf(reply).happened, says);
    assert.ok(refusalOf(reply).problems[0]?.message.includes(problem.message));
    assertNothingMade(scene);
  });
}

test('job create: names logBucket, and the key of the log, when the log alone may not be written', async () => {
  const scene = aDesk({
    refuse: ({ access }) => (access.bucket === 'log-bucket' ? said(403, 'AccessDenied') : undefined),
  });

  const reply = await scene.create(MANIFEST);

  const { code, happened, problems } = refusalOf(reply);
  assert.equal(code, 'AccessDenied');
  assert.match(happened, /\(log-bucket\)/u);
  assert.deepEqual(findingsOf(reply), [`AccessDenied logBucket ${String(LOG_BUCKET_LINE)}`]);
  assert.match(problems[0]?.message ?? '', /^log-bucket\/logs\/import-log-\w{5} answers 403 AccessDenied: No\.$/u);
  assertNothingMade(scene);
});

test('job create: tells the key of the log, when the data bucket takes files but no log', async () => {
  const scene = aDesk({ refuse: ({ key }) => (key.startsWith('logs/') ? said(403, 'AccessDenied') : undefined) });

  const reply = await scene.create(manifestText({}, 'logPrefix: logs/\n'));

  assert.deepEqual(findingsOf(reply), ['AccessDenied logPrefix 13']);
  assert.match(refusalOf(reply).problems[0]?.message ?? '', /^sample-bucket\/logs\/import-log-/u);
});

test('job create: tells what both buckets refuse, under the code of the first', async () => {
  const scene = aDesk({
    refuse: ({ access }) => (access.bucket === BUCKET ? said(507, 'StorageFull') : said(403, 'AccessDenied')),
  });

  const reply = await scene.create(MANIFEST);

  assert.equal(brieflyRefused(reply), '422 BucketFull');
  assert.deepEqual(findingsOf(reply), ['BucketFull bucket 2', `AccessDenied logBucket ${String(LOG_BUCKET_LINE)}`]);
});

test('job create: prints what a bucket answers and the key that was asked for, so that nothing steers a terminal', async () => {
  const scene = aDesk({ refuse: () => said(403, 'AccessDenied', 'No \u001b[2J.') });

  const { problems } = refusalOf(await scene.create(manifestText({}, 'prefix: "\u202Edata"\n')));

  assert.match(
    problems[0]?.message ?? '',
    /sample-bucket\/\\u\{202e\}dataimport-station-probe .* No \\u\{1b\}\[2J\.$/u,
  );
});

const SILENT: readonly (Pick<Refusing, 'problem' | 'refusal'> & { readonly says: RegExp })[] = [
  { problem: said(404, 'NoSuchBucket'), refusal: '422 NoSuchBucket', says: /\(sample-bucket\)/u },
  { problem: said(403, 'InvalidAccessKeyId'), refusal: '422 InvalidAccessKeyId', says: /\(AKIAIOSFODNN7EXAMPLE\)/u },
  { problem: said(403, 'SignatureDoesNotMatch'), refusal: '422 SignatureDoesNotMatch', says: /EXAMPLE\)/u },
  { problem: said(403, 'RequestTimeTooSkewed'), refusal: '422 RequestTimeTooSkewed', says: /clock/u },
  { problem: said(301, 'PermanentRedirect'), refusal: '422 WrongRegion', says: /\(eu-west-1\)/u },
  { problem: said(503, 'ServiceUnavailable'), refusal: '502 BucketUnreachable', says: /sample-bucket answers 503/u },
  { problem: refusedConnection, refusal: '502 BucketUnreachable', says: /sample-bucket answers ECONNREFUSED/u },
];

for (const { problem, refusal: expected, says } of SILENT) {
  test(`job create: is refused with ${expected}, when the question for the region is answered ${problem.code}`, async () => {
    const scene = aDesk({ accounts: [sampleAccount({ region: 'eu-west-1' })], regions: { [BUCKET]: problem } });

    const reply = await scene.create(MANIFEST);

    assert.equal(brieflyRefused(reply), expected);
    assert.match(refusalOf(reply).happened, says);
    assert.deepEqual(findingsOf(reply), [`${String(expected.split(' ')[1])} bucket 2`]);
    assert.equal(scene.probes.length, 0);
    assertNothingMade(scene);
  });
}

test('job create: tells of every bucket that does not exist', async () => {
  const missing = said(404, 'NoSuchBucket');
  const scene = aDesk({ regions: { [BUCKET]: missing, 'log-bucket': missing } });

  const reply = await scene.create(MANIFEST);

  assert.deepEqual(findingsOf(reply), ['NoSuchBucket bucket 2', `NoSuchBucket logBucket ${String(LOG_BUCKET_LINE)}`]);
  assert.deepEqual(
    refusalOf(reply).problems.map(({ message }) => message),
    [`${BUCKET} answers 404 NoSuchBucket: No.`, 'log-bucket answers 404 NoSuchBucket: No.'],
  );
});

test('job create: is refused with MultipleRegions, naming logBucket, when the buckets lie apart', async () => {
  const scene = aDesk({ regions: { [BUCKET]: 'eu-west-1', 'log-bucket': 'eu-central-1' } });

  const reply = await scene.create(MANIFEST);

  assert.equal(brieflyRefused(reply), '422 MultipleRegions');
  assert.deepEqual(findingsOf(reply), [`MultipleRegions logBucket ${String(LOG_BUCKET_LINE)}`]);
  assert.equal(scene.probes.length, 0);
  assertNothingMade(scene);
});

test('job create: takes two buckets of one region', async () => {
  const scene = aDesk({ regions: { [BUCKET]: 'eu-west-1', 'log-bucket': 'eu-west-1' } });

  assert.equal(createdOf(await scene.create(MANIFEST)).job.bucketRegion, 'eu-west-1');
});

/** Waits for its signal, as a bucket does that never answers. */
const waitForEver = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('the call was given up', { cause: signal.reason }));
    });
  });

test('job create: is refused with BucketUnreachable, when no bucket answers for a minute', async (t) => {
  t.mock.timers.enable();
  const scene = aDesk({ findRegion: (_access, signal) => waitForEver(signal) });

  const asked = scene.create(MANIFEST);
  t.mock.timers.tick(60 * SECOND_MS);

  const { status, code, happened } = refusalOf(await asked);
  assert.deepEqual([status, code], [502, 'BucketUnreachable']);
  assert.match(happened, /no answer within 60 seconds/u);
  assertNothingMade(scene);
});

test('job create: rejects, as a bug does, when asking fails though there was time left', async () => {
  const scene = aDesk({ findRegion: () => Promise.reject(new TypeError('a bug')) });

  await assert.rejects(scene.create(MANIFEST), new TypeError('a bug'));
  assertNothingMade(scene);
});
