import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { translateJavaPattern } from '#object/java-pattern.ts';

// A small grammar of patterns that the engine accepts.
const { pattern } = fc.letrec<{ pattern: string; item: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', '.', '[a-z\\s]', '\\s', '\\d', '\\Qa.b\\E', '^', '\\x41', '\u00e9'),
    tie('pattern').map((inner) => `(${inner})`),
    tie('pattern').map((inner) => `(?i:${inner})`),
  ),
  item: fc.oneof(
    tie('atom'),
    fc.tuple(tie('atom'), fc.constantFrom('*', '+?', '?', '{3}', '{2,5}', '{4,}', '{0,}')).map((pair) => pair.join('')),
  ),
  pattern: fc.oneof(
    fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map((items) => items.join('')),
    fc.tuple(tie('item'), tie('item')).map((pair) => pair.join('|')),
  ),
}));

const sizeOf = (text: string): number | undefined => {
  try {
    return RE2JS.compile(text).programSize();
  } catch (error: unknown) {
    assert.match(String(error), /invalid repeat count/u);
    return undefined;
  }
};

test('translateJavaPattern: reckons at least the size that the compiled program has, for any pattern', () => {
  // What every program has beside the pattern: its start and its match.
  const frame = 3;
  fc.assert(
    fc.property(pattern, (text) => {
      const translated = translateJavaPattern(text);
      assert.equal(translated.kind, 'ok');
      if (translated.kind !== 'ok') return;

      const size = sizeOf(translated.text);
      // The engine has a limit of its own for repeats in repeats.
      fc.pre(size !== undefined);
      assert.ok(size <= translated.size + frame, text);
    }),
    { numRuns: 500, examples: [['((a)|(^|(a))*)*']] },
  );
});

test('translateJavaPattern: reckons without writing repeats out, when they are nested without end', () => {
  const translated = translateJavaPattern(`${'('.repeat(60)}a${'{1000})'.repeat(60)}`);

  assert.ok(translated.kind === 'ok' && translated.size > 1e100);
});
