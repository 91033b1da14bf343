import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '#job/manifest.ts';
import type { ObjectRules } from '#object/contract.ts';
import { isUtf8, pathText } from '#object/path-text.ts';
import { createObjectRules } from '#object/rules.ts';
import { aManifest, onLines, substituting } from './a-manifest.ts';

const rulesOf = (changes: Partial<Manifest> = {}): ObjectRules => {
  const result = createObjectRules(aManifest(changes));
  if (result.kind === 'problem') assert.fail(JSON.stringify(result.problems));
  return result.rules;
};

const ONE: Partial<Manifest> = { majorVersion: 1, manifestVersion: '1.0' };
const GZIP: Partial<Manifest> = { setContentEncodingForGzFiles: true };

interface TypeRow {
  readonly path: string;
  readonly expected: string;
  readonly manifest?: Partial<Manifest>;
  readonly isGzip?: boolean;
}

// Spec 8.1 and 8.2; decision 22.
const TYPES: readonly TypeRow[] = [
  { path: 'Notice.txt', expected: 'text/plain' },
  { path: 'images/wookie1.jpg', expected: 'image/jpeg' },
  { path: 'images/chewie.GIF', expected: 'image/gif' },
  { path: 'images/chewie.TIF', expected: 'image/tiff' },
  { path: 'images/resources/chewie.psd', expected: 'application/octet-stream' },
  { path: 'index.html', expected: 'text/html' },
  { path: 'a.js', expected: 'text/javascript' },
  { path: 'a.zip', expected: 'application/zip' },
  { path: 'a.mp4', expected: 'video/mp4' },
  { path: 'a.tgz', expected: 'application/gzip' },
  { path: 'a.tar.gz', expected: 'application/gzip' },
  { path: 'a.docx', expected: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' },
  { path: 'README', expected: 'binary/octet-stream' },
  { path: 'README', expected: 'application/octet-stream', manifest: ONE },
  { path: 'README', expected: 'x/y', manifest: { defaultContentType: 'x/y' } },
  { path: 'a.unheard-of', expected: 'binary/octet-stream' },
  { path: 'txt', expected: 'binary/octet-stream' },
  { path: 'd.txt/name', expected: 'binary/octet-stream' },
  { path: '.txt', expected: 'binary/octet-stream' },
  { path: 'd/.html', expected: 'binary/octet-stream' },
  { path: '.profile.txt', expected: 'text/plain' },
  { path: 'name.', expected: 'binary/octet-stream' },
  { path: 'a.constructor', expected: 'binary/octet-stream' },
  { path: 'a.jpg', expected: 'image/x-own', manifest: { contentTypes: new Map([['jpg', 'image/x-own']]) } },
  { path: 'a.JPG', expected: 'image/jpeg', manifest: { contentTypes: new Map([['jpg', 'image/x-own']]) } },
  { path: 'a.JPG', expected: 'image/x-upper', manifest: { contentTypes: new Map([['JPG', 'image/x-upper']]) } },
  { path: 'SIGNATURE', expected: 'text/plain' },
  { path: 'SIGNATURE', expected: 'application/octet-stream', manifest: { ...ONE, defaultContentType: 'x/y' } },
  { path: 'd/SIGNATURE', expected: 'binary/octet-stream' },
  { path: 'text1.html.gz', expected: 'text/html', manifest: GZIP, isGzip: true },
  { path: 'text1.html.GZ', expected: 'text/html', manifest: GZIP, isGzip: true },
  { path: 'text2.html', expected: 'text/html', manifest: GZIP, isGzip: true },
  { path: 'text.gzip', expected: 'binary/octet-stream', manifest: GZIP, isGzip: true },
  { path: '.gz', expected: 'binary/octet-stream', manifest: GZIP, isGzip: true },
  { path: 'text1.html.gz', expected: 'application/gzip', manifest: GZIP, isGzip: false },
  { path: 'text1.html.gz', expected: 'application/gzip', isGzip: true },
];

for (const { path, expected, manifest, isGzip = false } of TYPES) {
  test(`contentTypeOf: gives ${expected} for ${path}, with ${JSON.stringify(manifest ?? {})} and gzip content ${isGzip}`, () => {
    assert.equal(rulesOf(manifest).contentTypeOf(path, isGzip), expected);
  });
}

const FILE = { path: 'a.txt', isGzip: false, modifiedAt: new Date('2009-02-03T21:57:43.987Z') };

test('propertiesOf: gives the type and nothing else, for the smallest manifest', () => {
  assert.deepEqual(rulesOf().propertiesOf(FILE), { contentType: 'text/plain', metadata: {} });
});

test('propertiesOf: gives every header as it was written and metadata with the time of the disk', () => {
  const rules = rulesOf({
    acl: 'public-read',
    cacheControl: 'max-age=3600',
    contentDisposition: 'attachment',
    contentLanguage: 'es',
    expires: 'tomorrow',
    storageClass: 'REDUCED_REDUNDANCY',
    staticMetadata: new Map([['Owner', 'archive-team']]),
    diskTimestampMetadataKey: 'Disk-mtime',
  });

  assert.deepEqual(rules.propertiesOf(FILE), {
    contentType: 'text/plain',
    acl: 'public-read',
    cacheControl: 'max-age=3600',
    contentDisposition: 'attachment',
    contentLanguage: 'es',
    expires: 'tomorrow',
    storageClass: 'REDUCED_REDUNDANCY',
    metadata: { owner: 'archive-team', 'disk-mtime': '2009-02-03T21:57:43Z' },
  });
});

test('propertiesOf: gives no time, when the disk holds one that no date can', () => {
  const rules = rulesOf({ diskTimestampMetadataKey: 'disk-mtime' });

  assert.deepEqual(rules.propertiesOf({ ...FILE, modifiedAt: new Date(Number.NaN) }).metadata, {});
});

test('propertiesOf: gives Content-Encoding only where option and content say so', () => {
  const encodings = [true, false].flatMap((setContentEncodingForGzFiles) =>
    [true, false].map(
      (isGzip) => rulesOf({ setContentEncodingForGzFiles }).propertiesOf({ ...FILE, isGzip }).contentEncoding,
    ),
  );

  assert.deepEqual(encodings, ['gzip', undefined, undefined, undefined]);
});

test('createObjectRules: says whether keys may collide and passes the log prefix on', () => {
  const { keysMayCollide, logPrefix } = rulesOf({ substitutions: substituting(['a', 'b']), logPrefix: 'logs/' });

  assert.deepEqual([keysMayCollide, logPrefix, rulesOf().keysMayCollide], [true, 'logs/', false]);
});

test('createObjectRules: asks the patterns about the path before prefix and substitutions', () => {
  const rules = rulesOf({ prefix: 'p/', substitutions: substituting(['a', 'b']), ignore: onLines('^a$') });

  assert.deepEqual(
    ['a', 'p/a', 'b'].map((path) => rules.isIgnored(path)),
    [true, false, false],
  );
});

test('createObjectRules: gives the problems of the patterns, when one cannot be compiled', () => {
  const result = createObjectRules(aManifest({ ignore: onLines('(') }));

  assert.equal(result.kind === 'problem' && result.problems[0]?.field, 'ignore[1]');
});

test('pathText: gives U+FFFD for bytes that are not UTF-8, and the text itself otherwise', () => {
  const bad = Uint8Array.from([0x61, 0xff, 0x62]);

  assert.deepEqual([pathText(bad), isUtf8(bad)], ['a\ufffdb', false]);
  assert.deepEqual(
    [pathText(Buffer.from('\u00e9/\u{1f600}')), isUtf8(Buffer.from('\u00e9'))],
    ['\u00e9/\u{1f600}', true],
  );
});
