// Units by name.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addBytes, DAY_MS, GIB, HOUR_MS, KIB, MIB, MINUTE_MS, MOST_BYTES, SECOND_MS, TIB } from '#language/units.ts';

test('units: have the values that their names say', () => {
  assert.deepEqual([KIB, MIB, GIB, TIB], [2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40]);
  assert.deepEqual([SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS], [1_000, 60_000, 3_600_000, 86_400_000]);
});

test('addBytes: stays at the largest exact number, in whatever order it adds', () => {
  assert.equal(addBytes(2, 3), 5);
  assert.equal(addBytes(MOST_BYTES, 1), MOST_BYTES);
  assert.equal([MOST_BYTES, 5, MOST_BYTES].reduce(addBytes, 0), [5, MOST_BYTES, MOST_BYTES].reduce(addBytes, 0));
});
