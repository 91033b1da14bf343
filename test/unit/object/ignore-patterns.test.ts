import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PATTERN_LENGTH, MAX_PATTERNS, MAX_PROGRAM_SIZE, compileIgnore } from '#object/ignore-patterns.ts';
import { onLines } from './a-manifest.ts';

const matcher = (...patterns: readonly string[]): ((path: string) => boolean) => {
  const result = compileIgnore(onLines(...patterns));
  assert.equal(result.kind, 'ok', JSON.stringify(result));
  return result.kind === 'ok' ? result.isIgnored : () => false;
};

const messageOf = (pattern: string): string => {
  const result = compileIgnore(onLines(pattern));
  return result.kind === 'problem' ? (result.problems[0]?.message ?? '') : 'accepted';
};

interface MatchRow {
  readonly pattern: string;
  readonly matches: readonly string[];
  readonly leaves: readonly string[];
}

// The documented idioms (spec 1.7), and what Java means by the rest.
const MATCHES: readonly MatchRow[] = [
  { pattern: '\\.psd$', matches: ['a.psd', 'images/resources/chewie.psd'], leaves: ['a.PSD', 'a.psd.txt', 'apsd'] },
  { pattern: '\\.PSD$', matches: ['a.PSD'], leaves: ['a.psd'] },
  { pattern: '^backup/', matches: ['backup/a'], leaves: ['a/backup/b', 'backup'] },
  { pattern: '^lost\\+found/', matches: ['lost+found/#12'], leaves: ['losttfound/a'] },
  { pattern: '.*~$', matches: ['a~', 'b/c~'], leaves: ['a~b'] },
  { pattern: '.*\\.swp$', matches: ['.a.swp'], leaves: ['a.swpx'] },
  { pattern: '^\\$Recycle\\.bin/', matches: ['$Recycle.bin/a'], leaves: ['$RECYCLE.BIN/a', '$Recycle.Bin/a'] },
  { pattern: '(?i)^\\$recycle\\.bin/', matches: ['$RECYCLE.BIN/a', '$Recycle.Bin/a'], leaves: ['recycle.bin/a'] },
  { pattern: 'a|b', matches: ['xa', 'bx'], leaves: ['c'] },
  { pattern: 'a\\sb', matches: ['a b', 'a\tb', 'a\u000bb', 'a\rb'], leaves: ['a\u00a0b', 'ab'] },
  { pattern: 'a[x\\s]b', matches: ['axb', 'a\u000bb'], leaves: ['ayb'] },
  { pattern: 'a[^\\s]b', matches: ['axb'], leaves: ['a\u000bb', 'a b'] },
  { pattern: 'a\\Sb', matches: ['axb', 'a\u{1f600}b'], leaves: ['a\u000bb', 'a b'] },
  { pattern: 'a[\\S]b', matches: ['axb', 'a\u{1f600}b'], leaves: ['a\u000bb'] },
  { pattern: 'a[^\\S]b', matches: ['a\u000bb', 'a b'], leaves: ['axb'] },
  { pattern: '^[\\s-_]$', matches: ['-', '_', ' '], leaves: ['5', 'A', ','] },
  { pattern: '^[\\w-\\s]$', matches: ['-', 'w', ' '], leaves: ['.'] },
  { pattern: '^[-\\s]$', matches: ['-', '\u000b'], leaves: ['.'] },
  { pattern: '^[]a]$', matches: [']', 'a'], leaves: ['b'] },
  { pattern: '^[^]a]$', matches: ['b'], leaves: [']', 'a'] },
  { pattern: '^[\\[&a]$', matches: ['[', '&', 'a'], leaves: ['b'] },
  { pattern: 'a\\hb', matches: ['a b', 'a\u00a0b', 'a\u3000b'], leaves: ['a\nb'] },
  { pattern: '\\u00e9\\ud83d\\ude00', matches: ['\u00e9\u{1f600}'], leaves: ['e'] },
  { pattern: '^\\0101\\0377\\x42\\x{1f600}$', matches: ['A\u00ffB\u{1f600}'], leaves: ['A'] },
  { pattern: '^\\e$', matches: ['\u001b'], leaves: ['e'] },
  { pattern: '^\\Qa.b[\\Ec+$', matches: ['a.b[cc'], leaves: ['axb[c'] },
  { pattern: '\\Q(a', matches: ['(a'], leaves: ['a'] },
  { pattern: '^\\Qab\\E{2}$', matches: ['abb'], leaves: ['abab'] },
  { pattern: '\\A(?<year>[0-9]{4})\\z', matches: ['2009'], leaves: ['20091'] },
  { pattern: '^\\p{Lu}\\P{L}\\pL\\d$', matches: ['\u00c91a2'], leaves: ['aaaa'] },
  { pattern: '^a{2,3}$', matches: ['aa', 'aaa'], leaves: ['a', 'aaaa'] },
  { pattern: '^x{y}$', matches: ['x{y}'], leaves: ['xy'] },
  { pattern: '^\ufffd$', matches: ['\ufffd'], leaves: ['a'] },
];

for (const { pattern, matches, leaves } of MATCHES) {
  test(`compileIgnore: finds what Java finds, for ${pattern}`, () => {
    const isIgnored = matcher(pattern);

    assert.deepEqual([...matches, ...leaves].filter(isIgnored), matches);
  });
}

