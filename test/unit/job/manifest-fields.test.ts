// The rule of every field of a manifest (spec 1.2, 1.3, 1.6, 1.7; decisions 5 and 25).

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';

import type { Manifest } from '#job/manifest.ts';

import { ADDED_LINE, briefly, example, manifestOf, manifestText, parse, problemsOf } from './sample.ts';

const withAdded = (added: string): Manifest => manifestOf(manifestText({}, added));

const only = (text: string): readonly [string, string, string] => {
  const problems = problemsOf(text);
  const [{ code, field = '-', message } = { code: '-', message: '-' }] = problems;
  assert.equal(problems.length, 1, inspect(problems));
  return [code, field, message];
};

const invalid = (added: string, field: string, message: string): void => {
  assert.deepEqual(only(manifestText({}, added)), ['InvalidManifestField', field, message]);
};

for (const version of ['1.0', '1.1', '1.2', '1.3']) {
  test(`manifestVersion: accepts ${version} as a 1.x manifest, with eraseDevice "no" when not given`, () => {
    const added = 'accessKeyId: AKIAIOSFODNN7EXAMPLE\n';
    const text = manifestText({ manifestVersion: `manifestVersion: ${version}`, eraseDevice: '' }, added);

    const { manifestVersion, majorVersion, eraseDevice } = manifestOf(text);

    assert.deepEqual([manifestVersion, majorVersion, eraseDevice], [version, 1, false]);
  });
}

for (const version of ['2', '2.0;', '1.4', '1', '"2.0 "']) {
  test(`manifestVersion: refuses ${version}`, () => {
    const [code, field] = only(manifestText({ manifestVersion: `manifestVersion: ${version}` }));

    assert.deepEqual([code, field], ['InvalidManifestField', 'manifestVersion']);
  });
}

test('manifestVersion: refuses 3.0 by what it is', () => {
  assert.deepEqual(only(manifestText({ manifestVersion: 'manifestVersion:3.0' })), [
    'InvalidManifestField',
    'manifestVersion',
    'expected 1.0, 1.1, 1.2, 1.3 or 2.0 (3.0 is an EBS or Glacier import, which is not done here), found "3.0"',
  ]);
});

test('accessKeyId: is required in a 1.x manifest only', () => {
  const text = example('smallest')
    .toString()
    .replace(/^accessKeyId.*$/mu, '');

  assert.deepEqual(briefly(problemsOf(text)), ['MissingManifestField accessKeyId -']);
  assert.equal(manifestOf(manifestText({})).accessKeyId, undefined);
});

test('eraseDevice: is required in a 2.0 manifest', () => {
  assert.deepEqual(only(manifestText({ eraseDevice: '' })), [
    'MissingManifestField',
    'eraseDevice',
    '"eraseDevice" is missing',
  ]);
});

for (const [word, expected] of [
  ['yes', true],
  ['Yes', true],
  ['TRUE', true],
  ['no', false],
  ['NO', false],
  ['"false"', false],
] as const) {
  test(`eraseDevice: reads ${word} as ${String(expected)}`, () => {
    assert.equal(manifestOf(manifestText({ eraseDevice: `eraseDevice:${word}` })).eraseDevice, expected);
  });
}

test('eraseDevice: refuses another word', () => {
  assert.deepEqual(only(manifestText({ eraseDevice: 'eraseDevice: y' })), [
    'InvalidManifestField',
    'eraseDevice',
    'expected "yes" or "no", found "y"',
  ]);
});

for (const name of ['manifestVersion', 'bucket', 'deviceId']) {
  for (const line of ['', `${name}:`, `${name}: ""`, `${name}: # to be filled in`]) {
    test(`${name}: is missing, when its line is ${JSON.stringify(line)}`, () => {
      assert.deepEqual(briefly(problemsOf(manifestText({ [name]: line }))), [`MissingManifestField ${name} -`]);
    });
  }
}

