import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createTrouble, readInPieces, type ReadAt } from '#load/read-in-pieces.ts';

const CONTENT = Uint8Array.from({ length: 16_384 }, (_value, index) => index % 251);
const EIO = { kind: 'problem', code: 'ReadError', detail: 'EIO' } as const;

/** A drive that refuses every read that touches a bad byte; those of `weak` only so many times. */
const aDrive = (bad: readonly number[], weak: ReadonlyMap<number, number> = new Map()): ReadAt => {
  const left = new Map(weak);
  return (bytes, position) => {
    const end = Math.min(position + bytes.length, CONTENT.length);
    const touches = (at: number): boolean => at >= position && at < end;
    if (bad.some(touches)) return EIO;
    for (const [at, times] of left) {
      if (!touches(at) || times === 0) continue;
      left.set(at, times - 1);
      return EIO;
    }
    bytes.set(CONTENT.subarray(position, end));
    return Math.max(0, end - position);
  };
};

test('readInPieces: gives everything where a smaller read, or another try, helps', () => {
  const trouble = createTrouble();
  const bytes = new Uint8Array(10_000);
  const readAt = aDrive(
    [],
    new Map([
      [5000, 2],
      [9000, 1],
    ]),
  );

  assert.equal(readInPieces(bytes, 100, { readAt, trouble }), bytes.length);

  assert.deepEqual(bytes, CONTENT.subarray(100, 10_100));
  assert.deepEqual(trouble.ranges, []);
});

test('readInPieces: names to the sector what stays unreadable, and gives all around it', () => {
  const trouble = createTrouble();
  const bytes = new Uint8Array(CONTENT.length);
  const readAt = aDrive([600, 1100, 8200, CONTENT.length - 1]);

  assert.equal(readInPieces(bytes, 0, { readAt, trouble }), bytes.length);

  const ranges = [
    { from: 512, to: 1536 },
    { from: 8192, to: 8704 },
    { from: 15_872, to: 16_384 },
  ];
  assert.deepEqual(trouble.ranges, ranges);
  const isBad = (at: number): boolean => ranges.some(({ from, to }) => at >= from && at < to);
  assert.deepEqual(
    bytes,
    CONTENT.map((byte, at) => (isBad(at) ? 0 : byte)),
  );
});

test('readInPieces: ends with the file', () => {
  const trouble = createTrouble();

  assert.equal(readInPieces(new Uint8Array(8192), CONTENT.length - 10, { readAt: aDrive([]), trouble }), 10);
});

test('readInPieces: gives any other error as it is', () => {
  const gone = { kind: 'problem', code: 'ReadError', detail: 'ENODEV' } as const;

  assert.deepEqual(readInPieces(new Uint8Array(9), 0, { readAt: () => gone, trouble: createTrouble() }), gone);
});

test('readInPieces: gives up a drive that refuses everything, after a bounded number of reads', () => {
  const trouble = createTrouble();
  let reads = 0;
  const readAt: ReadAt = () => {
    reads += 1;
    return EIO;
  };

  const done = readInPieces(new Uint8Array(1_000_000), 0, { readAt, trouble });

  assert.ok(typeof done === 'number' && done < 1_000_000);
  assert.ok(trouble.isOver);
  assert.ok(reads <= 512, String(reads));
  assert.deepEqual(trouble.ranges, [{ from: 0, to: done }]);
});
