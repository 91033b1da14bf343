// The one way of foreign text to people.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { printable, printablePath } from '#language/printable.ts';

for (const [title, text, expected] of [
  ['plain text', 'Größe 12 % (日本) 😀', 'Größe 12 % (日本) 😀'],
  ['a terminal escape', '\u001b[2Jx', '\\u{1b}[2Jx'],
  ['line breaks', 'a\r\nb\u2028c\u2029d\u0085e', 'a\\u{d}\\u{a}b\\u{2028}c\\u{2029}d\\u{85}e'],
  ['NUL and DEL', '\0\u007f', '\\u{0}\\u{7f}'],
  ['bidi overrides and marks', 'a\u202egpj.exe\u200e\u2066', 'a\\u{202e}gpj.exe\\u{200e}\\u{2066}'],
  ['zero width and BOM', '\u200ba\ufeff', '\\u{200b}a\\u{feff}'],
  ['half a character', 'a\ud83db', 'a\\u{d83d}b'],
  ['private and unassigned code points', '\ue000\u{10ffff}\uffff', '\\u{e000}\\u{10ffff}\\u{ffff}'],
  ['tags outside of the first plane', '\u{e0041}', '\\u{e0041}'],
  ['backslashes', '\\u{1b}\\', '\\\\u{1b}\\\\'],
] as const) {
  test(`printable: makes ${title} readable`, () => {
    assert.equal(printable(text), expected);
  });
}

test('printable: gives valid UTF-8 bytes the form of their text', () => {
  assert.equal(printable(Buffer.from('a\n😀\\')), 'a\\u{a}😀\\\\');
});

for (const [title, bytes, expected] of [
  ['a byte of Latin-1', [0x66, 0xfc, 0x72], 'f\\xfcr'],
  ['a sequence that is cut', [0xf0, 0x9f, 0x98], '\\xf0\\x9f\\x98'],
  ['an overlong form', [0xc0, 0xaf], '\\xc0\\xaf'],
  ['an encoded surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
  ['good text around it', [0xe2, 0x82, 0xac, 0xff, 0x0a, 0x5c], '€\\xff\\u{a}\\\\'],
] as const) {
  test(`printable: shows bytes that are not UTF-8, when there is ${title}`, () => {
    assert.equal(printable(Uint8Array.from(bytes)), expected);
  });
}

test('printable: looks at the bytes of a view alone', () => {
  const whole = Uint8Array.from([0x0a, 0x61, 0xff, 0x62, 0x0a]);

  assert.equal(printable(whole.subarray(1, 4)), 'a\\xffb');
});

// Reads the form back: the proof that no two inputs share one.
const bytesOf = (form: string): Buffer =>
  Buffer.concat(
    Array.from(form.matchAll(/\\\\|\\x(?<byte>[0-9a-f]{2})|\\u\{(?<point>[0-9a-f]+)\}|[^\\]/gu), (match) => {
      const { byte, point } = match.groups ?? {};
      if (byte !== undefined) return Buffer.from([Number.parseInt(byte, 16)]);
      if (point !== undefined) return Buffer.from(String.fromCodePoint(Number.parseInt(point, 16)));
      return Buffer.from(match[0] === '\\\\' ? '\\' : match[0]);
    }),
  );

const SAFE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]*$/u;

test('printable: is safe and can be read back without doubt, whatever the bytes', () => {
  const names = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Uint8Array.from(Buffer.from(text))),
    fc.array(fc.constantFrom(...'\\x{u}1f\u001b\u202e'), { maxLength: 30 }).map((text) => Buffer.from(text.join(''))),
  );

  fc.assert(
    fc.property(names, (bytes) => {
      const form = printable(bytes);
      assert.match(form, SAFE);
      assert.deepEqual(bytesOf(form), Buffer.from(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test('printable: is safe for any text, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 40 }), (units) => {
      assert.match(printable(String.fromCharCode(...units)), SAFE);
    }),
  );
});

test('printablePath: leaves out the middle of a path that is longer than a key, between two characters', () => {
  const long = `${'é'.repeat(600)}/\u001b${'語'.repeat(600)}end`;
  const short = '/'.padEnd(1024, 'é\n');

  const shown = printablePath(Buffer.from(long));

  assert.equal(shown, `${'é'.repeat(350)}...${'語'.repeat(99)}end`);
  assert.equal(printablePath(long), shown);
  assert.equal(printablePath(Buffer.from(short, 'latin1')), printable(Buffer.from(short, 'latin1')));
  assert.equal(printablePath(Buffer.alloc(2000, 0xff)), `${'\\xff'.repeat(700)}...${'\\xff'.repeat(300)}`);
  assert.equal(printablePath(Buffer.alloc(2000, 0xbf)), `${'\\xbf'.repeat(700)}...${'\\xbf'.repeat(300)}`);
});
