// Flow style on one line, `[a, b]` and `{a: b}` (spec 1.1), whose brackets are also the placeholders of the templates.

import type { ManifestEntry, ScalarNode, ValueResult } from './manifest-tree.ts';
import { isQuoted, plainScalar, readQuoted, trimBlanks, withoutComment } from './manifest-scalar.ts';

type Piece<Value> =
  | { readonly kind: 'ok'; readonly value: Value; readonly rest: string }
  | { readonly kind: 'problem'; readonly message: string };

const PLAIN_END = /[,[\]{}]|$/u;
const PLAIN_NAME_END = /[,[\]{}:]|$/u;
const NOT_CLOSED = 'a list or map in brackets is not closed, or holds brackets itself, expected it on one line';

/** True where the text starts a list or map in brackets. */
export const isFlow = (text: string): boolean => text.startsWith('[') || text.startsWith('{');

/** Reads `[a, b]` or `{a: b}` that reaches to the end of the line or to a comment; brackets inside are refused. */
export const readFlow = (source: string, line: number): ValueResult =>
  source.startsWith('[') ? readFlowList(source, line) : readFlowMap(source, line);

const readFlowList = (source: string, line: number): ValueResult => {
  const items = readPieces(source, ']', (text) => readItem(text, PLAIN_END, line));
  return items.kind === 'problem' ? items : { kind: 'ok', node: { kind: 'list', items: items.value } };
};

const readFlowMap = (source: string, line: number): ValueResult => {
  const entries = readPieces(source, '}', (text) => readPair(text, line));
  return entries.kind === 'problem' ? entries : { kind: 'ok', node: { kind: 'map', entries: entries.value } };
};

const readPieces = <Value>(
  source: string,
  close: ']' | '}',
  readPiece: (text: string) => Piece<Value>,
): Piece<readonly Value[]> => {
  const values: Value[] = [];
  let rest = trimBlanks(source.slice(1));
  while (!rest.startsWith(close)) {
    const piece = readPiece(rest);
    if (piece.kind === 'problem') return piece;
    values.push(piece.value);
    rest = trimBlanks(piece.rest);
    if (rest.startsWith(',')) rest = trimBlanks(rest.slice(1));
    else if (!rest.startsWith(close)) return { kind: 'problem', message: NOT_CLOSED };
  }
  if (withoutComment(trimBlanks(rest.slice(1))) !== '') {
    return { kind: 'problem', message: 'text follows a closing bracket, expected the end of the line' };
  }
  return { kind: 'ok', value: values, rest: '' };
};

const readPair = (source: string, line: number): Piece<ManifestEntry> => {
  const name = readItem(source, PLAIN_NAME_END, line);
  if (name.kind === 'problem') return name;
  const behind = trimBlanks(name.rest);
  if (!behind.startsWith(':'))
    return { kind: 'problem', message: 'a map in braces lacks a colon, expected {name: value}' };
  const entry = { name: name.value.text, line, isNameQuoted: name.value.isQuoted };
  const start = trimBlanks(behind.slice(1));
  if (start.startsWith(',') || start.startsWith('}')) {
    const value: ScalarNode = { kind: 'scalar', text: '', line, isQuoted: false };
    return { kind: 'ok', value: { ...entry, value }, rest: start };
  }
  const value = readItem(start, PLAIN_END, line);
  return value.kind === 'problem' ? value : { kind: 'ok', value: { ...entry, value: value.value }, rest: value.rest };
};

const readItem = (source: string, end: RegExp, line: number): Piece<ScalarNode> => {
  if (isQuoted(source)) {
    const quoted = readQuoted(source);
    if (quoted.kind === 'problem') return quoted;
    return { kind: 'ok', value: { kind: 'scalar', text: quoted.text, line, isQuoted: true }, rest: quoted.rest };
  }
  const at = source.search(end);
  const text = trimBlanks(source.slice(0, at));
  if (text !== withoutComment(text)) return { kind: 'problem', message: NOT_CLOSED };
  if (text === '') return { kind: 'problem', message: 'a list or map in brackets has an empty place' };
  const scalar = plainScalar(text, line);
  return scalar.kind === 'problem' ? scalar : { kind: 'ok', value: scalar.node, rest: source.slice(at) };
};
