// One value of a manifest's line: plain, single-quoted or double-quoted text, comments (spec 1.1).
// No message repeats what is written: the line may hold a password.

import type { ScalarNode, ValueResult } from './manifest-tree.ts';

const HEX_RADIX = 16;
const LAST_CODE_POINT = 0x10ffff;

const BLANKS = ' \t';
// The look-ahead keeps a doubled quote at the end from being taken as the closing one.
const SINGLE_QUOTED = /^'(?:[^']|'')*'(?!')/u;
const DOUBLE_QUOTED = /^"(?:[^"\\]|\\.)*"/u;
const ESCAPE = /\\(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|(.))/gu;

// YAML 1.2.2, 5.7.
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\u0007'],
  ['b', '\b'],
  ['t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\u001B'],
  [' ', ' '],
  ['"', '"'],
  ['/', '/'],
  ['\\', '\\'],
  ['N', '\u0085'],
  ['_', '\u00A0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);

// Anchors, aliases, tags, block text, directives and what YAML reserves: a meaning that we do not have.
const INDICATOR = /^[&*!|>%@`]/u;

// A quoted text at the start of a source, and what stands behind it.
type QuotedResult =
  | { readonly kind: 'ok'; readonly text: string; readonly rest: string }
  | { readonly kind: 'problem'; readonly message: string };

/** Takes blanks (space, TAB) off both ends; nothing else that Unicode calls white space. */
export const trimBlanks = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.includes(text.charAt(start))) start += 1;
  while (end > start && BLANKS.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
};

/** True where the text starts with a quote. */
export const isQuoted = (text: string): boolean => text.startsWith('"') || text.startsWith("'");

/** True where nothing but a comment may follow: the text is empty or begins one. */
export const isBlankOrComment = (text: string): boolean => text === '' || text.startsWith('#');

/** Reads the quoted text with which the source starts; escapes of double quotes are those of YAML. */
export const readQuoted = (source: string): QuotedResult => {
  const isDouble = source.startsWith('"');
  const [whole] = (isDouble ? DOUBLE_QUOTED : SINGLE_QUOTED).exec(source) ?? [];
  if (whole === undefined) return { kind: 'problem', message: 'a quoted text is not closed on its line' };
  const body = whole.slice(1, -1);
  const text = isDouble ? unescape(body) : body.replaceAll("''", "'");
  if (text === undefined) {
    const message = 'a double-quoted text holds an unknown escape, expected "\\\\" for a backslash (or single quotes)';
    return { kind: 'problem', message };
  }
  return { kind: 'ok', text, rest: source.slice(whole.length) };
};

/** Reads a quoted or plain text that reaches to the end of the line or to a comment. */
export const readScalar = (source: string, line: number): ValueResult<ScalarNode> => {
  const trimmed = trimBlanks(source);
  return isQuoted(trimmed) ? readWholeQuoted(trimmed, line) : plainScalar(withoutComment(trimmed), line);
};

/** Reads what stands behind a name's colon: "#" begins a comment behind a blank only, so directly behind it is text. */
export const readBehindColon = (rest: string, line: number): ValueResult<ScalarNode> => {
  if (rest.startsWith('#')) return plainScalar(withoutTrailingComment(trimBlanks(rest)), line);
  const read = readScalar(rest, line);
  const isComment = trimBlanks(rest).startsWith('#');
  return read.kind === 'ok' && isComment ? { kind: 'ok', node: { ...read.node, isCommentAlone: true } } : read;
};

/** Reads an item of `ignore`: a quoted text, or all that stands on the line (patterns are no YAML). */
export const readLiteral = (source: string, line: number): ValueResult<ScalarNode> => {
  const trimmed = trimBlanks(source);
  if (isQuoted(trimmed)) return readWholeQuoted(trimmed, line);
  return { kind: 'ok', node: { kind: 'scalar', text: trimmed, line, isQuoted: false } };
};

/** Makes a scalar of an unquoted text; one that begins as something special in YAML is refused. */
export const plainScalar = (text: string, line: number): ValueResult<ScalarNode> => {
  if (INDICATOR.test(text)) {
    return { kind: 'problem', message: 'a value begins with one of & * ! | > % @ `, expected quotes around it' };
  }
  return { kind: 'ok', node: { kind: 'scalar', text, line, isQuoted: false } };
};

/** Cuts a comment off: "#" at the start or behind a blank (YAML 1.2.2, 6.6). */
export const withoutComment = (text: string): string => (text.startsWith('#') ? '' : withoutTrailingComment(text));

const withoutTrailingComment = (text: string): string => {
  const at = text.search(/[ \t]#/u);
  return at === -1 ? text : trimBlanks(text.slice(0, at));
};

const readWholeQuoted = (source: string, line: number): ValueResult<ScalarNode> => {
  const quoted = readQuoted(source);
  if (quoted.kind === 'problem') return quoted;
  if (withoutComment(trimBlanks(quoted.rest)) !== '') {
    return { kind: 'problem', message: 'text follows a closing quote, expected the end of the line' };
  }
  return { kind: 'ok', node: { kind: 'scalar', text: quoted.text, line, isQuoted: true } };
};

const unescape = (body: string): string | undefined => {
  const pieces: string[] = [];
  let at = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const character = escapedCharacter(match);
    if (character === undefined) return undefined;
    pieces.push(body.slice(at, match.index), character);
    at = match.index + match[0].length;
  }
  const text = pieces.join('') + body.slice(at);
  // Two \u halves may make one character; a half alone is none.
  return text.isWellFormed() ? text : undefined;
};

const escapedCharacter = ([, byte, short, long, name]: RegExpExecArray): string | undefined => {
  if (name !== undefined) return ESCAPED.get(name);
  const codePoint = Number.parseInt(`${byte ?? ''}${short ?? ''}${long ?? ''}`, HEX_RADIX);
  return codePoint > LAST_CODE_POINT ? undefined : String.fromCodePoint(codePoint);
};
