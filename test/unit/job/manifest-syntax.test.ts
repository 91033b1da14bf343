// The lenient syntax of manifests (spec 1.1), seen through the fields that it gives.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ADDED_LINE, briefly, manifestOf, manifestText, problemsOf } from './sample.ts';

const generatorOf = (value: string): string | undefined =>
  manifestOf(manifestText({}, `generator${value}\n`)).generator;
const ignoreOf = (lines: string): readonly string[] =>
  manifestOf(manifestText({}, `ignore:${lines}\n`)).ignore.map(({ value }) => value);
const malformedLine = (added: string): string => {
  const problems = problemsOf(manifestText({}, added));
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['MalformedManifest'],
  );
  return `${problems[0]?.line ?? '-'}: ${problems[0]?.message ?? ''}`;
};

for (const [value, expected] of [
  [':value', 'value'],
  [': value', 'value'],
  [' : value', 'value'],
  [':\tvalue \t', 'value'],
  [': two words # comment', 'two words'],
  [': two words\t# comment', 'two words'],
  [': a#b', 'a#b'],
  [':#b', '#b'],
  [':#b # comment', '#b'],
  [':##b#', '##b#'],
  [' :#b\t', '#b'],
  [': #b', undefined],
  [':\t#b', undefined],
  [': # comment', undefined],
  [':', undefined],
  [': ""', undefined],
  [": ''", undefined],
  [': a: b:c', 'a: b:c'],
  [': back\\slash "quoted" it\'s', 'back\\slash "quoted" it\'s'],
  [": 'it''s # no comment' # comment", "it's # no comment"],
  [': "plain" ', 'plain'],
  [': "plain"# comment', 'plain'],
  [': - dash', '- dash'],
  [': \u00A0kept\u00A0', '\u00A0kept\u00A0'],
] as const) {
  test(`manifest syntax: reads ${JSON.stringify(`generator${value}`)} as ${JSON.stringify(expected ?? 'not given')}`, () => {
    assert.equal(generatorOf(value), expected);
  });
}

test('manifest syntax: processes the escapes of YAML between double quotes', () => {
  const added =
    'substitutions:\n  "\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\"\\/\\\\\\N\\_\\L\\P\\x41\\u00e9\\U0001F600\\ud83d\\ude00": "x"\n';

  const [substitution] = manifestOf(manifestText({}, added)).substitutions;

  assert.equal(substitution?.from, '\0\u0007\b\t\n\v\f\r\u001B "/\\\u0085\u00A0\u2028\u2029A\u00e9\u{1F600}\u{1F600}');
});

for (const escape of ['\\.', '\\x4', '\\u12', '\\UFFFFFFFF', '\\ud83d', '\\ude00x']) {
  test(`manifest syntax: refuses the escape ${escape}`, () => {
    assert.equal(
      malformedLine(`generator: "${escape}"\n`),
      `${ADDED_LINE}: a double-quoted text holds an unknown escape, expected "\\\\" for a backslash (or single quotes)`,
    );
  });
}

for (const [lines, expected] of [
  ['\n- a\n- b', ['a', 'b']],
  ['\n    - a\n    - b', ['a', 'b']],
  ['\n  - a\n    - b\n- c', ['a', 'b', 'c']],
  [' # patterns\n  # more\n  - a', ['a']],
  ['\n-\ta', ['a']],
  [' [a, "b,c" , \'d\',]', ['a', 'b,c', 'd']],
  ['[a]', ['a']],
  [' [a] # comment', ['a']],
  [' []', []],
  ['', []],
] as const) {
  test(`manifest syntax: reads the list ${JSON.stringify(lines)}`, () => {
    assert.deepEqual(ignoreOf(lines), expected);
  });
}

for (const pattern of [
  '[ab]$',
  '{x}',
  '*~',
  '&a',
  '!a',
  '|',
  '>',
  '%',
  '@',
  '`',
  '#a',
  'a # b',
  'a: b',
  '- a',
  '^\\$"x"',
  'é',
]) {
  test(`manifest syntax: takes the unquoted pattern ${pattern} literally`, () => {
    assert.deepEqual(ignoreOf(`\n  - ${pattern}  `), [pattern]);
  });
}

