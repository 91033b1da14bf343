// The manifest of a job is replaced: by whom, until when, and what of the job stays as it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeSignature, formatSignatureFile } from '#job/signature.ts';
import { jobCreatedSchema } from '#protocol/control.ts';
import { Secret } from '#language/secret.ts';
import { jobIdOf, sampleKey, sampleLoad } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { aDesk, brieflyRefused, createdOf, findingsOf, refusalOf, type DeskOptions, type DeskScene } from './a-desk.ts';

const UPDATED = manifestText({ bucket: 'bucket: second-bucket' }, 'logPrefix: logs/\n');

interface Scene extends DeskScene {
  readonly jobId: string;
  readonly forgotten: readonly string[];
}

const aJob = async (options: DeskOptions = {}): Promise<Scene> => {
  const forgotten: string[] = [];
  const forget = (jobId: string): void => void forgotten.push(jobId);
  const scene = aDesk({ ...options, loads: { forget, ...options.loads } });
  const { job } = createdOf(await scene.create(manifestText({})));
  return { ...scene, jobId: job.jobId, forgotten };
};

const signed = (manifest: string, jobId: string, secret: Secret = sampleKey().secretAccessKey): object => {
  const id = jobIdOf(jobId);
  const signature = computeSignature({ jobId: id, manifest: Buffer.from(manifest), secret });
  const file = formatSignatureFile({ version: '2.0', jobId: id, signature });
  return { manifest: Buffer.from(manifest).toString('base64'), signature: Buffer.from(file).toString('base64') };
};

const update = (scene: Scene, body: object): ReturnType<DeskScene['ask']> =>
  scene.ask('POST', `/jobs/${scene.jobId.toLowerCase()}/update`, body);

test('job update: puts the new manifest in force and keeps ID, expiry and original', async () => {
  const scene = await aJob({ regions: { 'second-bucket': 'eu-central-1' } });
  const before = scene.store.job(jobIdOf(scene.jobId));
  scene.store.startLoad(sampleLoad({ jobId: jobIdOf(scene.jobId) }));

  const reply = await update(scene, signed(UPDATED, scene.jobId));

  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  const { job } = jobCreatedSchema.strict().parse(reply.body);
  const { bucket, bucketRegion, logBucket, logKey, expiresAt, state, history } = job;
  assert.deepEqual([bucket, bucketRegion, logBucket], ['second-bucket', 'eu-central-1', 'second-bucket']);
  assert.deepEqual([logKey, expiresAt], [`logs/import-log-${scene.jobId}`, before?.expiresAt.toISOString()]);
  assert.deepEqual(state, { job: 'Pending', device: 'NotReceived' });
  assert.equal(history.at(-1)?.cause, 'updated');
  assert.equal(history.at(-1)?.details['bucket'], 'second-bucket');
  const stored = scene.store.job(jobIdOf(scene.jobId));
  assert.equal(Buffer.from(stored?.manifest ?? []).toString(), UPDATED);
  assert.deepEqual(stored?.original?.manifest, before?.manifest);
  assert.deepEqual([scene.store.load(jobIdOf(scene.jobId)), scene.forgotten], [undefined, [scene.jobId]]);
});

const REFUSED: readonly {
  readonly what: string;
  readonly body: (jobId: string) => object;
  readonly code: string;
  readonly says: RegExp;
}[] = [
  {
    what: 'the SIGNATURE is made with another key',
    body: (jobId) => signed(UPDATED, jobId, new Secret('another')),
    code: '422 InvalidUpdateSignature',
    says: /was not made with the key AKIA/u,
  },
  {
    what: 'the SIGNATURE is of another manifest',
    body: (jobId) => ({
      ...signed(UPDATED, jobId),
      manifest: Buffer.from(manifestText({ bucket: 'bucket: third-bucket' })).toString('base64'),
    }),
    code: '422 InvalidUpdateSignature',
    says: /for this very manifest/u,
  },
  {
    what: 'the SIGNATURE is of another job',
    body: () => signed(UPDATED, '53TX4'),
    code: '422 InvalidUpdateSignature',
    says: /it names job 53TX4/u,
  },
  {
    what: 'what should be a SIGNATURE is none',
    body: (jobId) => ({ ...signed(UPDATED, jobId), signature: Buffer.from('garbage').toString('base64') }),
    code: '422 InvalidUpdateSignature',
    says: /does not sign/u,
  },
  {
    what: 'there is no SIGNATURE',
    body: (jobId) => ({ ...signed(UPDATED, jobId), signature: undefined }),
    code: '400 InvalidRequest',
    says: /signature/u,
  },
];

