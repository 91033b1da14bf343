// Sizes of parts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GIB, MIB, TIB } from '#language/units.ts';
import { MAX_PARTS, partLength, partSizeFor } from '#load/part-size.ts';

const rows: readonly (readonly [number, number, number])[] = [
  [1, 8 * MIB, 8 * MIB],
  [8 * MIB * 10_000, 8 * MIB, 8 * MIB],
  [8 * MIB * 10_000 + 1, 8 * MIB, 9 * MIB],
  [5 * TIB, 8 * MIB, 525 * MIB],
];
for (const [sizeBytes, configured, expected] of rows) {
  test(`partSizeFor: gives ${String(expected / MIB)} MiB for a file of ${String(sizeBytes)} bytes`, () => {
    assert.equal(partSizeFor(sizeBytes, configured), expected);
  });
}

test('partSizeFor: never needs more than 10,000 parts of at most 5 GiB, and never less than was configured', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 5 * TIB }), fc.integer({ min: 5 * MIB, max: GIB }));
  fc.assert(
    fc.property(sizes, ([sizeBytes, configured]) => {
      const size = partSizeFor(sizeBytes, configured);

      assert.ok(size >= configured && size <= 5 * GIB);
      assert.ok(Math.ceil(sizeBytes / size) <= MAX_PARTS);
    }),
  );
});

test('partLength: cuts the file into parts that make it up', () => {
  assert.deepEqual(
    [1, 2, 3].map((part) => partLength(part, 25, 10)),
    [10, 10, 5],
  );
  assert.equal(partLength(2, 20, 10), 10);
});
