// What the manifest parser makes of whole manifests (spec 1.8) and of any bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Manifest } from '#job/manifest.ts';
import { parseManifest } from '#job/parse-manifest.ts';

import { countOf } from '../../support/counts.ts';
import { ADDED_LINE, briefly, example, manifestOf, manifestText, problemsOf } from './sample.ts';

const withoutLines = ({ lines, ...rest }: Manifest): Omit<Manifest, 'lines'> => rest;

test('parseManifest: reads the smallest 1.x manifest with every default', () => {
  const manifest = manifestOf(example('smallest').toString());

  assert.deepEqual(withoutLines(manifest), {
    manifestVersion: '1.0',
    majorVersion: 1,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    deviceId: 'VEC-0001',
    eraseDevice: false,
    bucket: 'vector-bucket',
    logBucket: 'vector-bucket',
    logPrefix: '',
    prefix: '',
    acl: 'private',
    ignore: [],
    substitutions: [],
    contentTypes: new Map(),
    staticMetadata: new Map(),
    setContentEncodingForGzFiles: false,
    notificationEmail: [],
    serviceLevel: 'standard',
    returnAddress: {
      name: 'Ada Example',
      street1: '12 Sample Street',
      city: 'Seattle',
      stateOrProvince: 'WA',
      postalCode: '98101',
      phoneNumber: '206-555-0100',
      country: 'USA',
    },
  });
  assert.deepEqual(
    [...manifest.lines],
    [
      ['manifestVersion', 1],
      ['accessKeyId', 2],
      ['bucket', 3],
      ['deviceId', 4],
      ['eraseDevice', 5],
      ['returnAddress', 6],
    ],
  );
});

test('parseManifest: reads a 2.0 manifest with most options', () => {
  const manifest = manifestOf(example('most-options').toString());

  assert.deepEqual(withoutLines(manifest), {
    manifestVersion: '2.0',
    majorVersion: 2,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    deviceId: 'WD-WCAV5X100001',
    eraseDevice: true,
    generator: 'import-station-tests 1.0',
    bucket: 'photo-archive',
    logBucket: 'photo-archive',
    logPrefix: 'logs/',
    prefix: 'disks/2009-03/',
    acl: 'public-read',
    ignore: [
      { value: '^lost\\+found/', line: 18 },
      { value: '^\\$Recycle\\.bin/', line: 19 },
      { value: '^RECYCLER/', line: 20 },
      { value: '^RECYCLED/', line: 21 },
      { value: '.*~$', line: 22 },
      { value: '\\.psd$', line: 23 },
      { value: '\\.PSD$', line: 24 },
    ],
    substitutions: [
      { from: ' ', to: '_', line: 26 },
      { from: '$COLON$', to: ':', line: 27 },
    ],
    contentTypes: new Map([
      ['jpg', 'image/jpeg'],
      ['JPG', 'image/jpeg'],
      ['tif', 'image/tiff'],
    ]),
    contentDisposition: 'attachment',
    contentLanguage: 'es',
    cacheControl: 'max-age=3600',
    setContentEncodingForGzFiles: true,
    staticMetadata: new Map([
      ['owner', 'archive-team'],
      ['source', 'disk-3'],
    ]),
    diskTimestampMetadataKey: 'disk-mtime',
    notificationEmail: ['ops@example.com', 'archive@example.com'],
    serviceLevel: 'standard',
    returnAddress: {
      name: 'Robin Tester',
      company: 'Example Photo',
      street1: '100 Main Street',
      street2: 'Suite 4',
      city: 'Portland',
      stateOrProvince: 'OR',
      postalCode: '97201',
      phoneNumber: '+1 503-555-0142',
      country: 'USA',
    },
  });
  assert.equal(manifest.lines.get('returnAddress'), 36);
});

