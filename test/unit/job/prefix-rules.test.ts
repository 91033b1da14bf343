// The rules of prefix and logPrefix (decision 5).

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';

import type { Manifest } from '#job/manifest.ts';

import { example, manifestOf, manifestText, problemsOf } from './sample.ts';

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

const PREFIX_SEGMENT = 'expected no leading slash and no part that is empty, "." or ".."';

for (const prefix of ['images', 'images/', 'a/b/c', '.hidden/..x/', '..', 'é/', '"a\\tb"']) {
  test(`prefix: accepts ${prefix}, and logPrefix does, too`, () => {
    const { prefix: first, logPrefix } = withAdded(`prefix: ${prefix}\nlogPrefix: ${prefix}\n`);

    assert.equal(first, logPrefix);
    assert.equal(first, prefix.startsWith('"') ? 'a\tb' : prefix);
  });
}

for (const prefix of ['/', '/a', 'a//b', './a', 'a/../', 'a/./b', '../']) {
  test(`prefix: refuses ${prefix}, which makes a bad segment, and logPrefix does, too`, () => {
    for (const name of ['prefix', 'logPrefix'])
      invalid(`${name}: ${prefix}\n`, name, `${PREFIX_SEGMENT}, found "${prefix}"`);
  });
}

for (const escape of ['\\0', '\\x1f', '\\uFFFE', '\\uFFFF']) {
  test(`prefix: refuses the character ${escape}, which no listing can carry, and logPrefix does, too`, () => {
    for (const name of ['prefix', 'logPrefix']) {
      const [code, field, message] = only(manifestText({}, `${name}: "a${escape}"\n`));

      assert.deepEqual([code, field], ['InvalidManifestField', name]);
      assert.match(message, /^expected no character that a bucket listing cannot carry/u);
    }
  });
}

for (const [name, longest] of [
  ['prefix', 1023],
  ['logPrefix', 1008],
] as const) {
  test(`${name}: has at most ${longest} bytes of UTF-8`, () => {
    const text = 'é'.repeat((longest - 1) / 2) + 'x'.repeat(longest % 2 === 0 ? 2 : 1);
    const fitting = longest % 2 === 0 ? 'é'.repeat(longest / 2) : text;

    assert.equal(withAdded(`${name}: ${fitting}\n`)[name], fitting);
    const [code, field, message] = only(manifestText({}, `${name}: ${fitting}x\n`));
    assert.deepEqual([code, field], ['InvalidManifestField', name]);
    assert.ok(message.startsWith(`expected at most ${longest} bytes, so that a key has at most 1024, found `));
  });
}

test('prefix: is refused in a 2.0 manifest, when substitutions spoil it', () => {
  const added = 'prefix: $ROOT$/x\nsubstitutions:\n  "$ROOT$" : ""\n';
  const smallest = example('smallest').toString();

  invalid(added, 'prefix', `${PREFIX_SEGMENT}, found otherwise after the substitutions`);
  assert.equal(manifestOf(smallest + added).prefix, '$ROOT$/x');
});

test('prefix: passes in a 2.0 manifest, when substitutions change it in order into a good one', () => {
  const added = 'prefix: a$COLON$\nsubstitutions:\n  "$COLON$" : "$$"\n  "$$" : ":"\n';

  assert.equal(withAdded(added).prefix, 'a$COLON$');
});

test('substitutions: an empty text in front of a prefix is told once', () => {
  invalid('prefix: a\nsubstitutions:\n  "" : "/"\n', 'substitutions.', 'an empty text cannot be replaced');
});

for (const [title, last] of [
  ['a text that no string can hold', 'd'.repeat(1000)],
  ['gigabytes', 'd'],
] as const) {
  test(`prefix: is refused, when substitutions feed each other until they would make ${title}`, () => {
    const chain = `  "b" : "cccc"\n  "c" : "${last}"\n`;
    const added = `prefix: ${'a'.repeat(1000)}\nsubstitutions:\n  "a" : "${'b'.repeat(40_000)}"\n${chain}`;

    invalid(
      added,
      'prefix',
      'expected at most 1023 bytes, so that a key has at most 1024, found otherwise after the substitutions',
    );
  });
}

test('prefix: passes in a 2.0 manifest, when substitutions leave nothing of it', () => {
  assert.equal(withAdded('prefix: a\nsubstitutions:\n  "a" : ""\n').prefix, 'a');
});