for (const { what, body, code, says } of REFUSED) {
  test(`job update: is refused and changes nothing, when ${what}`, async () => {
    const scene = await aJob();
    const before = scene.store.job(jobIdOf(scene.jobId));

    const reply = await update(scene, body(scene.jobId));

    assert.equal(brieflyRefused(reply), code);
    assert.match(refusalOf(reply).happened, says);
    assert.deepEqual(scene.store.job(jobIdOf(scene.jobId)), before);
    assert.deepEqual([scene.forgotten, scene.probes.length], [[], 2]);
  });
}

test('job update: tells every finding of the manifest by its line', async () => {
  const scene = await aJob();

  const reply = await update(scene, signed(manifestText({ bucket: 'bucket: No_Bucket/' }), scene.jobId));

  assert.equal(brieflyRefused(reply), '422 InvalidManifestField');
  assert.match(findingsOf(reply)[0] ?? '', /^InvalidManifestField bucket \d+$/u);
});

test('job update: is refused, when the new bucket may not be written', async () => {
  const problem = {
    kind: 'problem',
    scope: 'access-denied',
    status: 403,
    code: 'AccessDenied',
    message: 'no',
  } as const;
  const scene = await aJob({ refuse: ({ access }) => (access.bucket === 'second-bucket' ? problem : undefined) });

  const reply = await update(scene, signed(UPDATED, scene.jobId));

  assert.equal(brieflyRefused(reply), '422 AccessDenied');
  assert.equal(scene.store.job(jobIdOf(scene.jobId))?.original, undefined);
});

for (const status of ['InProgress', 'Completed', 'Canceled', 'Expired'] as const) {
  test(`job update: is refused as UnableToUpdateJobId, when the job is ${status}`, async () => {
    const scene = await aJob();
    const state = { job: status, device: 'AtAWS' } as const;
    scene.store.changeJob(jobIdOf(scene.jobId), { changedAt: new Date(), state, cause: 'test', details: {} });

    const reply = await update(scene, signed(UPDATED, scene.jobId));

    assert.equal(brieflyRefused(reply), '409 UnableToUpdateJobId');
    assert.match(refusalOf(reply).happened, new RegExp(`the job is ${status}`, 'u'));
  });
}

test('job update: is refused, when the drive came into a bay while the buckets were asked', async () => {
  let asked = 0;
  const scene = await aJob({ loads: { whyBusy: () => ((asked += 1) > 1 ? 'its drive is being loaded' : undefined) } });

  const reply = await update(scene, signed(UPDATED, scene.jobId));

  assert.equal(brieflyRefused(reply), '409 UnableToUpdateJobId');
  assert.deepEqual(scene.forgotten, []);
});

test('job update: is refused, when there is no such job', async () => {
  const scene = await aJob();

  assert.equal(
    brieflyRefused(await scene.ask('POST', '/jobs/ZZ/update', signed(UPDATED, 'ZZZZZ'))),
    '404 InvalidJobId',
  );
});

test('job update: keeps the key that verifies the drive, when the update names another', async () => {
  const scene = await aJob();
  scene.store.addAccountKey('ada@example.com', sampleKey({ accessKeyId: 'AKIASECOND' }));
  const manifest = manifestText({}, 'accessKeyId: AKIASECOND\n');

  const reply = await update(scene, signed(manifest, scene.jobId));

  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  const removed = await scene.ask('DELETE', '/accounts/ada@example.com/keys/AKIAIOSFODNN7EXAMPLE');
  assert.equal(brieflyRefused(removed), '409 KeyInUse');
});
