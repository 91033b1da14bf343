// Reads one row of the working log from bytes (its form: row-format.ts). By hand, because a million rows are read on every
// resume, and because only the grammar tells a torn tail (the bytes end within a row) from damage (they break it).

import { SECOND_MS } from '#language/units.ts';
import type { LogRow } from './contract.ts';

/** A whole row and where the next begins; or the bytes end within the row; or the byte at which they break the grammar. */
export type ScannedRow =
  | { readonly kind: 'row'; readonly row: PassingRow; readonly next: number }
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

/** Where the fields of a row stand in its bytes, without their quotes; an MD5 that is not there ends where it begins. */
interface Places {
  readonly seconds: number;
  readonly path: number;
  readonly pathEnd: number;
  readonly status: number;
  readonly code: number;
  readonly codeEnd: number;
  readonly key: number;
  readonly keyEnd: number;
  readonly md5: number;
  readonly md5End: number;
  readonly sizeBytes: number;
  readonly contentType: number;
  readonly contentTypeEnd: number;
}

/**
 * A row that is read from its bytes field by field, as each is asked for: who counts a million rows needs few of them. To be
 * asked before the bytes change; `keepRow` makes one that lasts. A copy by spread has no field.
 */
export class PassingRow implements LogRow {
  readonly #bytes: Buffer;
  readonly #places: Places;

  constructor(bytes: Buffer, places: Places) {
    this.#bytes = bytes;
    this.#places = places;
  }

  get finishedAt(): Date {
    return new Date(this.#places.seconds * SECOND_MS);
  }

  /** A view of the bytes, unless a quote stands in it. */
  get path(): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    const { path: at, pathEnd: end } = this.#places;
    // Not by `subarray`: a Buffer costs twice as much as what is under it.
    const path = new Uint8Array(buffer, byteOffset + at, end - at);
    return path.includes(QUOTE) ? halveQuotes(path) : path;
  }

  get status(): number {
    return this.#places.status;
  }

  get code(): string {
    return repeatedText(this.#bytes, this.#places.code, this.#places.codeEnd, lastCode);
  }

  get key(): string {
    return textOf(this.#bytes, this.#places.key, this.#places.keyEnd);
  }

  get md5(): string {
    const { md5, md5End } = this.#places;
    return md5 === md5End ? '' : this.#bytes.toString('latin1', md5, md5End);
  }

  get sizeBytes(): number {
    return this.#places.sizeBytes;
  }

  get contentType(): string {
    return repeatedText(this.#bytes, this.#places.contentType, this.#places.contentTypeEnd, lastContentType);
  }
}

/** The same row, keeping nothing of the bytes. */
export const keepRow = (row: LogRow): LogRow => {
  const { finishedAt, path, status, code, key, md5, sizeBytes, contentType } = row;
  return { finishedAt, path: new Uint8Array(path), status, code, key, md5, sizeBytes, contentType };
};

/** Scans the row that begins at `from`, every byte of it; `end` is where the bytes end. */
export const scanRow = (bytes: Buffer, from: number, end: number): ScannedRow => {
  const cursor: Cursor = { bytes, end, at: from, failure: 'none' };
  const seconds = readInteger(cursor);
  expect(cursor, COMMA);
  const path = cursor.at + 1;
  const pathEnd = skipQuoted(cursor);
  expect(cursor, COMMA);
  const status = readInteger(cursor);
  expect(cursor, COMMA);
  const code = cursor.at + 1;
  const codeEnd = skipQuoted(cursor);
  expect(cursor, COMMA);
  const key = cursor.at + 1;
  const keyEnd = skipQuoted(cursor);
  expect(cursor, COMMA);
  const md5 = cursor.at;
  const md5End = skipMd5(cursor);
  expect(cursor, COMMA);
  const sizeBytes = readInteger(cursor);
  expect(cursor, COMMA);
  const contentType = cursor.at + 1;
  const contentTypeEnd = skipQuoted(cursor);
  expect(cursor, LINE_FEED);
  if (cursor.failure === 'none') {
    const row = new PassingRow(bytes, {
      seconds,
      path,
      pathEnd,
      status,
      code,
      codeEnd,
      key,
      keyEnd,
      md5,
      md5End,
      sizeBytes,
      contentType,
      contentTypeEnd,
    });
    return { kind: 'row', row, next: cursor.at };
  }
  return cursor.failure === 'incomplete' ? { kind: 'incomplete' } : { kind: 'damaged', at: cursor.at };
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

interface Repeated {
  bytes: Uint8Array;
  text: string;
}

const lastCode: Repeated = { bytes: new Uint8Array(0), text: '' };
const lastContentType: Repeated = { bytes: new Uint8Array(0), text: '' };

// Most rows have the text of the row before: comparing its bytes costs a fraction of making a text of them.
const repeatedText = (bytes: Buffer, at: number, end: number, last: Repeated): string => {
  if (!isThere(last.bytes, bytes, at, end)) {
    last.text = textOf(bytes, at, end);
    last.bytes = new Uint8Array(bytes.subarray(at, end));
  }
  return last.text;
};

const isThere = (wanted: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean => {
  if (wanted.length !== end - at) return false;
  for (let index = 0; index < wanted.length; index += 1) if (wanted[index] !== bytes[at + index]) return false;
  return true;
};

const textOf = (bytes: Buffer, at: number, end: number): string => {
  const text = bytes.toString('utf8', at, end);
  return text.includes('"') ? text.replaceAll('""', '"') : text;
};

// Gives where the text ends.
const skipQuoted = (cursor: Cursor): number => {
  expect(cursor, QUOTE);
  if (cursor.failure !== 'none') return cursor.at;
  const { bytes, end } = cursor;
  for (let from = cursor.at; ;) {
    const at = quoteFrom(bytes, from, end);
    // A quote that is the last byte may be the first half of a doubled one.
    if (at === -1 || at + 1 >= end) {
      cursor.at = end;
      cursor.failure = 'incomplete';
      return end;
    }
    if (bytes[at + 1] !== QUOTE) {
      cursor.at = at + 1;
      return at;
    }
    from = at + 2;
  }
};

// Most texts are short: they are looked through before a search of Node's own has begun.
const NEAR_BYTES = 48;

const quoteFrom = (bytes: Buffer, from: number, end: number): number => {
  const near = Math.min(end, from + NEAR_BYTES);
  for (let at = from; at < near; at += 1) if (bytes[at] === QUOTE) return at;
  return near === end ? -1 : bytes.indexOf(QUOTE, near);
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

// Gives where it ends.
const skipMd5 = (cursor: Cursor): number => {
  if (cursor.failure !== 'none' || byteAt(cursor) === COMMA) return cursor.at;
  const start = cursor.at;
  while (cursor.at < start + MD5_DIGITS) {
    const byte = byteAt(cursor);
    const isDigit = (byte >= ZERO && byte <= NINE) || (byte >= LOWER_A && byte <= LOWER_F);
    if (!isDigit) {
      fail(cursor);
      return cursor.at;
    }
    cursor.at += 1;
  }
  return cursor.at;
};
