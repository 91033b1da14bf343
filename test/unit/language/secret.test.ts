// A secret prints as `[secret]`, however it is printed.

import assert from 'node:assert/strict';
import { format, inspect } from 'node:util';
import { test } from 'node:test';

import { Secret } from '#language/secret.ts';

const secret = new Secret('hunter2');

for (const [title, text] of [
  ['String', String(secret)],
  ['a template', `${secret}`],
  ['concatenation', '' + secret],
  ['inspect', inspect(secret)],
  ['inspect with everything shown', inspect({ secret }, { showHidden: true, depth: null, customInspect: true })],
  ['format', format('%s %o %O %j', secret, secret, secret, secret)],
  ['JSON', JSON.stringify({ secret, list: [secret] })],
] as const) {
  test(`Secret: shows [secret] and not its text, when printed by ${title}`, () => {
    assert.ok(text.includes('[secret]'), text);
    assert.equal(text.includes('hunter2'), false);
  });
}

test('Secret: has no property to read, copy or spread its text from', () => {
  const copied = { ...secret };

  assert.deepEqual([Object.getOwnPropertyNames(secret), Object.keys(copied)], [[], []]);
  assert.equal(inspect(secret, { customInspect: false, showHidden: true }).includes('hunter2'), false);
});

test('Secret: gives its text by reveal alone', () => {
  assert.equal(secret.reveal(), 'hunter2');
});
