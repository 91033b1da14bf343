// Units by name.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DAY_MS, GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS, TIB } from '#language/units.ts';

test('units: have the values that their names say', () => {
  assert.deepEqual([KIB, MIB, GIB, TIB], [2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40]);
  assert.deepEqual([SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS], [1_000, 60_000, 3_600_000, 86_400_000]);
});
