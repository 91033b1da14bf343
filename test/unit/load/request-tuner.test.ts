// The limit of requests, against buckets that a formula stands for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRequestTuner, type Observation, type RequestTuner } from '#load/request-tuner.ts';

interface Model {
  /** Requests per second with so many open. */
  readonly rate: (open: number) => number;
  readonly slowDowns?: (open: number) => number;
  readonly heldBack?: number;
}

const lookAt = ({ rate, slowDowns = () => 0, heldBack = 1 }: Model, open: number): Observation => ({
  seconds: 1,
  requests: rate(open),
  bytes: 0,
  // Little's law.
  latencyMs: (open / rate(open)) * 1000,
  slowDowns: slowDowns(open),
  heldBack,
});

const run = (tuner: RequestTuner, model: Model, looks: number): number => {
  for (let look = 0; look < looks; look += 1) tuner.observe(lookAt(model, tuner.limit));
  return tuner.limit;
};

/** Answers come after `latencyMs`, until `most` a second are reached. */
const bucket = (latencyMs: number, most: number): Model => ({
  rate: (open) => Math.min(most, (open * 1000) / latencyMs),
});

test('observe: doubles to the most within five looks, while the rate grows with the limit', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });

  assert.equal(run(tuner, bucket(20, 1_000_000), 4), 256);
  assert.equal(run(tuner, bucket(20, 1_000_000), 1000), 256);
});

test('observe: looks twice before it takes a doubling back, each time anew', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });
  const steady = bucket(20, 1_000_000);
  const pause: Model = { rate: () => 100 };
  run(tuner, steady, 1);

  for (const limit of [32, 64]) {
    assert.equal(run(tuner, pause, 1), limit);
    assert.ok(!tuner.isGrowing);
    assert.equal(run(tuner, steady, 1), limit * 2);
    assert.ok(tuner.isGrowing);
  }
  assert.equal(run(tuner, pause, 1), 128);
  assert.equal(run(tuner, pause, 1), 64);
});

test('observe: goes back to where more gained nothing, and stays near it', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });
  // 40 are enough for the most that gets through.
  const model = bucket(20, 2000);

  run(tuner, model, 5);
  assert.ok(tuner.limit >= 32 && tuner.limit <= 64, String(tuner.limit));
  run(tuner, model, 1000);
  assert.ok(tuner.limit >= 32 && tuner.limit <= 64, String(tuner.limit));
});

test('observe: keeps the first limit, where the machine is what is at its end', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });

  for (let look = 0; look < 500; look += 1) {
    tuner.observe(lookAt({ rate: () => 10_000 }, tuner.limit));
    assert.ok(tuner.limit <= 32);
  }
});

test('observe: halves with each SlowDown, and never falls below two', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });
  const slow: Model = { rate: () => 100, slowDowns: () => 1 };

  assert.equal(run(tuner, slow, 1), 8);
  assert.equal(run(tuner, slow, 1), 4);
  assert.equal(run(tuner, slow, 20), 2);
});

test('observe: comes back after SlowDown, once the bucket bears more again', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });
  run(tuner, { rate: () => 100, slowDowns: () => 1 }, 20);

  assert.ok(run(tuner, bucket(20, 1_000_000), 300) > 100);
});

test('observe: settles where a bucket throttles', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });
  const model: Model = { ...bucket(20, 1_000_000), slowDowns: (open) => (open > 50 ? 5 : 0) };

  for (let look = 0; look < 500; look += 1) {
    tuner.observe(lookAt(model, tuner.limit));
    assert.ok(look < 4 || tuner.limit <= 70, String(tuner.limit));
  }
  assert.ok(tuner.limit >= 20);
});

test('observe: shrinks where answers take longer and less gets through, and fewer requests get as much through', () => {
  const tuner = createRequestTuner({ first: 16, most: 64 });
  run(tuner, bucket(20, 1_000_000), 50);
  assert.equal(tuner.limit, 64);
  const overloaded: Model = { rate: () => 300 };

  run(tuner, overloaded, 1);
  assert.equal(tuner.limit, 32);
  run(tuner, overloaded, 1);
  assert.equal(tuner.limit, 32);
});

test('observe: takes a smaller limit back that lets less through, for then the bucket was not what had too much to do', () => {
  const tuner = createRequestTuner({ first: 16, most: 64 });
  run(tuner, bucket(20, 1_000_000), 50);

  run(tuner, bucket(200, 1_000_000), 1);
  assert.equal(tuner.limit, 32);
  run(tuner, bucket(200, 1_000_000), 1);
  assert.equal(tuner.limit, 64);
});

test('observe: changes nothing where the drive is what is waited for', () => {
  const tuner = createRequestTuner({ first: 16, most: 256 });

  assert.equal(run(tuner, { rate: (open) => open * 50, heldBack: 0.1 }, 100), 16);
});

test('observe: keeps to its bounds, whatever happens', () => {
  const observation = fc.record({
    seconds: fc.double({ min: 0, max: 10, noNaN: true }),
    requests: fc.nat(100_000),
    bytes: fc.nat(1_000_000_000),
    latencyMs: fc.double({ min: 0, max: 100_000, noNaN: true }),
    slowDowns: fc.nat(2),
    heldBack: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 512 }), fc.array(observation, { maxLength: 200 }), (most, observations) => {
      const tuner = createRequestTuner({ first: 16, most });
      for (const each of observations) {
        const limit = tuner.observe(each);
        assert.ok(Number.isInteger(limit) && limit >= 1 && limit <= most, String(limit));
      }
    }),
  );
});
