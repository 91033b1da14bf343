// Keys of an account: added, replaced and removed, and kept while a job that is open needs them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '#language/secret.ts';
import type { Account, Job } from '#store/contract.ts';
import { jobIdOf, sampleAccount, sampleChange, sampleJob, sampleKey } from '../../support/store-samples.ts';
import { aDesk, brieflyRefused, refusalOf, type DeskScene } from './a-desk.ts';

const KEYS = '/accounts/ada%40example.com/keys';
const INPUT = { accessKeyId: 'second-key', secretAccessKey: 'a-second-secret', signs: false, loads: true };

const keysOf = (scene: DeskScene): Account['keys'] => scene.store.account('ada@example.com')?.keys ?? [];

/** An account whose first key signs and whose second one loads. */
const twoKeys = (): Account =>
  sampleAccount({
    keys: [
      sampleKey({ accessKeyId: 'signer', loads: false }),
      sampleKey({ accessKeyId: 'loader', signs: false, sessionToken: new Secret('a-session-token') }),
    ],
  });

/** A job that `signer` signed and `loader` loads. */
const addJob = (scene: DeskScene, jobId: string, change: Partial<Job> = {}): void => {
  const job = sampleJob({ jobId: jobIdOf(jobId), signingKeyId: 'signer', loadingKeyId: 'loader', ...change });
  scene.store.addJob(job, sampleChange({ state: job.state }));
};

test('account key add: puts a new key behind the others, and answers with the account', async () => {
  const scene = aDesk();

  const reply = await scene.ask('POST', KEYS, { ...INPUT, sessionToken: 'a-session-token' });

  assert.deepEqual(
    keysOf(scene).map(({ accessKeyId }) => accessKeyId),
    ['AKIAIOSFODNN7EXAMPLE', 'second-key'],
  );
  assert.equal(keysOf(scene)[1]?.secretAccessKey.reveal(), 'a-second-secret');
  assert.equal(keysOf(scene)[1]?.sessionToken?.reveal(), 'a-session-token');
  const shown = await scene.ask('GET', '/accounts/ada%40example.com');
  assert.deepEqual(reply, { status: 200, body: shown.body });
  assert.partialDeepStrictEqual(shown.body, {
    keys: [{}, { accessKeyId: 'second-key', hasSessionToken: true, signs: false, loads: true }],
  });
});

test('account key add: replaces the key of the same ID whole, in its place, while an open job needs it', async () => {
  const scene = aDesk({ accounts: [twoKeys()] });
  addJob(scene, 'AAAAA');

  const changed = { accessKeyId: 'loader', secretAccessKey: 'the-right-secret', signs: false, loads: true };
  const reply = await scene.ask('POST', KEYS, changed);

  assert.equal(reply.status, 200);
  const [signer, loader, ...others] = keysOf(scene);
  assert.deepEqual([signer?.accessKeyId, loader?.accessKeyId, others], ['signer', 'loader', []]);
  assert.equal(loader?.secretAccessKey.reveal(), 'the-right-secret');
  assert.equal(loader.sessionToken, undefined);
});

interface Lesser {
  readonly title: string;
  readonly accessKeyId: 'signer' | 'loader';
  readonly signs: boolean;
  readonly loads: boolean;
}

const LESSER: readonly Lesser[] = [
  { title: 'no longer signs what it signed', accessKeyId: 'signer', signs: false, loads: true },
  { title: 'no longer loads what it loads', accessKeyId: 'loader', signs: true, loads: false },
];

for (const { title, ...rights } of LESSER) {
  test(`account key add: is refused with KeyInUse, naming the jobs, when the new one ${title}`, async () => {
    const scene = aDesk({ accounts: [twoKeys()] });
    addJob(scene, 'AAAAA');
    addJob(scene, 'BBBBB', { state: { job: 'InProgress', device: 'AtAWS' } });
    addJob(scene, 'CCCCC', { state: { job: 'Completed', device: 'AtAWS' } });
    const before = keysOf(scene);

    const reply = await scene.ask('POST', KEYS, { ...INPUT, ...rights });

    const { status, code, happened } = refusalOf(reply);
    assert.deepEqual([status, code], [409, 'KeyInUse']);
    assert.match(happened, new RegExp(`\\b${rights.accessKeyId} \\(BBBBB, AAAAA\\)`, 'u'));
    assert.equal(keysOf(scene), before);
  });
}

test('account key add: is refused with KeyInUse, when the new one lacks one of two rights that a job needs', async () => {
  const scene = aDesk({ accounts: [sampleAccount({ keys: [sampleKey({ accessKeyId: 'signer' })] })] });
  addJob(scene, 'AAAAA', { loadingKeyId: 'signer' });

  const reply = await scene.ask('POST', KEYS, { ...INPUT, accessKeyId: 'signer' });

  assert.equal(brieflyRefused(reply), '409 KeyInUse');
  assert.equal(keysOf(scene)[0]?.signs, true);
});

