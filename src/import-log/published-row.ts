// A row as the customer reads it (spec 4.2, 4.3; decisions 3 and 13).

import { isUtf8 } from 'node:buffer';
import { SECOND_MS } from '#language/units.ts';
import type { LogRow } from './contract.ts';

/** Names of the columns, in their order (spec 4.2). */
export const COLUMNS: readonly string[] = ['DateTime', 'File', 'Status', 'Code', 'Key', 'MD5', 'Bytes', 'Content-Type'];

/** Place of `File` among the columns. */
export const FILE_COLUMN: number = COLUMNS.indexOf('File');

/** A text that is quoted only where CSV must. */
export interface BareText {
  readonly bare: string;
}

/** The fields of a row in the order of the columns; what is a plain string (File and Key) is quoted, but for an empty one. */
export const publishedFields = (row: LogRow, bucket: string): readonly (string | number | BareText)[] => [
  { bare: formatLogDate(row.finishedAt) },
  fileText(row.path),
  row.status,
  { bare: row.code },
  row.key === '' ? '' : `${bucket}/${row.key}`,
  { bare: row.md5 },
  row.sizeBytes,
  { bare: row.contentType },
];

/** `Tue 03 Feb 2009 21:57:43 GMT`: RFC 1123 without its comma (spec 4.3). */
export const formatLogDate = (date: Date): string => {
  const seconds = Math.floor(date.getTime() / SECOND_MS);
  if (seconds !== last.seconds) last = { seconds, text: date.toUTCString().replace(',', '') };
  return last.text;
};

// Thousands of rows have the same second.
let last = { seconds: 0, text: 'Thu 01 Jan 1970 00:00:00 GMT' };

/**
 * The `File` of a path: its text; where it is not UTF-8, bad bytes as `%XX` and `%` as `%25` (decision 13), so that it can be
 * told which bytes the drive holds.
 */
export const fileText = (path: Uint8Array): string => {
  const bytes = Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    const sequence = bytes.toString('utf8', at, at + length);
    text += length === 0 ? percent(bytes.readUInt8(at)) : sequence.replace('%', '%25');
    at += Math.max(length, 1);
  }
  return text;
};

const HEX_RADIX = 16;
const HEX_DIGITS = 2;
// RFC 3629.
const LONGEST_SEQUENCE = 4;

const percent = (byte: number): string => `%${byte.toString(HEX_RADIX).toUpperCase().padStart(HEX_DIGITS, '0')}`;

// Bytes of the one character that begins at a place, 0 where none does.
const sequenceLength = (bytes: Buffer, at: number): number => {
  for (let length = 1; length <= LONGEST_SEQUENCE && at + length <= bytes.length; length += 1) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
};