test('parseManifest: reads the spelling without blanks, with empty fields and customs', () => {
  const manifest = manifestOf(example('lenient').toString(), { facilityCountry: 'USA' });

  assert.deepEqual(withoutLines(manifest), {
    manifestVersion: '2.0',
    majorVersion: 2,
    deviceId: 'S/N 123XXXY1934883',
    eraseDevice: true,
    generator: 'Text editor',
    bucket: 'eu-backups',
    logBucket: 'eu-backups',
    logPrefix: '',
    prefix: '',
    acl: 'private',
    ignore: [],
    substitutions: [],
    contentTypes: new Map(),
    staticMetadata: new Map(),
    setContentEncodingForGzFiles: false,
    notificationEmail: ['backup@example.org'],
    serviceLevel: 'standard',
    returnAddress: {
      name: 'Kim Voorbeeld',
      street1: 'Voorbeeldstraat 1',
      city: 'Utrecht',
      postalCode: '3511 AA',
      phoneNumber: '+31 30 555 0100',
      country: 'Netherlands',
    },
    customs: {
      dataDescription: 'Off-site backup of office documents',
      encryptedData: 'no',
      exportCertifierName: 'Kim Voorbeeld',
      requiresExportLicense: 'no',
      deviceValue: '120.00',
      deviceCountryOfOrigin: 'China',
      deviceType: 'externalStorageDevice',
      typeOfExport: 'return',
    },
  });
});

for (const name of ['smallest', 'most-options', 'lenient'] as const) {
  for (const [title, change] of [
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['lone CR', (text: string) => text.replaceAll('\n', '\r')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['no final line end', (text: string) => text.slice(0, -1)],
    ['a YAML document marker', (text: string) => `---\n${text}`],
    ['blanks at line ends', (text: string) => text.replaceAll('\n', ' \t\n')],
    ['all lines indented by two', (text: string) => text.replaceAll(/^/gmu, '  ')],
    ['blank lines and comments', (text: string) => text.replaceAll('\n', '\n\n\t # note: "odd\n')],
  ] as const) {
    test(`parseManifest: reads "${name}" alike with ${title}`, () => {
      const text = example(name).toString();
      const unlocated = (manifest: Manifest): unknown => ({
        ...withoutLines(manifest),
        ignore: manifest.ignore.map(({ value }) => value),
        substitutions: manifest.substitutions.map(({ from, to }) => [from, to]),
      });

      assert.deepEqual(unlocated(manifestOf(change(text))), unlocated(manifestOf(text)));
    });
  }
}

test('parseManifest: keeps every scalar as it was written', () => {
  const text = manifestText({ postalCode: '  postalCode: 00501', deviceId: 'deviceId: 0x1F' }, 'generator: 1.50\n');

  const { deviceId, generator, returnAddress } = manifestOf(text);

  assert.deepEqual([deviceId, generator, returnAddress.postalCode], ['0x1F', '1.50', '00501']);
});

test('parseManifest: reports every kind of finding in one go, by line, missing fields last', () => {
  const text = `manifestVersion: 4.0
bucket: sample-bucket
bucket: other-bucket
deviceid: 1
acl: everybody
prefix /nowhere
returnAddress:
  name: Robin Tester
  street1: P.O. Box 12
  city:
  phoneNumber: 1
  postalCode: 2
  country: USA
`;

  assert.deepEqual(briefly(problemsOf(text)), [
    'InvalidManifestField manifestVersion 1',
    'MalformedManifest bucket 3',
    'InvalidManifestField deviceid 4',
    'InvalidManifestField acl 5',
    'MalformedManifest - 6',
    'InvalidAddress returnAddress.street1 9',
    'MissingManifestField deviceId -',
    'InvalidAddress returnAddress.city -',
    'InvalidAddress returnAddress.stateOrProvince -',
  ]);
});

test('parseManifest: names all fields that are missing from a manifest with one field', () => {
  assert.deepEqual(briefly(problemsOf('generator: by hand')), [
    'MissingManifestField manifestVersion -',
    'MissingManifestField deviceId -',
    'MissingManifestField bucket -',
    'MissingManifestField returnAddress -',
  ]);
});

for (const [title, bytes] of [
  ['nothing', ''],
  ['comments alone', '# bucket: x\n\n'],
  ['a bare word', 'manifest'],
  ['a document marker alone', '---'],
] as const) {
  test(`parseManifest: calls ${title} malformed, without a list of missing fields`, () => {
    const codes = new Set(problemsOf(bytes).map(({ code }) => code));

    assert.deepEqual([...codes], ['MalformedManifest']);
  });
}

test('parseManifest: refuses more than 64 KiB and reads exactly 64 KiB', () => {
  const text = manifestText({});
  const fill = (size: number): Uint8Array => Buffer.from(text + '#'.repeat(size - Buffer.byteLength(text)));

  assert.equal(parseManifest(fill(65_536)).kind, 'ok');
  assert.deepEqual(parseManifest(fill(65_537)), {
    kind: 'problem',
    problems: [{ code: 'MalformedManifest', message: 'the manifest has 65537 bytes, expected at most 65536' }],
  });
});

test('parseManifest: names the line that is not UTF-8', () => {
  const bytes = Buffer.concat([Buffer.from('manifestVersion: 2.0\r\ngenerator: '), Buffer.of(0xe9, 0x0a)]);

  assert.deepEqual(parseManifest(bytes), {
    kind: 'problem',
    problems: [{ code: 'MalformedManifest', line: 2, message: 'the line is not valid UTF-8' }],
  });
});

for (const mark of [
  [0xff, 0xfe],
  [0xfe, 0xff],
]) {
  test(`parseManifest: says UTF-16, when the bytes start with its mark ${Buffer.from(mark).toString('hex')}`, () => {
    assert.deepEqual(parseManifest(Buffer.from([...mark, 0x61, 0x00])), {
      kind: 'problem',
      problems: [{ code: 'MalformedManifest', line: 1, message: 'the manifest is UTF-16, expected UTF-8' }],
    });
  });
}

test('parseManifest: names control characters by line, once each, and reads on', () => {
  const text = manifestText({}, 'generator: a\u0000b\u0000\u0085c\nfoo: 1\n');

  assert.deepEqual(problemsOf(text), [
    {
      code: 'MalformedManifest',
      line: ADDED_LINE,
      message: 'the line holds control characters (U+0000, U+0085), expected plain text',
    },
    {
      code: 'InvalidManifestField',
      field: 'foo',
      line: ADDED_LINE + 1,
      message: '"foo" is no known field',
    },
  ]);
});

test('parseManifest: never throws, and says why it refuses, whatever the bytes', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
    fc
      .array(fc.constantFrom(...' \t\n\r:#-"\'[]{},\\a0&~'), { maxLength: 80 })
      .map((text) => Buffer.from(text.join(''))),
  );

  fc.assert(
    fc.property(anything, (bytes) => {
      const result = parseManifest(bytes);
      assert.ok(result.kind === 'problem' && result.problems.length > 0);
      for (const { message } of result.problems) assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
    }),
    { numRuns: countOf({ usual: 2_000, long: 200_000 }) },
  );
});

