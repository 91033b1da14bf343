// What is wrong with a request for a job before any bucket is asked (spec 3.4): all of it is told, by field and line,
// and nothing is stored and no bucket touched.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDED_LINE, manifestText } from '../job/sample.ts';
import { aDesk, brieflyRefused, createdOf, findingsOf, jobInput, refusalOf, type DeskScene } from './a-desk.ts';

const assertUntouched = (scene: DeskScene): void => {
  assert.deepEqual(scene.store.jobs(), []);
  assert.deepEqual([scene.regionsAsked.length, scene.probes.length], [0, 0]);
};

interface BadRequest {
  readonly why: string;
  readonly body: unknown;
  readonly says: string;
}

const BAD_REQUESTS: readonly BadRequest[] = [
  { why: 'has no body', body: undefined, says: 'the body: ' },
  { why: 'names no account', body: { ...jobInput(), account: undefined }, says: 'account: ' },
  { why: 'names no address', body: { ...jobInput(), account: 'ada' }, says: 'account: ' },
  { why: 'brings no manifest', body: { account: 'ada@example.com' }, says: 'manifest: ' },
  { why: 'brings a manifest that is no base64', body: { ...jobInput(), manifest: 'bucket: b' }, says: 'manifest: ' },
  { why: 'has a field that nobody knows', body: { ...jobInput(), validateOnly: true }, says: 'the body: ' },
  { why: 'names a key by a number', body: { ...jobInput(), signingKeyId: 7 }, says: 'signingKeyId: ' },
];

for (const { why, body, says } of BAD_REQUESTS) {
  test(`job create: is refused with InvalidRequest, when the request ${why}`, async () => {
    const scene = aDesk();

    const { status, code, happened } = refusalOf(await scene.ask('POST', '/jobs', body));

    assert.deepEqual([status, code], [400, 'InvalidRequest']);
    assert.ok(happened.startsWith(`The request cannot be understood: ${says}`), happened);
    assertUntouched(scene);
  });
}

test('job create: is refused with InvalidSender, when the address has no account, whatever the manifest', async () => {
  const scene = aDesk();

  const reply = await scene.create('', { account: 'bo@example.com' });

  assert.equal(brieflyRefused(reply), '404 InvalidSender');
  assertUntouched(scene);
});

interface BadManifest {
  readonly why: string;
  readonly text: string;
  /** Of each finding code, field and line; the first one's code is the refusal's. */
  readonly findings: readonly string[];
  readonly facilityCountry?: string;
}

const customs = (deviceValue: string): string =>
  ['customs:', 'dataDescription: office documents', 'encryptedData: no', 'exportCertifierName: Robin Tester']
    .concat(['requiresExportLicense: no', `deviceValue: ${deviceValue}`, 'deviceCountryOfOrigin: China'])
    .concat(['deviceType: externalStorageDevice'])
    .join('\n  ')
    .concat('\n');