for (const bucket of ['abc', 'a-b.c', 'Old_Bucket', '9'.repeat(255)]) {
  test(`bucket: accepts ${bucket.slice(0, 12)}`, () => {
    assert.equal(manifestOf(manifestText({ bucket: `bucket: ${bucket}` })).bucket, bucket);
  });
}

for (const bucket of ['ab', 'a/b', 'a b c', 'büro', '...', 'x'.repeat(256), '"a\\nbc"']) {
  test(`bucket: refuses ${bucket.slice(0, 12)}, and logBucket does, too`, () => {
    for (const name of ['bucket', 'logBucket']) {
      const text =
        name === 'bucket' ? manifestText({ bucket: `bucket: ${bucket}` }) : manifestText({}, `logBucket: ${bucket}`);
      const [code, field] = only(text);

      assert.deepEqual([code, field], ['InvalidManifestField', name]);
    }
  });
}

test("bucket: tells of the template's brackets, when they were left", () => {
  assert.deepEqual(only(manifestText({ bucket: 'bucket:[Enter import bucket]' })), [
    'InvalidManifestField',
    'bucket',
    "expected text, found a list (a template's brackets must be removed, or put quotes around)",
  ]);
});

test('logBucket: is the data bucket, when it is not given', () => {
  assert.equal(withAdded('logBucket: logs-of-mine\n').logBucket, 'logs-of-mine');
  assert.equal(withAdded('').logBucket, 'sample-bucket');
});

test('finding: repeats a value printable and at most 60 characters of it', () => {
  invalid(
    `acl: "\\u202e${'😀'.repeat(70)}"\n`,
    'acl',
    'expected "private" or "public-read" or "public-read-write" or "authenticated-read", ' +
      `found "\\u{202e}${'😀'.repeat(59)}..."`,
  );
});

for (const acl of ['private', 'public-read', 'public-read-write', 'authenticated-read']) {
  test(`acl: accepts ${acl}`, () => {
    assert.equal(withAdded(`acl: ${acl}\n`).acl, acl);
  });
}

for (const name of ['generator', 'deviceId']) {
  test(`${name}: refuses control characters that escapes make`, () => {
    const line = `${name}: "a\\nb"`;
    const text = name === 'deviceId' ? manifestText({ deviceId: line }) : manifestText({}, line);

    assert.deepEqual(only(text), [
      'InvalidManifestField',
      name,
      'expected text without control characters or line breaks, found "a\\u{a}b"',
    ]);
  });
}

test('accessKeyId: refuses a blank inside', () => {
  invalid(
    'accessKeyId: AKIA EXAMPLE\n',
    'accessKeyId',
    'expected an access key ID without blanks, found "AKIA EXAMPLE"',
  );
});

const HEADERS = ['cacheControl', 'contentDisposition', 'contentLanguage', 'expires'] as const;

for (const name of HEADERS) {
  test(`${name}: keeps any header text, and refuses what no header can hold`, () => {
    assert.equal(withAdded(`${name}: max-age=3600; a="b", tomorrow\n`)[name], 'max-age=3600; a="b", tomorrow');
    for (const value of ['"a\\r\\nX-Evil: 1"', '"a\\0"', '"a\\x7f"', 'é', '"a\\tb"']) {
      const [code, field] = only(manifestText({}, `${name}: ${value}\n`));

      assert.deepEqual([code, field], ['InvalidManifestField', name]);
    }
  });
}

test('storageClass: keeps a class in capitals and refuses another text', () => {
  assert.equal(withAdded('storageClass: REDUCED_REDUNDANCY\n').storageClass, 'REDUCED_REDUNDANCY');
  invalid(
    'storageClass: cheap\n',
    'storageClass',
    'expected a storage class in capitals such as STANDARD, found "cheap"',
  );
});

