// A Java pattern, as manifests hold them (spec 1.7), in the syntax of RE2, or why it cannot be one (decision 6).
//
// The two engines agree on what is not named here or in the two files beside, but for names that hold a line terminator
// (`.` and `$` treat CR, NEL and the like as ordinary characters) and for `(?i)`, which folds all of Unicode.

import { printable } from '#language/printable.ts';
import { translateClass } from './java-class.ts';
import { readEscape } from './java-escape.ts';
import { type PatternPart, programSize } from './pattern-size.ts';

/** A pattern in RE2's syntax with the size of its program, or what it has that this engine cannot do. */
export type PatternResult =
  | { readonly kind: 'ok'; readonly text: string; readonly size: number }
  | { readonly kind: 'problem'; readonly message: string };

type Token =
  | { readonly kind: 'ok'; readonly text: string; readonly length: number; readonly part: PatternPart }
  | { readonly kind: 'problem'; readonly message: string };

const QUOTED = /^\\Q(.*?)(?:\\E|$)/su;
const COUNTED = /^\{(\d+)(?:,(\d*))?\}/u;
const INLINE_FLAGS = /^\(\?[A-Za-z]*(?:-[A-Za-z]*)?[:)]/u;
const NAMED_GROUP = /^\(\?<[A-Za-z][\dA-Za-z]*>/u;
const ANY_SPECIAL_GROUP = /^\(\?[^)>]{0,20}>?/u;
const RE2_SPECIAL = /[\\.+*?()|[\]{}^$]/gu;

// Longest first, so that `(?<=` is not taken for a group's name.
const REFUSED_GROUPS: readonly (readonly [string, string])[] = [
  ['(?<=', 'a look-behind'],
  ['(?<!', 'a look-behind'],
  ['(?=', 'a look-ahead'],
  ['(?!', 'a look-ahead'],
  ['(?>', 'an atomic group'],
];

/** Translates a Java pattern. Linear in its length but for the copies of the rest, so callers limit the length. */
export const translateJavaPattern = (pattern: string): PatternResult => {
  const parts: PatternPart[] = [];
  let text = '';
  let at = 0;
  while (at < pattern.length) {
    const token = readToken(pattern.slice(at));
    if (token.kind === 'problem') return token;
    text += token.text;
    at += token.length;
    parts.push(token.part);
  }
  return { kind: 'ok', text, size: programSize(parts) };
};

const readToken = (rest: string): Token => {
  switch (rest.charAt(0)) {
    case '\\':
      return readBackslash(rest);
    case '[':
      return readClass(rest);
    case '(':
      return readGroup(rest);
    case ')':
      return token(')', { kind: 'close' });
    case '{':
      return readCounted(rest);
    case '*':
    case '+':
    case '?':
      return token(rest.charAt(0), { kind: 'single' });
    default:
      return token(String.fromCodePoint(rest.codePointAt(0) ?? 0), { kind: 'atom', size: 1 });
  }
};

const token = (text: string, part: PatternPart, length: number = text.length): Token => ({
  kind: 'ok',
  text,
  length,
  part,
});

const readBackslash = (rest: string): Token => {
  const [quoted, literal] = QUOTED.exec(rest) ?? [];
  if (quoted !== undefined && literal !== undefined) {
    // Escaped here, because a `\Q` without its end would swallow the patterns that are put behind this one. A quantifier
    // behind it takes the last character alone, in Java as in RE2.
    const characters = Array.from(literal, (character) => character.replace(RE2_SPECIAL, '\\$&'));
    return token(characters.join(''), { kind: 'text', size: characters.length }, quoted.length);
  }
  const escape = readEscape(rest, 'outside-class');
  return escape.kind === 'problem' ? escape : token(escape.text, { kind: 'atom', size: 1 }, escape.length);
};

const readClass = (rest: string): Token => {
  const translated = translateClass(rest);
  if (translated.kind === 'problem') return translated;
  return token(translated.text, { kind: 'atom', size: 1 }, translated.length);
};

const readGroup = (rest: string): Token => {
  const refused = REFUSED_GROUPS.find(([start]) => rest.startsWith(start));
  if (refused !== undefined) return { kind: 'problem', message: `${refused[1]} "${refused[0]}"` };
  const [flags] = INLINE_FLAGS.exec(rest) ?? [];
  if (flags !== undefined) {
    if (flags.includes('U')) return { kind: 'problem', message: `the inline flag U "${flags}"` };
    return token(flags, flags.endsWith(':') ? { kind: 'open' } : { kind: 'atom', size: 0 });
  }
  // Names are of no use here, and two patterns with the same one could not be put together.
  const [named] = NAMED_GROUP.exec(rest) ?? [];
  if (named !== undefined) return token('(', { kind: 'open' }, named.length);
  // RE2 knows further forms, whose names would meet where patterns are put together.
  const [unknown] = ANY_SPECIAL_GROUP.exec(rest) ?? [];
  if (unknown !== undefined) return { kind: 'problem', message: `a group "${printable(unknown)}" that Java lacks` };
  return token('(', { kind: 'open' });
};

const readCounted = (rest: string): Token => {
  const [counted, least, most] = COUNTED.exec(rest) ?? [];
  if (counted === undefined || least === undefined) return token('{', { kind: 'atom', size: 1 });
  const times = Math.max(Number(least), most === undefined ? 0 : Number(most), 1);
  return token(counted, { kind: 'repeat', times });
};
