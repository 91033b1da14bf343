import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Manifest } from '#job/manifest.ts';
import { createKeyOf } from '#object/object-key.ts';
import { aManifest, substituting } from './a-manifest.ts';

const keyOf = (changes: Partial<Manifest>, path: string | Uint8Array): unknown => {
  const result = createKeyOf(aManifest(changes))(typeof path === 'string' ? Buffer.from(path) : path);
  return result.kind === 'key' ? result.key : [result.status, result.code, result.key];
};

const ONE: Partial<Manifest> = { majorVersion: 1, manifestVersion: '1.0' };

interface KeyRow {
  readonly title: string;
  readonly manifest: Partial<Manifest>;
  readonly path: string;
  readonly expected: unknown;
}

const ROWS: readonly KeyRow[] = [
  { title: 'the path itself without a prefix', manifest: {}, path: 'images/sample.jpg', expected: 'images/sample.jpg' },
  {
    title: 'prefix and path',
    manifest: { prefix: 'my-prefix/' },
    path: 'jpgs/a.jpg',
    expected: 'my-prefix/jpgs/a.jpg',
  },
  { title: 'no slash of its own', manifest: { prefix: 'images' }, path: 'sample.jpg', expected: 'imagessample.jpg' },
  {
    title: 'prefix and path substituted in 2.0',
    manifest: { prefix: 'myprefix$COLON$', substitutions: substituting(['$COLON$', ':'], ['$QUOTE$', '"']) },
    path: '/backup/$COLON$/$QUOTE$computer1$QUOTE$/c$COLON$/image.dat'.slice(1),
    expected: 'myprefix:backup/:/"computer1"/c:/image.dat',
  },
  {
    title: 'the path alone substituted in 1.x',
    manifest: { ...ONE, prefix: 'images/', substitutions: substituting(['/', '-']) },
    path: 'images/resources/chewie.psd',
    expected: 'images/images-resources-chewie.psd',
  },
  {
    title: 'each substitution seeing the output of the one before',
    manifest: { substitutions: substituting(['A', 'B'], ['B', 'C']) },
    path: 'ABx',
    expected: 'CCx',
  },
  {
    title: 'the replacement taken literally',
    manifest: { substitutions: substituting(['a', '$&$1']) },
    path: 'a.b',
    expected: '$&$1.b',
  },
  { title: 'a part deleted', manifest: { substitutions: substituting(['a', '']) }, path: 'abc', expected: 'bc' },
  {
    title: '400 InvalidSubstitution where nothing is left in 2.0',
    manifest: { substitutions: substituting(['abc', ''], ['x', 'y']) },
    path: 'abc',
    expected: [400, 'InvalidSubstitution', ''],
  },
  {
    title: '400 InvalidSubstitution where nothing is left of the path in 1.x',
    manifest: { ...ONE, prefix: 'p/', substitutions: substituting(['abc', '']) },
    path: 'abc',
    expected: [400, 'InvalidSubstitution', ''],
  },
  {
    title: '400 InvalidKeyCharacter for what XML cannot carry',
    manifest: { prefix: 'p/' },
    path: 'a\u0001b',
    expected: [400, 'InvalidKeyCharacter', 'p/a\u0001b'],
  },
  {
    title: '400 InvalidKeyCharacter for U+FFFE',
    manifest: {},
    path: 'a\ufffe',
    expected: [400, 'InvalidKeyCharacter', 'a\ufffe'],
  },
  { title: 'TAB, LF and CR allowed', manifest: {}, path: 'a\t\n\rb\u007f', expected: 'a\t\n\rb\u007f' },
  {
    title: 'a bad character mapped away',
    manifest: { substitutions: substituting(['\u0001', '_']) },
    path: 'a\u0001b',
    expected: 'a_b',
  },
  {
    title: '400 InvalidKeyCharacter for half a character that a substitution leaves',
    manifest: { substitutions: substituting(['\udc00', '']) },
    path: '\u{10000}',
    expected: [400, 'InvalidKeyCharacter', '\ud800'],
  },
  {
    title: '400 InvalidKeySegment for ..',
    manifest: { substitutions: substituting(['up', '..']) },
    path: 'a/up/b',
    expected: [400, 'InvalidKeySegment', 'a/../b'],
  },
  {
    title: '400 InvalidKeySegment for a single dot at the end',
    manifest: { substitutions: substituting(['here', '.']) },
    path: 'a/here',
    expected: [400, 'InvalidKeySegment', 'a/.'],
  },
  {
    title: '400 InvalidKeySegment for an empty segment',
    manifest: { substitutions: substituting(['b', '']) },
    path: 'a/b/c',
    expected: [400, 'InvalidKeySegment', 'a//c'],
  },
  {
    title: '400 InvalidKeySegment for a leading slash',
    manifest: { substitutions: substituting(['a', '']) },
    path: 'a/b',
    expected: [400, 'InvalidKeySegment', '/b'],
  },
  { title: 'dots that are no segment allowed', manifest: {}, path: '...a/.b/c..', expected: '...a/.b/c..' },
  { title: 'a key of 1,024 bytes', manifest: {}, path: '\u00e9'.repeat(512), expected: '\u00e9'.repeat(512) },
  {
    title: '400 KeyTooLong from 1,025 bytes on',
    manifest: { prefix: 'p' },
    path: '\u00e9'.repeat(512),
    expected: [400, 'KeyTooLong', `p${'\u00e9'.repeat(512)}`],
  },
];

for (const { title, manifest, path, expected } of ROWS) {
  test(`createKeyOf: gives ${title}`, () => {
    assert.deepEqual(keyOf(manifest, path), expected);
  });
}

test('createKeyOf: gives 400 InvalidFileName with an empty key, for a name that is not UTF-8', () => {
  for (const bytes of [[0x61, 0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xc3]]) {
    assert.deepEqual(keyOf({ prefix: 'p/' }, Uint8Array.from(bytes)), [400, 'InvalidFileName', '']);
  }
});

test('createKeyOf: gives KeyTooLong instead of gigabytes, when substitutions feed each other', () => {
  const growing = substituting(...Array.from({ length: 20 }, (): readonly [string, string] => ['a', 'a'.repeat(1000)]));

  assert.deepEqual(keyOf({ substitutions: growing }, 'a'), [400, 'KeyTooLong', 'a'.repeat(1000)]);
  assert.deepEqual(keyOf({ ...ONE, prefix: 'p/', substitutions: growing }, 'a'), [
    400,
    'KeyTooLong',
    `p/${'a'.repeat(1000)}`,
  ]);
});

test('createKeyOf: gives different keys for different paths, without substitutions', () => {
  const keys = createKeyOf(aManifest({ prefix: 'p/' }));
  const path = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(path, path, (one, other) => {
      const [first, second] = [keys(Buffer.from(one)), keys(Buffer.from(other))];

      assert.equal(first.key === second.key, Buffer.from(one).equals(Buffer.from(other)));
    }),
  );
});