test('setContentEncodingForGzFiles: reads yes', () => {
  assert.equal(withAdded('setContentEncodingForGzFiles:YES\n').setContentEncodingForGzFiles, true);
});

test('defaultContentType: keeps a type with parameters and refuses a bare word', () => {
  assert.equal(
    withAdded('defaultContentType: text/html; charset=utf-8\n').defaultContentType,
    'text/html; charset=utf-8',
  );
  invalid(
    'defaultContentType: html\n',
    'defaultContentType',
    'expected a content type such as image/jpeg, found "html"',
  );
});

test('contentTypes: names the extension that is wrong, and takes an empty type as not given', () => {
  const added = 'contentTypes:\n  .jpg: image/jpeg\n  tar.gz: application/gzip\n  tif: tiff\n  "": a/b\n  x: {a: b}\n';

  assert.deepEqual(
    problemsOf(manifestText({}, added)).map(({ field, line, message }) => [field, line, message]),
    [
      ['contentTypes..jpg', ADDED_LINE + 1, 'expected an extension without a dot, found ".jpg"'],
      ['contentTypes.tar.gz', ADDED_LINE + 2, 'expected an extension without a dot, found "tar.gz"'],
      ['contentTypes.tif', ADDED_LINE + 3, 'expected a content type such as image/jpeg, found "tiff"'],
      ['contentTypes.', ADDED_LINE + 4, 'expected an extension without a dot, found ""'],
      [
        'contentTypes.x',
        ADDED_LINE + 5,
        "expected text, found a map (a template's brackets must be removed, or put quotes around)",
      ],
    ],
  );
  assert.deepEqual([...withAdded('contentTypes:\n  a:\n  b: c/d\n').contentTypes], [['b', 'c/d']]);
});

test('contentTypes: keeps a name that objects have by birth', () => {
  assert.deepEqual([...withAdded('contentTypes:\n  __proto__: a/b\n').contentTypes], [['__proto__', 'a/b']]);
});

test('staticMetadata: refuses names that are no header names and values that no header can hold', () => {
  const added = 'staticMetadata:\n  "own er": a\n  source: "a\\nb"\n  "a\\u202eb": c\n';

  assert.deepEqual(
    problemsOf(manifestText({}, added)).map(({ field, message }) => [field, message]),
    [
      ['staticMetadata.own er', 'expected a name of letters, digits and hyphens, found "own er"'],
      ['staticMetadata.source', 'expected ASCII text without control characters or line breaks, found "a\\u{a}b"'],
      ['staticMetadata.a\\u{202e}b', 'expected a name of letters, digits and hyphens, found "a\\u{202e}b"'],
    ],
  );
});

test('staticMetadata: refuses two names that headers do not tell apart', () => {
  invalid(
    'staticMetadata:\n  Owner: a\n  owner: b\n',
    'staticMetadata',
    'two names differ in case only, which headers do not tell apart',
  );
});

test('staticMetadata: has at most 2 KiB together with the timestamp', () => {
  const key = 'diskTimestampMetadataKey: time\n';
  const filled = (bytes: number): string => `staticMetadata:\n  a: ${'x'.repeat(bytes - 1)}\n`;

  assert.equal(withAdded(filled(2048)).staticMetadata.size, 1);
  assert.equal(withAdded(key + filled(2024)).diskTimestampMetadataKey, 'time');
  invalid(filled(2049), 'staticMetadata', 'the metadata has 2049 bytes, expected at most 2048');
  invalid(key + filled(2025), 'staticMetadata', 'the metadata has 2049 bytes, expected at most 2048');
});

test('diskTimestampMetadataKey: must be a header name, short enough, and not one of staticMetadata', () => {
  const name = 'diskTimestampMetadataKey';

  invalid(`${name}: disk time\n`, name, 'expected a name of letters, digits and hyphens, found "disk time"');
  invalid(`${name}: ${'x'.repeat(2029)}\n`, name, 'the metadata has 2049 bytes, expected at most 2048');
  invalid(`${name}: MTIME\nstaticMetadata: {mtime: a}\n`, name, 'the name stands in "staticMetadata", too');
});

