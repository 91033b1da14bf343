// Reading past the system's page cache (O_DIRECT, open(2)): a drive is read once, so a copy of it in the host's memory is
// work for nothing and drives out what the host needs. The system does not read ahead then; we do, one piece, in Node's
// pool, so that the drive works while the piece before is hashed.

import { read } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { KIB, SECOND_MS } from '#language/units.ts';

/**
 * Asked for at a time: enough for a drive to be busy with while the piece before is hashed. A drive that tries for seconds at
 * each bad sector is to answer before it counts as silent (station/loader-session.ts).
 */
const PIECE_BYTES = 512 * KIB;
/** Memory, position and length of a direct read are multiples of this; where a drive wants more, it is read otherwise. */
const ALIGNMENT_BYTES = 4 * KIB;
/** A drive that takes longer for a piece is in trouble: smaller reads tell more often that it lives. */
const SLOW_MS = 2 * SECOND_MS;
/** How the kernel says what the cache calls EIO (blk_errors in block/blk-core.c). */
const DRIVE_ERRORS: ReadonlySet<string> = new Set(['ENODATA', 'ETIMEDOUT', 'EREMOTEIO', 'ENOLINK', 'EILSEQ']);

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
  /** Absent: all was read. `EOF`: the file has no more. `SHORT`: the rest begins within a sector. `SLOW`; else the system's code. */
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
    const { got, tookMs } = await coming;
    if (typeof got === 'string') return { readBytes, stoppedBy: got };
    if (got === 0) return { readBytes, stoppedBy: 'EOF' };
    const piece = bytes.subarray(readBytes, readBytes + got);
    readBytes += got;
    const isLast = readBytes === bytes.length;
    const stoppedBy = isLast ? undefined : stopAfter(got, tookMs);
    if (stoppedBy === undefined && !isLast) coming = ask(bytes, readBytes, reading);
    try {
      reading.onBytes(piece);
    } catch (error: unknown) {
      // Nobody may have the memory while something is read into it.
      await coming;
      throw error;
    }
    if (stoppedBy !== undefined) return { readBytes, stoppedBy };
  }
  return { readBytes };
};

const stopAfter = (got: number, tookMs: number): 'SHORT' | 'SLOW' | undefined => {
  // The next piece would end in what is not ours.
  if (got % ALIGNMENT_BYTES !== 0) return 'SHORT';
  return tookMs > SLOW_MS ? 'SLOW' : undefined;
};

interface Answer {
  /** How many bytes came, or the system's code. */
  readonly got: number | string;
  readonly tookMs: number;
}

const ask = (bytes: Uint8Array, from: number, { fd, position, onAnswer }: DirectReading): Promise<Answer> => {
  const wanted = Math.min(PIECE_BYTES, bytes.length - from);
  // The rest of the page may lie past the end of a file; what comes beyond the wanted bytes is cut off by who takes them.
  const length = Math.ceil(wanted / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const start = bytes.byteOffset + from;
  if (start + length > bytes.buffer.byteLength) return Promise.resolve({ got: 'EINVAL', tookMs: 0 });
  const place = new Uint8Array(bytes.buffer, start, length);
  const beganMs = performance.now();
  return new Promise((resolve) => {
    read(fd, place, 0, length, position + from, (error, count) => {
      // Whatever it is: the cache tries once more, and judges.
      const code = error === null ? undefined : (error.code ?? 'EIO');
      onAnswer(code !== undefined && DRIVE_ERRORS.has(code) ? 'EIO' : code);
      resolve({ got: code ?? Math.min(count, wanted), tookMs: performance.now() - beganMs });
    });
  });
};
