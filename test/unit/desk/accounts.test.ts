// Accounts: added, listed, shown and removed, and what is wrong with one that is to be added.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { TIB } from '#language/units.ts';
import { jobIdOf, sampleAccount, sampleChange, sampleJob } from '../../support/store-samples.ts';
import { aDesk, brieflyRefused, NOW, refusalOf } from './a-desk.ts';

const KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  signs: true,
  loads: true,
};
const SMALLEST = { email: 'ada@example.com', forcePathStyle: false, existing: 'replace', keys: [KEY] };
const CERTIFICATE = rootCertificates[0] ?? '';

test('account add: stores the smallest account, with the default size, and answers with its view', async () => {
  const scene = aDesk({ accounts: [] });

  const reply = await scene.ask('POST', '/accounts', SMALLEST);

  assert.deepEqual(reply, {
    status: 201,
    body: {
      email: 'ada@example.com',
      forcePathStyle: false,
      hasCertificateAuthority: false,
      isNetworkTrusted: false,
      sse: 'none',
      existing: 'replace',
      maxObjectBytes: 5 * TIB,
      keys: [{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', hasSessionToken: false, signs: true, loads: true }],
      createdAt: NOW.toISOString(),
    },
  });
  const [key] = scene.store.account('ada@example.com')?.keys ?? [];
  assert.equal(key?.secretAccessKey.reveal(), KEY.secretAccessKey);
});

test('account add: keeps every setting and every key, in their order', async () => {
  const scene = aDesk({ accounts: [] });
  const settings = {
    endpoint: 'https://s3.example.com:9000',
    region: 'eu-central-1',
    forcePathStyle: true,
    expectedBucketOwner: '012345678901',
    sse: 'kms:alias/imports',
    existing: 'refuse',
    maxObjectBytes: 1024,
  };
  const loader = { ...KEY, accessKeyId: 'loader', sessionToken: 'a-session-token', signs: false };

  const reply = await scene.ask('POST', '/accounts', {
    ...SMALLEST,
    ...settings,
    certificateAuthority: CERTIFICATE,
    keys: [KEY, loader],
  });

  assert.deepEqual(reply.body, {
    email: 'ada@example.com',
    ...settings,
    hasCertificateAuthority: true,
    isNetworkTrusted: false,
    keys: [
      { accessKeyId: KEY.accessKeyId, hasSessionToken: false, signs: true, loads: true },
      { accessKeyId: 'loader', hasSessionToken: true, signs: false, loads: true },
    ],
    createdAt: NOW.toISOString(),
  });
  const stored = scene.store.account('ada@example.com');
  assert.equal(stored?.certificateAuthority, CERTIFICATE);
  assert.equal(stored.keys[1]?.sessionToken?.reveal(), 'a-session-token');
});

test('account add: writes the address in lower case, by which it is found in any case', async () => {
  const scene = aDesk({ accounts: [] });

  const added = await scene.ask('POST', '/accounts', { ...SMALLEST, email: 'Ada@Example.COM' });
  const shown = await scene.ask('GET', '/accounts/ADA%40example.com');

  assert.deepEqual(shown, { status: 200, body: added.body });
  assert.deepEqual(
    scene.store.accounts().map(({ email }) => email),
    ['ada@example.com'],
  );
});

test('account add: is refused with AccountExists, and changes nothing, where the address has an account', async () => {
  const scene = aDesk();

  const reply = await scene.ask('POST', '/accounts', { ...SMALLEST, email: 'ADA@example.com', region: 'eu-west-1' });

  const { status, code, happened } = refusalOf(reply);
  assert.deepEqual([status, code], [409, 'AccountExists']);
  assert.match(happened, /ada@example\.com/u);
  assert.equal(scene.store.account('ada@example.com')?.region, undefined);
});

const ENDPOINTS: readonly string[] = [
  'https://s3.example.com',
  'https://s3.example.com/',
  'http://127.0.0.1:9000',
  'http://[::1]:9000',
];

for (const endpoint of ENDPOINTS) {
  test(`account add: takes the endpoint ${endpoint}`, async () => {
    const scene = aDesk({ accounts: [] });

    const reply = await scene.ask('POST', '/accounts', { ...SMALLEST, endpoint });

    assert.equal(reply.status, 201);
    assert.equal(scene.store.account('ada@example.com')?.endpoint, endpoint);
  });
}

test('account add: takes a bundle of certificates with words between them', async () => {
  const scene = aDesk({ accounts: [] });
  const certificateAuthority = `# root\n${CERTIFICATE}\n# another\n${rootCertificates[1] ?? ''}\n`;

  const reply = await scene.ask('POST', '/accounts', { ...SMALLEST, certificateAuthority });

  assert.equal(reply.status, 201);
});

test('account add: takes a size of 10,000 parts of 5 GiB, the largest that there is', async () => {
  const scene = aDesk({ accounts: [] });

  const reply = await scene.ask('POST', '/accounts', { ...SMALLEST, maxObjectBytes: 53_687_091_200_000 });

  assert.equal(reply.status, 201);
});

interface BadInput {
  readonly why: string;
  readonly change: object;
  /** How the message begins after "The request cannot be understood: ". */
  readonly says: string;
}

const twice = [KEY, { ...KEY, signs: false }];
const damaged = CERTIFICATE.replace(/\n[^\n]{20}/u, '\n!!!!');

const BAD_INPUTS: readonly BadInput[] = [
  { why: 'has an address that is none', change: { email: 'ada' }, says: 'email: ' },
  { why: 'has a field that nobody knows', change: { colour: 'red' }, says: 'the body: ' },
  { why: 'does not say how buckets are named', change: { forcePathStyle: undefined }, says: 'forcePathStyle: ' },
  { why: 'does not know what happens to objects', change: { existing: 'keep' }, says: 'existing: ' },
  { why: 'has no key', change: { keys: [] }, says: 'keys: ' },
  { why: 'has one key twice', change: { keys: twice }, says: 'keys: expected each key once' },
  {
    why: 'has a key ID with a blank',
    change: { keys: [{ ...KEY, accessKeyId: 'A KEY' }] },
    says: 'keys.0.accessKeyId: ',
  },
  { why: 'has a short secret', change: { keys: [{ ...KEY, secretAccessKey: 's' }] }, says: 'keys.0.secretAccessKey: ' },
  {
    why: 'has a key for nothing',
    change: { keys: [{ ...KEY, signs: false, loads: false }] },
    says: `key ${KEY.accessKeyId}: `,
  },
  {
    why: 'has an empty session token',
    change: { keys: [{ ...KEY, sessionToken: '' }] },
    says: `key ${KEY.accessKeyId}: `,
  },
  { why: 'has an endpoint that is no URL', change: { endpoint: 's3.example.com' }, says: 'endpoint: ' },
  { why: 'has an endpoint of another protocol', change: { endpoint: 'ftp://s3.example.com' }, says: 'endpoint: ' },
  { why: 'has an endpoint with a path', change: { endpoint: 'https://s3.example.com/bucket' }, says: 'endpoint: ' },
  { why: 'has an endpoint with a user', change: { endpoint: 'https://ada:pw@s3.example.com' }, says: 'endpoint: ' },
  { why: 'has an endpoint with a query', change: { endpoint: 'https://s3.example.com/?' }, says: 'endpoint: ' },
  { why: 'has an endpoint with an anchor', change: { endpoint: 'https://s3.example.com#' }, says: 'endpoint: ' },
  { why: 'has an endpoint with a backslash', change: { endpoint: 'https://s3.example.com\\' }, says: 'endpoint: ' },
  { why: 'has a region that is none', change: { region: 'Frankfurt am Main' }, says: 'region: ' },
  { why: 'has a certificate that is none', change: { certificateAuthority: 'ca.pem' }, says: 'certificateAuthority: ' },
  { why: 'has a damaged certificate', change: { certificateAuthority: damaged }, says: 'certificateAuthority: ' },
  {
    why: 'has a damaged second certificate',
    change: { certificateAuthority: CERTIFICATE + damaged },
    says: 'certificateAuthority: ',
  },
  {
    why: 'has a bundle that breaks off',
    change: { certificateAuthority: CERTIFICATE + CERTIFICATE.slice(0, -40) },
    says: 'certificateAuthority: ',
  },
  {
    why: 'names an owner that is no account of AWS',
    change: { expectedBucketOwner: '12345' },
    says: 'expectedBucketOwner: ',
  },
  { why: 'takes files of no size', change: { maxObjectBytes: 0 }, says: 'maxObjectBytes: ' },
  { why: 'takes half a byte', change: { maxObjectBytes: 0.5 }, says: 'maxObjectBytes: ' },
  { why: 'takes more than parts can hold', change: { maxObjectBytes: 53_687_091_200_001 }, says: 'maxObjectBytes: ' },
];

for (const { why, change, says } of BAD_INPUTS) {
  test(`account add: is refused with InvalidRequest, when the account ${why}`, async () => {
    const scene = aDesk({ accounts: [] });

    const reply = await scene.ask('POST', '/accounts', { ...SMALLEST, ...change });

    const { status, code, happened } = refusalOf(reply);
    assert.deepEqual([status, code], [400, 'InvalidRequest']);
    assert.ok(happened.startsWith(`The request cannot be understood: ${says}`), happened);
    assert.deepEqual(scene.store.accounts(), []);
  });
}

test('account add: names everything whose form is wrong, in one refusal', async () => {
  const reply = await aDesk().ask('POST', '/accounts', { email: 'ada', keys: 'none' });

  const { happened } = refusalOf(reply);
  for (const field of ['email', 'forcePathStyle', 'existing', 'keys'])
    assert.match(happened, new RegExp(`\\b${field}: `, 'u'));
});

test('account add: says what an owner has to look like, with each backslash escaped once', async () => {
  const reply = await aDesk().ask('POST', '/accounts', { ...SMALLEST, expectedBucketOwner: 'ada' });

  assert.match(refusalOf(reply).happened, /[^\\]\\\\d\{12\}/u);
});

for (const body of [undefined, null, 'text', [], 7]) {
  test(`account add: is refused with InvalidRequest, when the body is ${JSON.stringify(body) ?? 'missing'}`, async () => {
    const reply = await aDesk().ask('POST', '/accounts', body);

    assert.equal(brieflyRefused(reply), '400 InvalidRequest');
  });
}

test('account list: shows every account, by address', async () => {
  const accounts = ['cy@example.com', 'ada@example.com', 'bo@example.com'].map((email) => sampleAccount({ email }));
  const scene = aDesk({ accounts });

  const reply = await scene.ask('GET', '/accounts');

  const shown = await Promise.all(
    ['ada', 'bo', 'cy'].map((name) => scene.ask('GET', `/accounts/${name}%40example.com`)),
  );
  assert.deepEqual(reply, { status: 200, body: { accounts: shown.map(({ body }) => body) } });
});

test('account list: is empty, while there is no account', async () => {
  const reply = await aDesk({ accounts: [] }).ask('GET', '/accounts');

  assert.deepEqual(reply, { status: 200, body: { accounts: [] } });
});

test('account show: is refused with InvalidSender, when there is no such account', async () => {
  const { status, code, happened } = refusalOf(await aDesk().ask('GET', '/accounts/bo%40example.com'));

  assert.deepEqual([status, code], [404, 'InvalidSender']);
  assert.match(happened, /bo@example\.com/u);
});

test('account remove: takes the account away, whose finished jobs stay', async () => {
  const scene = aDesk();
  scene.store.addJob(sampleJob({ state: { job: 'Completed', device: 'AtAWS' } }), sampleChange());

  const reply = await scene.ask('DELETE', '/accounts/Ada%40example.com');

  assert.deepEqual(reply, { status: 200, body: {} });
  assert.deepEqual(scene.store.accounts(), []);
  assert.equal((await scene.ask('GET', '/jobs/53TX4')).status, 200);
});

test('account remove: is refused with InvalidSender, when there is no such account', async () => {
  const reply = await aDesk().ask('DELETE', '/accounts/bo%40example.com');

  assert.equal(brieflyRefused(reply), '404 InvalidSender');
});

test('account remove: is refused with AccountHasJobs, naming the open ones alone, while jobs are open', async () => {
  const scene = aDesk({ accounts: [sampleAccount(), sampleAccount({ email: 'bo@example.com' })] });
  const add = (jobId: string, job: 'Pending' | 'InProgress' | 'Canceled', accountEmail = 'ada@example.com'): void => {
    const state = { job, device: 'AtAWS' } as const;
    scene.store.addJob(sampleJob({ jobId: jobIdOf(jobId), accountEmail, state }), sampleChange({ state }));
  };
  add('AAAAA', 'Pending');
  add('BBBBB', 'InProgress');
  add('CCCCC', 'Canceled');
  add('DDDDD', 'Pending', 'bo@example.com');

  const { status, code, happened } = refusalOf(await scene.ask('DELETE', '/accounts/ada%40example.com'));

  assert.deepEqual([status, code], [409, 'AccountHasJobs']);
  assert.match(happened, /\(BBBBB, AAAAA\)/u);
  assert.equal(scene.store.accounts().length, 2);
});