test('ignore: refuses an empty pattern by number and line, and anything but a list', () => {
  const added = 'ignore:\n  - a\n  -\n  - ""\n';

  assert.deepEqual(briefly(problemsOf(manifestText({}, added))), [
    `InvalidManifestField ignore[2] ${ADDED_LINE + 2}`,
    `InvalidManifestField ignore[3] ${ADDED_LINE + 3}`,
  ]);
  invalid('ignore: \\.psd$\n', 'ignore', 'expected a list, found text');
  invalid('ignore: {a: b}\n', 'ignore', 'expected a list, found a map');
});

test('substitutions: keeps order, empty replacements and control characters', () => {
  const added = 'substitutions:\n  "b" : ""\n  "a\\n" : "\\t"\n  c: d\n  e: "f:g"\n';

  assert.deepEqual(
    withAdded(added).substitutions.map(({ from, to }) => [from, to]),
    [
      ['b', ''],
      ['a\n', '\t'],
      ['c', 'd'],
      ['e', 'f:g'],
    ],
  );
});

test('substitutions: refuses what could be read two ways', () => {
  const added = 'substitutions:\n  a:\n  "": b\n  C:\\x : y\n  d: e:f\n  g: [h]\n';

  assert.deepEqual(
    problemsOf(manifestText({}, added)).map(({ field, line, message }) => [field, line, message]),
    [
      ['substitutions.a', ADDED_LINE + 1, 'nothing is given to replace it by, expected "" to delete it'],
      ['substitutions.', ADDED_LINE + 2, 'an empty text cannot be replaced'],
      ['substitutions.C', ADDED_LINE + 3, 'the line has several colons, expected quotes around both texts'],
      ['substitutions.d', ADDED_LINE + 4, 'the line has several colons, expected quotes around both texts'],
      [
        'substitutions.g',
        ADDED_LINE + 5,
        "expected text, found a list (a template's brackets must be removed, or put quotes around)",
      ],
    ],
  );
  invalid('substitutions:\n  - a\n', 'substitutions', 'expected a map of names and values, found a list');
});

for (const [text, expected] of [
  ['a@b.example', ['a@b.example']],
  [' a@b.example ; c@d.example;', ['a@b.example', 'c@d.example']],
] as const) {
  test(`notificationEmail: reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(withAdded(`notificationEmail: ${text}\n`).notificationEmail, expected);
  });
}

for (const text of [
  'a@b.example, c@d.example',
  'a',
  'a@',
  '"@b"',
  'a@b@c',
  'a <a@b.example>',
  ';',
  `${'x'.repeat(250)}@b.ex`,
]) {
  test(`notificationEmail: refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    const [code, field, message] = only(manifestText({}, `notificationEmail: ${text}\n`));

    assert.deepEqual([code, field], ['InvalidManifestField', 'notificationEmail']);
    assert.match(message, /^expected mail addresses separated by semicolons, found /u);
  });
}

test('notificationEmail: refuses line breaks, which would forge mail headers', () => {
  invalid(
    'notificationEmail: "a@b.example;\\r\\nBcc:x@y.example"\n',
    'notificationEmail',
    'expected mail addresses without control characters or line breaks, ' +
      'found "a@b.example;\\u{d}\\u{a}Bcc:x@y.example"',
  );
});

test('serviceLevel: accepts expeditedShipping to the United States only', () => {
  const added = 'serviceLevel: expeditedShipping\n';

  assert.equal(withAdded(added).serviceLevel, 'expeditedShipping');
  assert.deepEqual(only(manifestText({ country: '  country: Norway' }, added)), [
    'InvalidManifestField',
    'serviceLevel',
    '"expeditedShipping" goes to addresses in the United States only',
  ]);
  invalid('serviceLevel: fast\n', 'serviceLevel', 'expected "standard" or "expeditedShipping", found "fast"');
});

