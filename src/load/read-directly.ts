// Reading past the system's page cache (O_DIRECT, open(2)): a drive is read once, so a copy of it in the host's memory is
// work for nothing and drives out what the host needs. The system does not read ahead then; we do, one piece, in Node's
// pool, so that the drive works while the piece before is hashed.

import { read } from 'node:fs';
import { KIB, MIB } from '#language/units.ts';
import { systemCode } from '#drive/system-code.ts';

/** Asked for at a time: enough for a drive to be busy with while the piece before is hashed. */
const PIECE_BYTES = MIB;
/** Memory, position and length of a direct read are multiples of a drive's sectors; no drive has larger ones. */
const ALIGNMENT_BYTES = 4 * KIB;

/** `f_type` (statfs(2)) of the file systems that were seen to read so: ext2 to ext4, and XFS. Btrfs fills the cache anyway. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([0xef53, 0x58465342]);

/** True where files of a file system of this `f_type` may be read past the cache. */
export const canReadDirectly = (fileSystemType: number): boolean => KNOWN_TYPES.has(fileSystemType);

/** Where a direct reading goes on, and who hears of it. */
export interface DirectReading {
  readonly fd: number;
  /** In the file. */
  readonly position: number;
  /** Hears of each answer of the system, with the code where it was an error. */
  readonly onAnswer: (code?: string) => void;
  /** Takes what was read, in order, while the next piece is on its way. */
  readonly onBytes: (bytes: Uint8Array) => void;
}

/** How far it came. */
export interface DirectEnd {
  readonly readBytes: number;
  /** Absent: all was read. `EOF`: the file has no more; else the system's code. */
  readonly stoppedBy?: string;
}

/**
 * Fills the bytes from the file. They begin at a page, and the rest of their last page is theirs. Ends early at whatever the
 * system says that is not more bytes.
 */
export const readDirectly = async (bytes: Uint8Array, reading: DirectReading): Promise<DirectEnd> => {
  let readBytes = 0;
  let coming = ask(bytes, readBytes, reading);
  while (readBytes < bytes.length) {
    const got = await coming;
    if (typeof got === 'string') return { readBytes, stoppedBy: got };
    if (got === 0) return { readBytes, stoppedBy: 'EOF' };
    const piece = bytes.subarray(readBytes, readBytes + got);
    readBytes += piece.length;
    if (readBytes < bytes.length) coming = ask(bytes, readBytes, reading);
    reading.onBytes(piece);
  }
  return { readBytes };
};

// Gives how many bytes came, or the system's code.
const ask = (bytes: Uint8Array, from: number, { fd, position, onAnswer }: DirectReading): Promise<number | string> => {
  const wanted = Math.min(PIECE_BYTES, bytes.length - from);
  // The rest of the page may lie past the end of a file; what comes beyond the wanted bytes is cut off by who takes them.
  const length = Math.ceil(wanted / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const start = bytes.byteOffset + from;
  if (start + length > bytes.buffer.byteLength) return Promise.resolve('EINVAL');
  const place = new Uint8Array(bytes.buffer, start, length);
  return new Promise((resolve) => {
    read(fd, place, 0, length, position + from, (error, count) => {
      const code = error === null ? undefined : systemCode(error);
      onAnswer(code);
      resolve(code ?? Math.min(count, wanted));
    });
  });
};
