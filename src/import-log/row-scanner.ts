// Reads one row of the working log from bytes (its form: row-format.ts). By hand, because a million rows are read on every
// resume, and because only the grammar tells a torn tail (the bytes end within a row) from damage (they break it).

import { SECOND_MS } from '#language/units.ts';
import type { LogRow } from './contract.ts';

/** A whole row and where the next begins; or the bytes end within the row; or the byte at which they break the grammar. */
export type ScannedRow =
  | { readonly kind: 'row'; readonly row: LogRow; readonly next: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'damaged'; readonly at: number };

// Once it has failed, every further step leaves it as it is.
interface Cursor {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;
  failure: 'none' | 'incomplete' | 'damaged';
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_A = 0x61;
const LOWER_F = 0x66;
const LINE_FEED = 0x0a;
const RADIX = 10;
const MD5_DIGITS = 32;

/** Scans the row that begins at `from`; `end` is where the bytes end. The row keeps nothing of `bytes`. */
export const scanRow = (bytes: Buffer, from: number, end: number): ScannedRow => {
  const cursor: Cursor = { bytes, end, at: from, failure: 'none' };
  const seconds = readInteger(cursor);
  expect(cursor, COMMA);
  const path = readPath(cursor);
  expect(cursor, COMMA);
  const status = readInteger(cursor);
  expect(cursor, COMMA);
  const code = readRepeated(cursor, lastCode);
  expect(cursor, COMMA);
  const key = readText(cursor);
  expect(cursor, COMMA);
  const md5 = readMd5(cursor);
  expect(cursor, COMMA);
  const sizeBytes = readInteger(cursor);
  expect(cursor, COMMA);
  const contentType = readRepeated(cursor, lastContentType);
  expect(cursor, LINE_FEED);
  if (cursor.failure === 'incomplete') return { kind: 'incomplete' };
  if (cursor.failure === 'damaged') return { kind: 'damaged', at: cursor.at };
  const finishedAt = new Date(seconds * SECOND_MS);
  return { kind: 'row', row: { finishedAt, path, status, code, key, md5, sizeBytes, contentType }, next: cursor.at };
};

const fail = (cursor: Cursor): void => {
  cursor.failure = cursor.at >= cursor.end ? 'incomplete' : 'damaged';
};

const expect = (cursor: Cursor, byte: number): void => {
  if (cursor.failure !== 'none') return;
  if (cursor.at < cursor.end && cursor.bytes[cursor.at] === byte) cursor.at += 1;
  else fail(cursor);
};

const byteAt = ({ bytes, at, end }: Cursor): number => (at < end ? (bytes[at] ?? 0) : 0);

const readInteger = (cursor: Cursor): number => {
  if (cursor.failure !== 'none') return 0;
  const isNegative = byteAt(cursor) === MINUS;
  if (isNegative) cursor.at += 1;
  const first = cursor.at;
  let value = 0;
  for (let byte = byteAt(cursor); byte >= ZERO && byte <= NINE; byte = byteAt(cursor)) {
    value = value * RADIX + (byte - ZERO);
    cursor.at += 1;
  }
  const isPadded = cursor.at > first + 1 && cursor.bytes[first] === ZERO;
  // A number that the bytes end in may have more digits: what follows it, if only a comma, must be there.
  if (cursor.at === first || cursor.at >= cursor.end) fail(cursor);
  else if (isPadded || !Number.isSafeInteger(value)) cursor.failure = 'damaged';
  return isNegative ? -value : value;
};

const readPath = (cursor: Cursor): Uint8Array => {
  const { at, quotes, end } = skipQuoted(cursor);
  const path = new Uint8Array(cursor.bytes.subarray(at, end));
  return quotes === 0 ? path : halveQuotes(path);
};

const readText = (cursor: Cursor): string => {
  const { at, end } = skipQuoted(cursor);
  return unquoted(cursor.bytes.toString('utf8', at, end));
};

interface Repeated {
  bytes: Uint8Array;
  text: string;
}

const lastCode: Repeated = { bytes: new Uint8Array(0), text: '' };
const lastContentType: Repeated = { bytes: new Uint8Array(0), text: '' };

// Most rows have the text of the row before: comparing its bytes costs a fraction of making a text of them.
const readRepeated = (cursor: Cursor, last: Repeated): string => {
  const { at, end } = skipQuoted(cursor);
  const { bytes } = cursor;
  if (!isThere(last.bytes, bytes, at, end)) {
    last.bytes = new Uint8Array(bytes.subarray(at, end));
    last.text = unquoted(bytes.toString('utf8', at, end));
  }
  return last.text;
};

const isThere = (wanted: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean => {
  if (wanted.length !== end - at) return false;
  for (let index = 0; index < wanted.length; index += 1) if (wanted[index] !== bytes[at + index]) return false;
  return true;
};

const unquoted = (text: string): string => (text.includes('"') ? text.replaceAll('""', '"') : text);

interface Quoted {
  readonly at: number;
  readonly end: number;
  /** How many doubled quotes stand in it. */
  readonly quotes: number;
}

const NOTHING_QUOTED: Quoted = { at: 0, end: 0, quotes: 0 };

const skipQuoted = (cursor: Cursor): Quoted => {
  expect(cursor, QUOTE);
  if (cursor.failure !== 'none') return NOTHING_QUOTED;
  const { bytes, end, at: start } = cursor;
  let quotes = 0;
  for (let from = start; ;) {
    const at = bytes.indexOf(QUOTE, from);
    // A quote that is the last byte may be the first half of a doubled one.
    if (at === -1 || at + 1 >= end) {
      cursor.at = end;
      cursor.failure = 'incomplete';
      return NOTHING_QUOTED;
    }
    if (bytes[at + 1] !== QUOTE) {
      cursor.at = at + 1;
      return { at: start, end: at, quotes };
    }
    quotes += 1;
    from = at + 2;
  }
};

const halveQuotes = (doubled: Uint8Array): Uint8Array => {
  const halved = new Uint8Array(doubled.length);
  let length = 0;
  for (let at = 0; at < doubled.length; at += 1) {
    const byte = doubled[at] ?? 0;
    halved[length] = byte;
    length += 1;
    if (byte === QUOTE) at += 1;
  }
  return halved.slice(0, length);
};

const readMd5 = (cursor: Cursor): string => {
  if (cursor.failure !== 'none' || byteAt(cursor) === COMMA) return '';
  const start = cursor.at;
  while (cursor.at < start + MD5_DIGITS) {
    const byte = byteAt(cursor);
    const isDigit = (byte >= ZERO && byte <= NINE) || (byte >= LOWER_A && byte <= LOWER_F);
    if (!isDigit) {
      fail(cursor);
      return '';
    }
    cursor.at += 1;
  }
  return cursor.bytes.toString('latin1', start, cursor.at);
};