test('parseManifest: never throws, when a valid manifest is changed at one place', () => {
  const valid = Buffer.concat([example('most-options'), Buffer.from('customs: {a: \'b\', c: "d"}\n')]);

  fc.assert(
    fc.property(fc.nat(valid.length), fc.nat(5), fc.uint8Array({ maxLength: 5 }), (at, cut, inserted) => {
      const bytes = Buffer.concat([valid.subarray(0, at), inserted, valid.subarray(at + cut)]);
      const result = parseManifest(bytes);
      assert.ok(result.kind === 'ok' || result.problems.length > 0);
    }),
    { numRuns: countOf({ usual: 2_000, long: 200_000 }) },
  );
});

for (const [title, line] of [
  ['blanks', `generator: a${' '.repeat(60_000)}b`],
  ['quotes', `generator: ${"'".repeat(60_001)}`],
  ['backslashes', `generator: "${'\\'.repeat(60_000)}`],
  ['brackets', `generator: ${'['.repeat(60_000)}`],
  ['commas', `generator: [${'a,'.repeat(30_000)}`],
  ['semicolons', `notificationEmail: ${'a@b;'.repeat(15_000)}c`],
  ['fields', 'a:\n'.repeat(20_000)],
  ['dots', `returnAddress: {street1: ${'p. '.repeat(20_000)}}`],
] as const) {
  test(`parseManifest: takes no time worth naming over 60,000 ${title}`, () => {
    const start = process.cpuUsage();

    parseManifest(Buffer.from(line));

    const { user } = process.cpuUsage(start);
    assert.ok(user < 2_000_000, `took ${user} microseconds of CPU`);
  });
}
