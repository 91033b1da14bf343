// An escape of a Java pattern in the syntax of RE2: translated where RE2 lacks it or reads it differently, refused where
// it cannot be done, and passed on where both agree (RE2 itself refuses what it does not know).

/** An escape in RE2's syntax with the length that it had in Java's: one character, a set of them, or why it is refused. */
export type EscapeResult =
  | { readonly kind: 'character' | 'set'; readonly text: string; readonly length: number }
  | { readonly kind: 'problem'; readonly message: string };

type Place = 'inside-class' | 'outside-class';

// Java's sets, written for the inside of a class. Each ends with a range, so that a `-` behind it stays a character.
// `\s` has VT in Java and not in RE2; `\h` RE2 does not know.
const SETS: Readonly<Record<string, string>> = {
  s: ' \\t-\\r',
  S: '\\x00-\\x08\\x0e-\\x1f!-\\x{10ffff}',
  h: ' \\t\\x{a0}\\x{1680}\\x{180e}\\x{202f}\\x{205f}\\x{3000}\\x{2000}-\\x{200a}',
};

const BACK_REFERENCE = /^\\(?:[1-9]|k)/u;
const VERTICAL = /^\\v/u;
// Java takes up to three octal digits behind `\0`, a third one only up to \0377; RE2 takes two.
const OCTAL = /^\\0([0-3][0-7]{2}|[0-7]{1,2})/u;
const UTF16_PAIR = /^\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})/iu;
const UTF16_UNIT = /^\\u([0-9A-F]{4})/iu;
const SURROGATE = /^D[89A-F]/iu;
const ESCAPE_CHARACTER = /^\\e/u;
const SET = /^\\([sSh])/u;
const PROPERTY = /^\\[pP](?:\{[^}]*\}|.)/su;
const PERL_SET = /^\\[dDwW]/u;
const HEXADECIMAL = /^\\x(?:\{[0-9A-F]+\}|[0-9A-F]{2})/iu;
const ANY_ESCAPE = /^\\./su;

const OCTAL_RADIX = 8;
const HEX_RADIX = 16;

/** Translates the escape that begins with the backslash at the start of `rest`. */
export const readEscape = (rest: string, place: Place): EscapeResult =>
  readRefused(rest) ?? readSet(rest, place) ?? readCharacter(rest);

const readRefused = (rest: string): EscapeResult | undefined => {
  const [reference] = BACK_REFERENCE.exec(rest) ?? [];
  if (reference !== undefined) return { kind: 'problem', message: `a back reference "${reference}"` };
  if (VERTICAL.test(rest))
    return { kind: 'problem', message: '"\\v", which stands for one character in one engine and for seven in another' };
  return undefined;
};

const readSet = (rest: string, place: Place): EscapeResult | undefined => {
  const [escape, letter] = SET.exec(rest) ?? [];
  const members = letter === undefined ? undefined : SETS[letter];
  if (escape !== undefined && members !== undefined) {
    return { kind: 'set', text: place === 'inside-class' ? members : `[${members}]`, length: escape.length };
  }
  const [passed] = PROPERTY.exec(rest) ?? PERL_SET.exec(rest) ?? [];
  return passed === undefined ? undefined : { kind: 'set', text: passed, length: passed.length };
};

const readCharacter = (rest: string): EscapeResult => {
  const [octal, digits] = OCTAL.exec(rest) ?? [];
  if (octal !== undefined && digits !== undefined) return codePoint(Number.parseInt(digits, OCTAL_RADIX), octal.length);
  const [pair, high, low] = UTF16_PAIR.exec(rest) ?? [];
  if (pair !== undefined && high !== undefined && low !== undefined) {
    const text = String.fromCharCode(Number.parseInt(high, HEX_RADIX), Number.parseInt(low, HEX_RADIX));
    return codePoint(text.codePointAt(0) ?? 0, pair.length);
  }
  const [unit, hex] = UTF16_UNIT.exec(rest) ?? [];
  if (unit !== undefined && hex !== undefined) {
    if (SURROGATE.test(hex)) return { kind: 'problem', message: `half a character "${unit}"` };
    return codePoint(Number.parseInt(hex, HEX_RADIX), unit.length);
  }
  const [escape] = ESCAPE_CHARACTER.exec(rest) ?? [];
  if (escape !== undefined) return codePoint(0x1b, escape.length);
  // A lone backslash at the end is passed on, too: RE2 says what is wrong with it.
  const [passed] = HEXADECIMAL.exec(rest) ?? ANY_ESCAPE.exec(rest) ?? [rest];
  return { kind: 'character', text: passed, length: passed.length };
};

const codePoint = (value: number, length: number): EscapeResult => ({
  kind: 'character',
  text: `\\x{${value.toString(HEX_RADIX)}}`,
  length,
});
