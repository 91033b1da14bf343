// What a valid manifest's author is warned of (decisions 6, 17 and 25; spec 3.6).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { manifestWarnings } from '#job/manifest-warnings.ts';

import { manifestOf, manifestText } from './sample.ts';

const warningsOf = (replaced: Readonly<Record<string, string>>, added: string = ''): readonly string[] =>
  manifestWarnings(manifestOf(manifestText(replaced, added)));

const REPLACED = 'Objects that exist in "sample-bucket" already are replaced where a file gets their key.';

test('manifestWarnings: says of every manifest that existing objects are replaced', () => {
  assert.deepEqual(warningsOf({}), [REPLACED]);
});

test('manifestWarnings: says that existing objects stay, when the account wants it so', () => {
  assert.deepEqual(manifestWarnings(manifestOf(manifestText({})), 'refuse'), [
    'Objects that exist in "sample-bucket" already stay: a file that would get their key is not loaded.',
  ]);
});

test('manifestWarnings: says that the drive is not erased, when the manifest asks for it', () => {
  assert.deepEqual(warningsOf({ eraseDevice: 'eraseDevice: yes' }), [
    'The drive is not erased by this station, although the manifest says "eraseDevice: yes".',
    REPLACED,
  ]);
});

for (const [title, patterns, bins] of [
  ['the documented idiom alone', ['^\\$Recycle\\.bin/'], ['$RECYCLE.BIN', '$Recycle.Bin']],
  ['one of the two that Windows writes', ['^\\$Recycle\\.bin/', '^\\$RECYCLE\\.BIN/'], ['$Recycle.Bin']],
  [
    'a pattern without case for something else',
    ['^\\$Recycle\\.bin/', '(?i)\\.psd$'],
    ['$RECYCLE.BIN', '$Recycle.Bin'],
  ],
  ['both that Windows writes', ['^\\$Recycle\\.bin/', '^\\$RECYCLE\\.BIN/', '^\\$Recycle\\.Bin/'], []],
  ['the idiom without case', ['(?i)^\\$Recycle\\.bin/'], []],
  ['no recycle bin', ['^RECYCLER/'], []],
] as const) {
  test(`manifestWarnings: names ${bins.length} recycle bins of Windows, when ignore has ${title}`, () => {
    const [warning = ''] = warningsOf({}, `ignore:\n${patterns.map((pattern) => `  - ${pattern}\n`).join('')}`);

    if (bins.length === 0) assert.equal(warning, REPLACED);
    else assert.ok(warning.includes(`does not match ${bins.join(' or ')}, as Windows writes it`), warning);
  });
}

test('manifestWarnings: tells of a pattern that looks as if a comment followed', () => {
  assert.deepEqual(warningsOf({}, 'ignore:\n  - \\.psd$ # pictures\n  - a#b\n'), [
    'The ignore pattern on line 14 holds a blank and "#": that is part of it, not a comment.',
    REPLACED,
  ]);
});

test('manifestWarnings: tells of fields that hold nothing but a comment', () => {
  const added = 'prefix: #archive/\nstaticMetadata: # what\n  a: b\n  c: # d\ngenerator:#1\nacl: private # e\n';

  assert.deepEqual(warningsOf({}, added), [
    'The field "prefix" on line 13 holds nothing but a comment, so it is not given; a value that begins with "#" needs quotes.',
    'The field "staticMetadata.c" on line 16 holds nothing but a comment, so it is not given; a value that begins with "#" needs quotes.',
    REPLACED,
  ]);
});

for (const bucket of ['Upper', 'under_score', 'a..b', '-abc', 'abc-', 'a.-b', '192.168.0.1', 'x'.repeat(64)]) {
  test(`manifestWarnings: tells that ${bucket.slice(0, 12)} is not DNS-compatible`, () => {
    const [warning] = warningsOf({ bucket: `bucket: ${bucket}` });

    assert.equal(
      warning,
      `The bucket name ${quoted(bucket)} is not DNS-compatible: it can be reached by path style only.`,
    );
  });
}

test('manifestWarnings: tells of the bucket of the log, too', () => {
  assert.match(warningsOf({}, 'logBucket: Logs_1\n')[0] ?? '', /^The bucket name "Logs_1" is not DNS-compatible/u);
});

const quoted = (bucket: string): string => `"${bucket.slice(0, 60)}${bucket.length > 60 ? '...' : ''}"`;
