// What a large read cannot give, in small ones: a drive with a bad sector refuses the whole read that touches it, and some
// file systems refuse half a megabyte around it. What stays unreadable is named to the sector.
//
// INVARIANT: a file's trouble is bounded, in refused reads and in time, whatever its drive does.

import { performance } from 'node:perf_hooks';
import { KIB, SECOND_MS } from '#language/units.ts';
import type { ByteRange, ReadProblem } from './reader-messages.ts';

/** Reads at a position of the file; 0 is its end. */
export type ReadAt = (bytes: Uint8Array, position: number) => number | ReadProblem;

/** What cannot be read of one file, and what finding that out has cost. */
export interface Trouble {
  /** In order, never two that touch. */
  readonly ranges: readonly ByteRange[];
  /** No more is tried. */
  readonly isOver: boolean;
  /** Counts a refused read. */
  refused(): void;
  /** Adds a range behind all others. */
  add(range: ByteRange): void;
  /** Runs what deals with the trouble, and counts its time. */
  timed<Result>(work: () => Result): Result;
}

/** One page: the kernel reads no less through its cache. */
const PIECE_BYTES = 4 * KIB;
/** Drives address no less. */
const SECTOR_BYTES = 512;
/** A drive's own electronics have tried for seconds already before the system says EIO. */
const ATTEMPTS = 3;
const MAX_REFUSED = 512;
const MAX_MS = 20 * SECOND_MS;

/** Starts with none. */
export const createTrouble = (): Trouble => {
  const ranges: ByteRange[] = [];
  let refusedReads = 0;
  let spentMs = 0;
  let sinceMs: number | undefined;
  return {
    ranges,
    get isOver() {
      const runningMs = sinceMs === undefined ? 0 : performance.now() - sinceMs;
      return refusedReads >= MAX_REFUSED || spentMs + runningMs >= MAX_MS;
    },
    refused: () => {
      refusedReads += 1;
    },
    add: ({ from, to }) => {
      const last = ranges.at(-1);
      if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
      else ranges.push({ from, to });
    },
    timed: (work) => {
      const startMs = performance.now();
      sinceMs = startMs;
      try {
        return work();
      } finally {
        sinceMs = undefined;
        spentMs += performance.now() - startMs;
      }
    },
  };
};

/** True for the answer that a bad sector gives, and that another try may change. */
export const isInputError = (read: number | ReadProblem): read is ReadProblem =>
  typeof read !== 'number' && read.detail === 'EIO';

/**
 * Reads again what was refused with EIO, in falling sizes. Gives the number of bytes that were dealt with: less than asked at
 * the end of the file and where the trouble is over. Those that cannot be read are added to the trouble.
 */
export const readInPieces = (
  bytes: Uint8Array,
  position: number,
  { readAt, trouble }: { readonly readAt: ReadAt; readonly trouble: Trouble },
): number | ReadProblem => {
  let done = 0;
  while (done < bytes.length && !trouble.isOver) {
    const read = readUpTo(PIECE_BYTES, ATTEMPTS, bytes.subarray(done), position + done, { readAt, trouble });
    if (isInputError(read)) {
      const end = done + pieceLength(PIECE_BYTES, bytes.length - done, position + done);
      while (done < end && !trouble.isOver) {
        const rest = bytes.subarray(done, end);
        const sector = readUpTo(SECTOR_BYTES, 1, rest, position + done, { readAt, trouble });
        if (typeof sector !== 'number' && !isInputError(sector)) return sector;
        if (sector === 0) return done;
        const length = typeof sector === 'number' ? sector : pieceLength(SECTOR_BYTES, rest.length, position + done);
        if (typeof sector !== 'number') trouble.add({ from: position + done, to: position + done + length });
        done += length;
      }
    } else if (typeof read !== 'number') return read;
    else if (read === 0) return done;
    else done += read;
  }
  return done;
};

// To the next multiple of the piece, so that a piece is never more than one place of the drive.
const pieceLength = (pieceBytes: number, available: number, position: number): number =>
  Math.min(available, pieceBytes - (position % pieceBytes));

const readUpTo = (
  pieceBytes: number,
  attempts: number,
  bytes: Uint8Array,
  position: number,
  { readAt, trouble }: { readonly readAt: ReadAt; readonly trouble: Trouble },
): number | ReadProblem => {
  const piece = bytes.subarray(0, pieceLength(pieceBytes, bytes.length, position));
  for (let attempt = 1; ; attempt += 1) {
    const read = readAt(piece, position);
    if (!isInputError(read)) return read;
    trouble.refused();
    if (attempt >= attempts || trouble.isOver) return read;
  }
};