const REFUSALS: readonly (readonly [pattern: string, says: RegExp])[] = [
  ['a(?=b)', /look-ahead "\(\?="/u],
  ['a(?!b)', /look-ahead/u],
  ['(?<=a)b', /look-behind/u],
  ['(?<!a)b', /look-behind/u],
  ['(?<=a>b)c', /look-behind/u],
  ['(?>a)b', /atomic group/u],
  ['(?P<a>x)', /a group "\(\?P<a>" that Java lacks/u],
  ['(?<a_b>x)', /a group "\(\?<a_b>" that Java lacks/u],
  ['(a)\\1', /back reference "\\1"/u],
  ['(a)\\12', /back reference/u],
  ['(?<n>a)\\k<n>', /back reference/u],
  ['[\\1]', /back reference/u],
  ['[a-z&&[^b]]', /intersection/u],
  ['[a&&b]', /intersection/u],
  ['[a[b]]', /"\[" inside a class/u],
  ['[[:alpha:]]', /"\[" inside a class/u],
  ['a\\vb', /"\\v"/u],
  ['[\\v]', /"\\v"/u],
  ['(?U)a', /inline flag U/u],
  ['(?iU:a)', /inline flag U/u],
  ['(?-U)a', /inline flag U/u],
  ['[a-\\s]', /a range that ends with/u],
  ['\\ud83d', /half a character/u],
  ['a++', /cannot be used/u],
  ['\\p{Alpha}', /cannot be used/u],
  ['\\p{IsLatin}', /cannot be used/u],
  ['(?x)a b', /cannot be used/u],
  ['[a', /cannot be used/u],
  ['(a', /cannot be used/u],
  ['a)', /cannot be used/u],
  ['*a', /cannot be used/u],
  ['a\\', /cannot be used/u],
  ['\\Za', /cannot be used/u],
  ['[\\Qa\\E]', /cannot be used/u],
  ['((a{100}){100})', /cannot be used|too large/u],
  ['(?:abcdefghijklmnopqrstuvwxyz){1000}', /too large/u],
  [`${'a{1000}'.repeat(50)}`, /too large/u],
  ['a'.repeat(MAX_PATTERN_LENGTH + 1), /1001 characters/u],
];

for (const [pattern, says] of REFUSALS) {
  test(`compileIgnore: refuses ${pattern.slice(0, 40)}, saying why`, () => {
    const message = messageOf(pattern);

    assert.match(message, /^the pattern "/u);
    assert.match(message, says);
  });
}

test('compileIgnore: reports every bad pattern with its number and line, when several are bad', () => {
  const result = compileIgnore(onLines('(?=a)', 'fine', '[a&&b]'));

  assert.deepEqual(
    result.kind === 'problem' && result.problems.map(({ code, field, line }) => ({ code, field, line })),
    [
      { code: 'InvalidManifestField', field: 'ignore[1]', line: 10 },
      { code: 'InvalidManifestField', field: 'ignore[3]', line: 12 },
    ],
  );
});

for (const [one, other] of [
  ['(?P<a>x)', '(?P<a>y)'],
  ['(?<a_b>x)', '(?<a_b>y)'],
] as const) {
  test(`compileIgnore: refuses ${one} and ${other}, whose names would meet, instead of throwing`, () => {
    const result = compileIgnore(onLines(one, other));

    assert.deepEqual(result.kind === 'problem' && result.problems.map(({ field }) => field), [
      'ignore[1]',
      'ignore[2]',
    ]);
  });
}

test('compileIgnore: keeps terminal controls out of its messages, when a pattern holds some', () => {
  const message =
    messageOf('\u001b[2J(?=a)') + messageOf('(?\u001b') + messageOf('[a-\\p{\u001b}]') + messageOf('(\u001b');

  assert.ok(!message.includes('\u001b'));
});

test('compileIgnore: matches where any pattern does, when flags, groups of one name and open quotes stand side by side', () => {
  const isIgnored = matcher('(?i)abc', '(?<n>x)y', '(?<n>X)Y', '\\Qq(', 'z');

  assert.deepEqual(['ABC', 'xy', 'XY', 'xY', 'q(', 'Z', 'z'].filter(isIgnored), ['ABC', 'xy', 'XY', 'q(', 'z']);
});

test('compileIgnore: ignores nothing, without patterns', () => {
  assert.equal(matcher()(''), false);
});

test('compileIgnore: refuses the whole list, when there are too many patterns', () => {
  const result = compileIgnore(onLines(...Array.from({ length: MAX_PATTERNS + 1 }, () => 'a')));

  assert.deepEqual(result, {
    kind: 'problem',
    problems: [
      {
        code: 'InvalidManifestField',
        field: 'ignore',
        line: 10 + MAX_PATTERNS,
        message: `${MAX_PATTERNS + 1} patterns are given, expected at most ${MAX_PATTERNS}`,
      },
    ],
  });
});

test('compileIgnore: refuses the pattern that makes all together too large', () => {
  const half = `a{${Math.floor(MAX_PROGRAM_SIZE / 40)}}`.repeat(15);
  const result = compileIgnore(onLines(half, half, 'b'));

  assert.equal(result.kind === 'problem' && result.problems.length, 1);
  assert.match(result.kind === 'problem' ? (result.problems[0]?.message ?? '') : '', /patterns together too large/u);
});
