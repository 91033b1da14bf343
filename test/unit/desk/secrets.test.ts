// No reply of the desk says a secret: neither of a key nor of a manifest, neither when it is done nor when it is refused.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { refusal } from '#bucket/translate.ts';
import type { DeskReply } from '#desk/reply.ts';
import { jobIdOf, sampleChange, sampleJob } from '../../support/store-samples.ts';
import { manifestText } from '../job/sample.ts';
import { aDesk, createdOf, jobInput, type DeskScene } from './a-desk.ts';

const SECRETS = { secret: 'hidden-secret-1', token: 'hidden-token-2', pin: 'hidden-pin-3', password: 'hidden-word-4' };
const { secret, token, pin, password } = SECRETS;

const KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: secret,
  sessionToken: token,
  signs: true,
  loads: true,
};
const ACCOUNT = { email: 'ada@example.com', forcePathStyle: true, existing: 'replace', keys: [KEY] };
const KEYS = '/accounts/ada%40example.com/keys';
const MANIFEST = manifestText({}, `pinCode: ${pin}\n`);

const assertSilent = (reply: DeskReply): void => {
  const text = JSON.stringify(reply) + inspect(reply, { depth: null, showHidden: true });
  for (const [name, value] of Object.entries(SECRETS)) assert.ok(!text.includes(value), `${name}: ${text}`);
};

/** A desk whose account was added with secrets. */
const withAccount = async (options: Parameters<typeof aDesk>[0] = {}): Promise<DeskScene> => {
  const scene = aDesk({ ...options, accounts: [] });
  const reply = await scene.ask('POST', '/accounts', ACCOUNT);
  assert.equal(reply.status, 201);
  assertSilent(reply);
  return scene;
};

const CALLS: readonly { readonly call: string; readonly body?: unknown }[] = [
  { call: 'GET /accounts' },
  { call: 'GET /accounts/ada%40example.com' },
  { call: 'POST /accounts', body: ACCOUNT },
  { call: 'POST /accounts', body: { ...ACCOUNT, email: secret } },
  {
    call: 'POST /accounts',
    body: { ...ACCOUNT, email: 'bo@example.com', endpoint: `https://ada:${password}@s3.example.com` },
  },
  { call: 'POST /accounts', body: { ...ACCOUNT, email: 'bo@example.com', keys: secret } },
  { call: 'POST /accounts', body: { ...ACCOUNT, email: 'bo@example.com', keys: [KEY, KEY] } },
  { call: 'POST /accounts', body: { ...ACCOUNT, email: 'bo@example.com', certificateAuthority: secret } },
  { call: 'POST /accounts', body: secret },
  { call: `POST ${KEYS}`, body: { ...KEY, accessKeyId: 'another' } },
  { call: `POST ${KEYS}`, body: { ...KEY, accessKeyId: `${secret}/` } },
  { call: `POST ${KEYS}`, body: { ...KEY, signs: secret } },
  { call: `POST ${KEYS}`, body: { ...KEY, secretAccessKey: [secret] } },
  { call: `POST ${KEYS}`, body: { ...KEY, secretAccessKey: secret.repeat(100) } },
  { call: `POST ${KEYS}`, body: { ...KEY, sessionToken: token.repeat(1000) } },
  { call: `POST ${KEYS}`, body: { ...KEY, signs: false } },
  { call: `DELETE ${KEYS}/AKIAIOSFODNN7EXAMPLE` },
  { call: 'DELETE /accounts/ada%40example.com' },
  { call: 'POST /jobs', body: jobInput(MANIFEST) },
  { call: 'POST /jobs', body: jobInput(`${MANIFEST}trueCryptPassword: ${password}\n`) },
  { call: 'POST /jobs', body: jobInput(`${MANIFEST}trueCryptPassword:\n  - ${password}\n`) },
  { call: 'POST /jobs', body: jobInput(`${MANIFEST}pinCode: ${password}\n`) },
  { call: 'POST /jobs', body: jobInput(manifestText({}, `pinCode:\n  inner: ${pin}\n`)) },
  { call: 'POST /jobs', body: jobInput(manifestText({}, `pinCode: "${pin}\n`)) },
  { call: 'POST /jobs', body: jobInput(manifestText({}, `pinCode: "${pin}" ${password}\n`)) },
  { call: 'POST /jobs', body: jobInput(manifestText({}, `pinCode: ${pin}\u0007\n`)) },
  { call: 'POST /jobs', body: jobInput(manifestText({}, `pinCode ${pin}\n`)) },
  { call: 'POST /jobs', body: { ...jobInput(), manifest: `${secret}!` } },
  { call: 'GET /jobs' },
  { call: 'GET /jobs/53TX4' },
];

for (const [index, { call, body }] of CALLS.entries()) {
  test(`desk: says no secret in its answer to ${call}, body ${String(index + 1)}`, async () => {
    const scene = await withAccount();
    scene.store.addJob(sampleJob({ manifest: Uint8Array.from(Buffer.from(MANIFEST)) }), sampleChange());
    const [method = '', path = ''] = call.split(' ');

    const reply = await scene.ask(method, path, body);

    assertSilent(reply);
  });
}

test('desk: says no secret of a job that it has made, nor of one that the bucket refuses', async () => {
  const made = await (await withAccount()).create(MANIFEST);
  const scene = await withAccount({ refuse: () => refusal({ status: 403, code: 'ExpiredToken', message: 'Over.' }) });
  const refused = await scene.create(MANIFEST);

  createdOf(made);
  assertSilent(made);
  assert.equal(refused.status, 422);
  assertSilent(refused);
});

test('desk: hands the true secrets to the bucket, and to nobody else', async () => {
  const scene = await withAccount();

  const { job } = createdOf(await scene.create(MANIFEST));

  const [probe] = scene.probes;
  assert.equal(probe?.access.secretAccessKey.reveal(), secret);
  assert.equal(probe.access.sessionToken?.reveal(), token);
  assert.doesNotMatch(inspect(probe, { depth: null }), /hidden/u);
  assert.ok(
    Buffer.from(scene.store.job(jobIdOf(job.jobId))?.manifest ?? []).includes(pin),
    'the signed bytes stay whole',
  );
});