test('pinCode: is kept as a secret', () => {
  const { pinCode } = withAdded('pinCode: 0123\n');

  assert.equal(pinCode?.reveal(), '0123');
  assert.equal(inspect(withAdded('pinCode: 0123\n'), { depth: null }).includes('0123'), false);
});

for (const added of [
  'pinCode: "SECRET\\n"\n',
  'pinCode: "SECRET\n',
  'pinCode: "SECRET\\q"\n',
  'pinCode: *SECRET\n',
  'pinCode: [SECRET]\n',
  'pinCode: {SECRET}\n',
  'pinCode: {a: SECRET}\n',
  'pinCode: a\npinCode: SECRET\n',
  'pinCode:\n  SECRET\n',
  'pincode: SECRET\n',
  'contentTypes:\n  pinCode: SECRET\n',
  'contentTypes: {PINCODE: SECRET}\n',
  'staticMetadata:\n  truecryptpassword: SECRET\u00e9\n',
  'trueCryptPassword: SECRET\n',
  'trueCryptPassword: "SECRET\n',
  'trueCryptPassword: [SECRET]\n',
  'trueCryptPassword:\n  - SECRET\n',
]) {
  test(`finding: does not repeat the secret of ${JSON.stringify(added)}`, () => {
    const problems = problemsOf(manifestText({}, added));

    assert.equal(JSON.stringify(problems).includes('SECRET'), false);
    assert.ok(problems.length > 0);
  });
}

test('trueCryptPassword: is refused by name, but not when it is empty', () => {
  invalid(
    'trueCryptPassword: x\n',
    'trueCryptPassword',
    '"trueCryptPassword" is refused: encrypted volumes cannot be loaded yet',
  );
  assert.equal(parse(manifestText({}, 'trueCryptPassword:\noperations:\n')).kind, 'ok');
});

test('parseManifest: refuses an export manifest by its fields, without a word on what stands below them', () => {
  const added = `fileSystem:[NTFS|EXT4]
targetDirectory:/
recoveryDirectory:EXPORT-RECOVERY
operations:
  - exportBucket:my-bucket
    include: a
\t  - x
exportBucket: "other"
`;
  const exportManifest = 'belongs to an export manifest, expected an S3 import manifest';

  assert.deepEqual(
    problemsOf(manifestText({}, added))
      .filter(({ code }) => code === 'InvalidManifestField')
      .map(({ message }) => message),
    [
      `"fileSystem" ${exportManifest}`,
      `"targetDirectory" ${exportManifest}`,
      `"recoveryDirectory" ${exportManifest}`,
      '"operations" belongs to an export, EBS or Glacier manifest, expected an S3 import manifest',
      `"exportBucket" ${exportManifest}`,
    ],
  );
});

test('parseManifest: refuses an EBS manifest by version and fields', () => {
  const text = manifestText(
    { manifestVersion: 'manifestVersion: 3.0', bucket: '' },
    `operations:
    - destination: ebs-snapshot
      source: device
      deviceCapacityGreaterThan1TB: yes
vaultName: x
`,
  );

  assert.deepEqual(briefly(problemsOf(text)), [
    'InvalidManifestField manifestVersion 1',
    `InvalidManifestField operations ${ADDED_LINE}`,
    `InvalidManifestField vaultName ${ADDED_LINE + 4}`,
    'MissingManifestField bucket -',
  ]);
});

for (const name of ['contentEncoding', 'Bucket', 'ignores', 'constructor', '__proto__']) {
  test(`parseManifest: refuses the unknown field ${name}`, () => {
    const hint = name === 'Bucket' ? ', expected "bucket"' : '';

    invalid(`${name}: x\n`, name, `"${name}" is no known field${hint}`);
  });
}