test('account key add: takes a right away that no open job needs', async () => {
  const keys = [sampleKey({ accessKeyId: 'signer' }), sampleKey({ accessKeyId: 'another' })];
  const scene = aDesk({ accounts: [sampleAccount({ keys })] });
  addJob(scene, 'AAAAA', { loadingKeyId: 'another' });
  addJob(scene, 'BBBBB', { loadingKeyId: 'signer', state: { job: 'Canceled', device: 'NotReceived' } });

  const reply = await scene.ask('POST', KEYS, { ...INPUT, accessKeyId: 'signer', signs: true, loads: false });

  assert.equal(reply.status, 200);
  assert.equal(keysOf(scene)[0]?.loads, false);
});

const BAD_KEYS: readonly { readonly why: string; readonly change: object; readonly says: string }[] = [
  { why: 'signs nothing and loads nothing', change: { loads: false }, says: 'key second-key: ' },
  { why: 'has an empty session token', change: { sessionToken: '' }, says: 'key second-key: ' },
  { why: 'has no secret', change: { secretAccessKey: undefined }, says: 'secretAccessKey: ' },
  { why: 'has an ID that could be none', change: { accessKeyId: 'a/b' }, says: 'accessKeyId: ' },
  { why: 'has a field that nobody knows', change: { colour: 'red' }, says: 'the body: ' },
];

for (const { why, change, says } of BAD_KEYS) {
  test(`account key add: is refused with InvalidRequest, when the key ${why}`, async () => {
    const scene = aDesk();

    const reply = await scene.ask('POST', KEYS, { ...INPUT, ...change });

    const { status, code, happened } = refusalOf(reply);
    assert.deepEqual([status, code], [400, 'InvalidRequest']);
    assert.ok(happened.startsWith(`The request cannot be understood: ${says}`), happened);
    assert.equal(keysOf(scene).length, 1);
  });
}

test('account key add: is refused with InvalidSender, when there is no such account', async () => {
  const reply = await aDesk().ask('POST', '/accounts/bo%40example.com/keys', INPUT);

  assert.equal(brieflyRefused(reply), '404 InvalidSender');
});

test('account key remove: takes the key away, and answers with the account that is left', async () => {
  const scene = aDesk({ accounts: [twoKeys()] });

  const reply = await scene.ask('DELETE', '/accounts/ADA%40example.com/keys/signer');

  assert.equal(reply.status, 200);
  assert.deepEqual(
    keysOf(scene).map(({ accessKeyId }) => accessKeyId),
    ['loader'],
  );
  assert.deepEqual(reply.body, (await scene.ask('GET', '/accounts/ada%40example.com')).body);
});

for (const keyId of ['signer', 'loader']) {
  test(`account key remove: is refused with KeyInUse, while an open job needs the ${keyId}`, async () => {
    const scene = aDesk({ accounts: [twoKeys()] });
    addJob(scene, 'AAAAA');
    addJob(scene, 'BBBBB', { state: { job: 'Expired', device: 'NotReceived' } });

    const reply = await scene.ask('DELETE', `${KEYS}/${keyId}`);

    const { status, code, happened } = refusalOf(reply);
    assert.deepEqual([status, code], [409, 'KeyInUse']);
    assert.match(happened, new RegExp(`\\b${keyId} \\(AAAAA\\)`, 'u'));
    assert.equal(keysOf(scene).length, 2);
  });
}

test("account key remove: takes a key away that only another account's job needs", async () => {
  const scene = aDesk({ accounts: [twoKeys(), { ...twoKeys(), email: 'bo@example.com' }] });
  addJob(scene, 'AAAAA', { accountEmail: 'bo@example.com' });

  const reply = await scene.ask('DELETE', `${KEYS}/loader`);

  assert.equal(reply.status, 200);
  assert.equal(scene.store.account('bo@example.com')?.keys.length, 2);
});

test('account key remove: takes a key away once the jobs that needed it are over', async () => {
  const scene = aDesk({ accounts: [twoKeys()] });
  addJob(scene, 'AAAAA');
  scene.store.changeJob(
    jobIdOf('AAAAA'),
    sampleChange({ state: { job: 'SuccessWithErrors', device: 'AtAWS' }, cause: 'log-written' }),
  );

  const reply = await scene.ask('DELETE', `${KEYS}/loader`);

  assert.equal(reply.status, 200);
});

test('account key remove: is refused with NotFound, when the account has no such key', async () => {
  const { status, code, happened } = refusalOf(await aDesk().ask('DELETE', `${KEYS}/akiaiosfodnn7example`));

  assert.deepEqual([status, code], [404, 'NotFound']);
  assert.match(happened, /akiaiosfodnn7example/u);
});

test('account key remove: is refused with InvalidSender, when there is no such account', async () => {
  const reply = await aDesk().ask('DELETE', '/accounts/bo%40example.com/keys/AKIAIOSFODNN7EXAMPLE');

  assert.equal(brieflyRefused(reply), '404 InvalidSender');
});

test('account key remove: takes the key that loads an open job, once another one may load it', async () => {
  const scene = aDesk({ accounts: [twoKeys()] });
  addJob(scene, 'AAAAA');
  await scene.ask('POST', KEYS, { ...INPUT, signs: false, loads: true });

  const removed = await scene.ask('DELETE', `${KEYS}/loader`);
  const last = await scene.ask('DELETE', `${KEYS}/${INPUT.accessKeyId}`);

  assert.equal(removed.status, 200);
  assert.equal(brieflyRefused(last), '409 KeyInUse');
});
