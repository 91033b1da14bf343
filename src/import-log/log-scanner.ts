// Reads a working log from its file, in bounded memory: rows come in batches of what one chunk holds.

import type { FileHandle } from 'node:fs/promises';
import { printable } from '#language/printable.ts';
import { StationError } from '#language/station-error.ts';
import { KIB, MIB } from '#language/units.ts';
import { WORKING_LOG_HEADER } from './row-format.ts';
import { scanRow, type PassingRow } from './row-scanner.ts';

const CHUNK_BYTES = 64 * KIB;

// Twice a path of 4 MiB in quotes: no walk goes so deep. A quote that is lost in the middle must not pull the rest of the
// file into memory.
const LONGEST_ROW_BYTES = 16 * MIB;

/**
 * Yields the whole rows of an open log and returns the byte offset behind the last one. What follows it is a torn tail: a row
 * or header that the file ends in, or zeros to the end (a file system's way to end an unsynced write). Anything else
 * throws StationError WorkingLogDamaged. 0 is returned where not even the header is whole.
 *
 * Where the log may grow, `hasMore` is asked whenever the file has no more bytes behind its header, and told how many were
 * read: true, and it is read on.
 */
export async function* scanLog(
  file: FileHandle,
  path: string,
  hasMore: (readBytes: number) => Promise<boolean> = () => Promise.resolve(false),
): AsyncGenerator<readonly PassingRow[], number> {
  if (!(await readHeader(file, path))) return 0;
  let buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  // Bytes of the file from `offset` on stand at the start of the buffer.
  let offset = WORKING_LOG_HEADER.length;
  let filled = 0;
  for (;;) {
    if (filled + CHUNK_BYTES > buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
    const { bytesRead } = await file.read(buffer, filled, CHUNK_BYTES, offset + filled);
    if (bytesRead === 0) {
      if (await hasMore(offset + filled)) continue;
      return offset;
    }
    filled += bytesRead;
    const { rows, next, damagedAt } = scanRows(buffer, filled);
    if (rows.length > 0) yield rows;
    if (damagedAt !== undefined) {
      if (await isZeroFrom(file, offset + damagedAt)) return offset + next;
      throw damaged(path, offset + damagedAt);
    }
    if (filled - next > LONGEST_ROW_BYTES) throw damaged(path, offset + next);
    buffer.copyWithin(0, next, filled);
    offset += next;
    filled -= next;
  }
}

const readHeader = async (file: FileHandle, path: string): Promise<boolean> => {
  const header = Buffer.alloc(WORKING_LOG_HEADER.length);
  const { bytesRead } = await file.read(header, 0, header.length, 0);
  const found = header.subarray(0, bytesRead);
  if (found.equals(WORKING_LOG_HEADER)) return true;
  const at = found.findIndex((byte, index) => byte !== WORKING_LOG_HEADER[index]);
  if (at === -1 || (await isZeroFrom(file, at))) return false;
  throw damaged(path, at);
};

interface Batch {
  readonly rows: readonly PassingRow[];
  /** Where the row begins that is not whole. */
  readonly next: number;
  readonly damagedAt: number | undefined;
}

const scanRows = (buffer: Buffer, filled: number): Batch => {
  const bytes = buffer.subarray(0, filled);
  const rows: PassingRow[] = [];
  let next = 0;
  for (;;) {
    const scanned = scanRow(bytes, next, filled);
    if (scanned.kind === 'incomplete') return { rows, next, damagedAt: undefined };
    if (scanned.kind === 'damaged') return { rows, next, damagedAt: scanned.at };
    rows.push(scanned.row);
    next = scanned.next;
  }
};

const isZeroFrom = async (file: FileHandle, from: number): Promise<boolean> => {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = from; ;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return true;
    if (chunk.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    at += bytesRead;
  }
};

const damaged = (path: string, offset: number): StationError =>
  new StationError({
    code: 'WorkingLogDamaged',
    message: `Cannot read the working log "${printable(path)}": byte ${offset} breaks its form, expected whole rows up to the end`,
    hint: 'Check the disk that holds the state directory and restore the file from a backup, then retry.',
    details: { path, offset },
  });
