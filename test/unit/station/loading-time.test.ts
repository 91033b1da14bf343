import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HOUR_MS, MINUTE_MS } from '#language/units.ts';
import { createLoadingTime, loadingHours, type LoadingTime } from '#station/loading-time.ts';

interface Scene {
  readonly time: LoadingTime;
  readonly kept: readonly number[];
  at(nowMs: number): void;
}

const aTime = (formerMs?: number): Scene => {
  let nowMs = 0;
  const kept: number[] = [];
  const time = createLoadingTime({ nowMs: () => nowMs, formerMs, keep: (loadingMs) => kept.push(loadingMs) });
  return {
    time,
    kept,
    at: (now) => {
      nowMs = now;
    },
  };
};

test('loadingTime: runs from the first file to the last one, without what is before and behind', () => {
  const { time, kept, at } = aTime();

  at(1000);
  time.goOn();
  at(5000);
  time.start();
  at(9000);
  time.goOn();
  at(60_000);
  time[Symbol.dispose]();

  assert.equal(kept.at(-1), 4000);
});

test('loadingTime: adds to what the loaders before took', () => {
  const { time, kept, at } = aTime(10_000);

  at(1000);
  time.start();
  at(3000);
  time.goOn();
  time[Symbol.dispose]();

  assert.equal(kept.at(-1), 12_000);
});

test('loadingTime: is kept once a minute, so that a kill loses less than that', () => {
  const { time, kept, at } = aTime();

  time.start();
  for (let second = 1; second <= 150; second += 1) {
    at(second * 1000);
    time.goOn();
  }

  assert.deepEqual(kept, [0, MINUTE_MS, 2 * MINUTE_MS]);
});

test('loadingTime: keeps nothing, when no file was sent', () => {
  const { time, kept, at } = aTime(7);

  at(1000);
  time.goOn();
  time[Symbol.dispose]();

  assert.deepEqual(kept, []);
});

for (const { ms, hours } of [
  { ms: undefined, hours: 0 },
  { ms: 0, hours: 1 },
  { ms: HOUR_MS, hours: 1 },
  { ms: HOUR_MS + 1, hours: 2 },
  { ms: 2.5 * HOUR_MS, hours: 3 },
]) {
  test(`loadingHours: are ${String(hours)}, for ${ms === undefined ? 'no file' : `${String(ms)} ms`}`, () => {
    assert.equal(loadingHours(ms), hours);
  });
}
