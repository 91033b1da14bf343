// The working log's form, shared by writer and reader. One row a line, fields in this order:
//
//   seconds , "path" , status , "code" , "key" , md5 , bytes , "content type" LF
//
// INVARIANTS
//   seconds, status and bytes are decimal integers without leading zeros (seconds since 1970, UTC; negative is possible).
//   A text stands in quotes, a quote in it is doubled, everything else stands as it is, LF included.
//   path is raw bytes, exactly as the drive's file system gave them; the other texts are UTF-8.
//   md5 is 32 lower-case hex digits or nothing.
//   A row is whole only with its LF. The first line names the format and its version.

import assert from 'node:assert/strict';
import { SECOND_MS } from '#language/units.ts';
import type { LogRow } from './contract.ts';

/** First line of every working log: the format's name and version, then the names of the fields. */
export const WORKING_LOG_HEADER: Uint8Array = Buffer.from(
  'import-station working log 1: FinishedAt,File,Status,Code,Key,MD5,Bytes,Content-Type\n',
);

const QUOTE = 0x22;
const MD5 = /^(?:[0-9a-f]{32})?$/u;

/**
 * One row of the working log, exact: what is read back is equal, but for fractions of a second and for halves of a
 * character in a text, which UTF-8 cannot carry.
 */
export const formatWorkingRow = (row: LogRow): Uint8Array => {
  const { finishedAt, path, status, code, key, md5, sizeBytes, contentType } = row;
  const seconds = Math.floor(finishedAt.getTime() / SECOND_MS);
  assert(Number.isSafeInteger(seconds), 'a row has a valid time');
  assert(Number.isSafeInteger(status) && status >= 0, 'a status is a whole number');
  assert(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, 'a size is a whole number of bytes');
  assert(MD5.test(md5), 'an MD5 is 32 lower-case hex digits or nothing');
  const quoted = doubleQuotes(path);
  const before = `${seconds},"`;
  const after = `",${status},${quote(code)},${quote(key)},${md5},${sizeBytes},${quote(contentType)}\n`;
  const bytes = Buffer.allocUnsafe(before.length + quoted.length + Buffer.byteLength(after));
  bytes.write(before, 'latin1');
  bytes.set(quoted, before.length);
  const end = before.length + quoted.length + bytes.write(after, before.length + quoted.length, 'utf8');
  assert.equal(end, bytes.length, 'a row is whole');
  return bytes;
};

const quote = (text: string): string => (text.includes('"') ? `"${text.replaceAll('"', '""')}"` : `"${text}"`);

const doubleQuotes = (bytes: Uint8Array): Uint8Array =>
  bytes.includes(QUOTE)
    ? Uint8Array.from([...bytes].flatMap((byte) => (byte === QUOTE ? [QUOTE, QUOTE] : [byte])))
    : bytes;
