// Text in columns: cut, wrapped and coloured without breaking a character.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutLine, cutText, lineOf, lineWidth, padTo, renderLine, widthOf, wrapText } from '#screen/text.ts';

test('cutText: leaves what fits, and ends what does not with dots', () => {
  assert.equal(cutText('abcdef', 6), 'abcdef');
  assert.equal(cutText('abcdefg', 6), 'abc...');
  assert.equal(cutText('abcdefg', 2), '..');
});

test('cutText: counts wide characters as two columns and keeps accents with their letters', () => {
  assert.equal(cutText('写真写真', 7), '写真...');
  assert.equal(cutText('写真写真', 6), '写...');
  assert.equal(cutText('e\u0301e\u0301e\u0301e\u0301e\u0301', 4), 'e\u0301...');
});

test('cutLine: is never wider than said, whatever the text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.nat(40), (texts, columns) => {
      const line = texts.map((text) => ({ text, tone: 'plain' as const }));
      assert.ok(lineWidth(cutLine(line, columns)) <= columns);
    }),
  );
});

test('wrapText: breaks between words, and a word that is longer than a line', () => {
  assert.deepEqual(wrapText('one two three', 8), ['one two', 'three']);
  assert.deepEqual(wrapText('one two', 3), ['one', 'two']);
  assert.deepEqual(wrapText('abcdefgh', 3), ['abc', 'def', 'gh']);
  assert.deepEqual(wrapText('', 3), []);
});

test('wrapText: takes no more lines than it may', () => {
  assert.deepEqual(wrapText('one two three four', 8, 2), ['one two', 'three...']);
  assert.deepEqual(wrapText('one two three', Infinity, 1), ['one two three']);
});

test('wrapText: loses no letter and ends, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 40 }), (text, columns) => {
      const lines = wrapText(text, columns);
      assert.equal(lines.join('').replaceAll(/\s/gu, ''), text.replaceAll(/\s/gu, ''));
    }),
  );
});

test('padTo: fills up to a width in columns', () => {
  assert.equal(widthOf(padTo('写', 4)), 4);
  assert.equal(padTo('abcde', 4), 'abcde');
});

test('renderLine: colours by tone, and not at all without colour', () => {
  const line = [...lineOf('Bay 1 ', 'strong'), ...lineOf('HOLD', 'person'), ...lineOf(' x  ')];

  assert.equal(renderLine(line, false), 'Bay 1 HOLD x');
  assert.match(renderLine(line, true), /\u001b\[41m/u);
});