test('manifest syntax: reads quoted patterns as quoted texts', () => {
  assert.deepEqual(ignoreOf('\n  - "\\\\.psd$" # comment\n  - \'\\.PSD$\'\n'), ['\\.psd$', '\\.PSD$']);
});

for (const added of [
  'staticMetadata: {a: b, "c" : \'d\', e:f,g: }\n',
  'staticMetadata:{a: b, c: d, e: "f",}\n',
  'staticMetadata:\n   a:b\n   c : d\n   e:\t"f"\n   g:\n',
]) {
  test(`manifest syntax: reads the map ${JSON.stringify(added)}`, () => {
    assert.deepEqual(
      [...manifestOf(manifestText({}, added)).staticMetadata],
      [
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'f'],
      ],
    );
  });
}

test('manifest syntax: takes an empty map as not given', () => {
  assert.equal(manifestOf(manifestText({}, 'customs: {}\n')).customs, undefined);
});

test('manifest syntax: names the line that is indented by a TAB, and reads it on', () => {
  const text = manifestText({ city: '\tcity: Portland' }, '\t# a comment may be\n');

  assert.deepEqual(problemsOf(text), [
    { code: 'MalformedManifest', line: 8, message: 'the line is indented by a TAB, expected spaces' },
  ]);
});

const LINE = ADDED_LINE;

for (const [added, expected] of [
  ['word\n', `${LINE}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`],
  [': value\n', `${LINE}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`],
  ['word # a: b\n', `${LINE}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`],
  ['{a: b}\n', `${LINE}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`],
  [
    '"generator" by hand\n',
    `${LINE}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`,
  ],
  ['"generator: by hand\n', `${LINE}: a quoted text is not closed on its line`],
  ['generator: "by hand\n', `${LINE}: a quoted text is not closed on its line`],
  ["generator: 'by hand''\n", `${LINE}: a quoted text is not closed on its line`],
  ['generator: "by" hand\n', `${LINE}: text follows a closing quote, expected the end of the line`],
  ['generator: &hand\n', `${LINE}: a value begins with one of & * ! | > % @ \`, expected quotes around it`],
  ['generator: |\n  by hand\n', `${LINE}: a value begins with one of & * ! | > % @ \`, expected quotes around it`],
  ['ignore: [a, *b]\n', `${LINE}: a value begins with one of & * ! | > % @ \`, expected quotes around it`],
  ['ignore: [a, "b]\n', `${LINE}: a quoted text is not closed on its line`],
  [
    'ignore: [a, b\n',
    `${LINE}: a list or map in brackets is not closed, or holds brackets itself, expected it on one line`,
  ],
  [
    'ignore: [a # b]\n',
    `${LINE}: a list or map in brackets is not closed, or holds brackets itself, expected it on one line`,
  ],
  [
    'ignore: [a, b[c]]\n',
    `${LINE}: a list or map in brackets is not closed, or holds brackets itself, expected it on one line`,
  ],
  ['ignore: [a,, b]\n', `${LINE}: a list or map in brackets has an empty place`],
  ['ignore: [a] b\n', `${LINE}: text follows a closing bracket, expected the end of the line`],
  ['staticMetadata: {a: b} c\n', `${LINE}: text follows a closing bracket, expected the end of the line`],
  ['staticMetadata: {a}\n', `${LINE}: a map in braces lacks a colon, expected {name: value}`],
  ['staticMetadata: {: a}\n', `${LINE}: a list or map in brackets has an empty place`],
  ['staticMetadata: {a: &b}\n', `${LINE}: a value begins with one of & * ! | > % @ \`, expected quotes around it`],
  ['staticMetadata:\n  a:\n    b: c\n', `${LINE + 2}: the line is nested too deep, expected at most two levels`],
  [
    'staticMetadata:\n    a: b\n # c\n c: d\n',
    `${LINE + 1 + 2}: the line is indented by 1, expected 4 as above under "staticMetadata"`,
  ],
  [
    'staticMetadata:\n  a: b\n   c: d\n',
    `${LINE + 2}: the line is indented by 3, expected 2 as above under "staticMetadata"`,
  ],
  [
    'staticMetadata:\n  a\n',
    `${LINE + 1}: the line has no name before a colon, expected \`name: value\`, or \`- item\` in a list`,
  ],
  [
    'generator: x\n  a: b\n  c: d\n',
    `${LINE + 1}: a field stands under "generator", which has a value on its own line`,
  ],
  [
    'generator: x\n  - b\n  - c\n',
    `${LINE + 1}: a list item stands under "generator", which has a value on its own line`,
  ],
  ['generator: x\n  a: b\n  - c\n', `${LINE + 1}: a field stands under "generator", which has a value on its own line`],
  ['ignore:\n  - a\n  b: c\n', `${LINE + 1 + 1}: a field stands under "ignore", which has list items already`],
  [
    'staticMetadata:\n  a: b\n  - c\n',
    `${LINE + 2}: a list item stands under "staticMetadata", which has fields already`,
  ],
  ['ignore:\n  - "a\n', `${LINE + 1}: a quoted text is not closed on its line`],
] as const) {
  test(`manifest syntax: refuses ${JSON.stringify(added)}`, () => {
    assert.equal(malformedLine(added), expected);
  });
}