const BAD_MANIFESTS: readonly BadManifest[] = [
  { why: 'is empty', text: '', findings: ['MalformedManifest - -'] },
  {
    why: 'is some other file',
    text: '\u0000\u0001PK',
    findings: ['MalformedManifest - 1', 'MalformedManifest - 1', 'MalformedManifest - -'],
  },
  {
    why: 'has a field twice',
    text: manifestText({}, 'acl: private\nacl: private\n'),
    findings: ['MalformedManifest acl 14'],
  },
  { why: 'lacks a field', text: manifestText({ bucket: '' }), findings: ['MissingManifestField bucket -'] },
  {
    why: 'lacks the key that 1.x must name',
    text: manifestText({ manifestVersion: 'manifestVersion: 1.0' }),
    findings: ['MissingManifestField accessKeyId -'],
  },
  {
    why: 'has a value that is none',
    text: manifestText({}, 'acl: everybody\n'),
    findings: [`InvalidManifestField acl ${ADDED_LINE}`],
  },
  {
    why: 'has a field that nobody knows',
    text: manifestText({}, 'contentEncoding: gzip\n'),
    findings: [`InvalidManifestField contentEncoding ${ADDED_LINE}`],
  },
  {
    why: 'has a logPrefix that is too long',
    text: manifestText({}, `logPrefix: ${'x'.repeat(1009)}\n`),
    findings: [`InvalidManifestField logPrefix ${ADDED_LINE}`],
  },
  {
    why: 'has a prefix with an empty part',
    text: manifestText({}, 'prefix: a//b\n'),
    findings: [`InvalidManifestField prefix ${ADDED_LINE}`],
  },
  {
    why: 'is for an encrypted volume',
    text: manifestText({}, 'trueCryptPassword: open-sesame\n'),
    findings: [`InvalidManifestField trueCryptPassword ${ADDED_LINE}`],
  },
  {
    why: 'has an address without a city',
    text: manifestText({ city: '' }),
    findings: ['InvalidAddress returnAddress.city -'],
  },
  {
    why: 'has a post box for an address',
    text: manifestText({ street1: '  street1: P.O. Box 12' }),
    findings: ['InvalidAddress returnAddress.street1 7'],
  },
  {
    why: 'lacks customs over a border',
    text: manifestText({}),
    facilityCountry: 'Germany',
    findings: ['MissingCustoms customs -'],
  },
  {
    why: 'has customs without a right value',
    text: manifestText({}, customs('much')),
    facilityCountry: 'Germany',
    findings: ['InvalidCustoms customs.deviceValue 18'],
  },
  {
    why: 'has a pattern that cannot be compiled',
    text: manifestText({}, 'ignore:\n  - \\.psd$\n  - (?=x)\n'),
    findings: [`InvalidManifestField ignore[2] ${ADDED_LINE + 2}`],
  },
];

for (const { why, text, findings, facilityCountry } of BAD_MANIFESTS) {
  test(`job create: is refused by field and line, when the manifest ${why}`, async () => {
    const scene = aDesk({ jobs: facilityCountry === undefined ? {} : { facilityCountry } });

    const reply = await scene.create(text);

    const [code] = findings[0]?.split(' ') ?? [];
    assert.equal(brieflyRefused(reply), `422 ${String(code)}`);
    assert.deepEqual(findingsOf(reply), findings);
    assert.match(refusalOf(reply).happened, findings.length === 1 ? /: 1 finding\.$/u : /: \d findings\.$/u);
    assertUntouched(scene);
  });
}

test('job create: tells every finding of a manifest at once', async () => {
  const reply = await aDesk().create(
    manifestText({ city: '', deviceId: 'deviceId:' }, 'acl: everybody\ncolour: red\n'),
  );

  assert.deepEqual(findingsOf(reply).toSorted(), [
    'InvalidAddress returnAddress.city -',
    'InvalidManifestField acl 13',
    'InvalidManifestField colour 14',
    'MissingManifestField deviceId -',
  ]);
  assert.match(refusalOf(reply).happened, /: 4 findings\.$/u);
});

test('job create: tells a bad pattern and an unknown key in one refusal', async () => {
  const reply = await aDesk().create(manifestText({}, 'accessKeyId: unknown\nignore:\n  - (\n'));

  assert.equal(brieflyRefused(reply), '422 InvalidManifestField');
  assert.deepEqual(findingsOf(reply), ['InvalidAccessKeyId accessKeyId 13', 'InvalidManifestField ignore[1] 15']);
});

test('job create: tells a bad pattern and an unknown key by line, when the fields have findings, too', async () => {
  const added = 'acl: everybody\naccessKeyId: unknown\nignore:\n  - (\n  - \\.psd$\n  -\ncolour: red\n';

  const reply = await aDesk().create(manifestText({ deviceId: '' }, added));

  assert.equal(brieflyRefused(reply), '422 InvalidManifestField');
  assert.deepEqual(findingsOf(reply), [
    'InvalidManifestField acl 13',
    'InvalidAccessKeyId accessKeyId 14',
    'InvalidManifestField ignore[1] 16',
    'InvalidManifestField ignore[3] 18',
    'InvalidManifestField colour 19',
    'MissingManifestField deviceId -',
  ]);
});

test('job create: takes a drive over the border with its customs', async () => {
  const scene = aDesk({ jobs: { facilityCountry: 'Germany' } });

  createdOf(await scene.create(manifestText({}, customs('120.00'))));
});

test('job create: asks nothing of customs, where nobody says in which country the station stands', async () => {
  createdOf(await aDesk().create(manifestText({})));
});