test('manifest syntax: refuses a list item that stands under no field', () => {
  assert.deepEqual(briefly(problemsOf(`- item\n${manifestText({})}`)), ['MalformedManifest - 1']);
});

test('manifest syntax: refuses a line that is indented less than the first one', () => {
  const problems = problemsOf(` ${manifestText({})}`);

  assert.equal(problems[0]?.message, 'the line is indented less than the first one');
});

test('manifest syntax: refuses fields that stand half-way between a map and the top', () => {
  const added = 'staticMetadata:\n    owner: x\n acl: public-read\n pinCode: SECRET\n';

  const problems = problemsOf(manifestText({}, added));

  assert.deepEqual(briefly(problems), [`MalformedManifest - ${LINE + 2}`, `MalformedManifest - ${LINE + 1 + 2}`]);
  assert.equal(JSON.stringify(problems).includes('SECRET'), false);
});

test('manifest syntax: says nothing of the children of a line that it refused', () => {
  const text = manifestText({}, 'staticMetadata\n  a: b\n  c: d\n');

  assert.deepEqual(briefly(problemsOf(text)), [`MalformedManifest - ${LINE}`]);
});

test('manifest syntax: does not call a field missing whose value it could not read', () => {
  assert.deepEqual(briefly(problemsOf(manifestText({ bucket: 'bucket: "open' }))), ['MalformedManifest bucket 2']);
});

test('manifest syntax: names the field whose value it could not read, at both levels and in lists', () => {
  const added = 'pinCode: *123\nstaticMetadata:\n  a: "open\nignore:\n  - fine\n  - "open\n"\\u001b": [\nbare\n';

  assert.deepEqual(briefly(problemsOf(manifestText({}, added))), [
    `MalformedManifest pinCode ${LINE}`,
    `MalformedManifest staticMetadata.a ${LINE + 2}`,
    `MalformedManifest ignore ${LINE + 5}`,
    `MalformedManifest \\u{1b} ${LINE + 6}`,
    `InvalidManifestField \\u{1b} ${LINE + 6}`,
    `MalformedManifest - ${LINE + 7}`,
  ]);
});

test('manifest syntax: reports duplicate names at both levels with both lines, and keeps the first', () => {
  const added = 'bucket: other\nstaticMetadata:\n  a: 1\n  b: 2\n  a: 3\ncontentTypes: {x: "a/b", x: "c/d"}\n';

  assert.deepEqual(
    problemsOf(manifestText({}, added)).map(({ field, line, message }) => [field, line, message]),
    [
      ['bucket', LINE, '"bucket" is given twice, first on line 2'],
      ['staticMetadata.a', LINE + 4, '"staticMetadata.a" is given twice, first on line 15'],
      ['contentTypes.x', LINE + 5, '"contentTypes.x" is given twice, first on line 18'],
    ],
  );
});

test('manifest syntax: tells names apart by case', () => {
  const added = 'contentTypes:\n  jpg: image/jpeg\n  JPG: image/x-jpeg\n';

  assert.deepEqual([...manifestOf(manifestText({}, added)).contentTypes.keys()], ['jpg', 'JPG']);
});
