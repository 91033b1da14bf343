// Letting answers come several at once, by a clock and a loop of the test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGathering } from '#bucket/gathering.ts';

interface Course {
  /** Between one turn of the loop and the next. */
  readonly everyMs: number;
  /** That come in each turn. */
  readonly answers: number;
  readonly openRequests: number;
}

/** Lets the loop turn for a second, and gives how long the thread slept in each of the last turns. */
const sleepsOf = ({ everyMs, answers, openRequests }: Course): readonly number[] => {
  let nowMs = 0;
  let endTurn: (() => void) | undefined;
  const sleeps: number[] = [];
  const gathering = createGathering({
    nowMs: () => nowMs,
    sleep: (ms) => sleeps.push(ms),
    later: (call) => {
      assert.equal(endTurn, undefined, 'one call for each turn');
      endTurn = call;
    },
  });
  const turns = Math.ceil(1000 / everyMs);
  for (let turn = 0; turn < turns; turn += 1) {
    nowMs += everyMs;
    for (let answer = 0; answer < answers; answer += 1) gathering.answered(openRequests);
    const end = endTurn;
    endTurn = undefined;
    end?.();
  }
  return sleeps.slice(-10);
};

test('answered: sleeps a quarter of what an answer takes, where answers come one by one', () => {
  // 32 requests, one answer each millisecond: each takes 32 ms.
  assert.deepEqual(
    sleepsOf({ everyMs: 1, answers: 1, openRequests: 32 }),
    Array.from({ length: 10 }, () => 8),
  );
});

test('answered: sleeps no longer than 16 answers need to come', () => {
  // 256 requests that take 51 ms each: 16 come in 3.2 ms.
  const sleeps = sleepsOf({ everyMs: 0.2, answers: 1, openRequests: 256 });

  assert.ok(
    sleeps.every((ms) => ms > 3.1 && ms < 3.3),
    String(sleeps),
  );
});

test('answered: sleeps 20 ms at most', () => {
  assert.deepEqual(new Set(sleepsOf({ everyMs: 10, answers: 1, openRequests: 64 })), new Set([20]));
});

const quiet: readonly (readonly [string, Course])[] = [
  ['few requests are open', { everyMs: 10, answers: 1, openRequests: 8 }],
  ['many answers come at once', { everyMs: 4, answers: 16, openRequests: 64 }],
  ['an answer takes less than a wake-up is worth', { everyMs: 0.1, answers: 1, openRequests: 16 }],
];
for (const [what, course] of quiet) {
  test(`answered: does not sleep where ${what}`, () => {
    assert.deepEqual(sleepsOf(course), []);
  });
}

test('answered: does not sleep before it knows how the bucket answers', () => {
  const sleeps: number[] = [];
  const gathering = createGathering({ nowMs: () => 0, sleep: (ms) => sleeps.push(ms), later: (call) => call() });

  gathering.answered(64);

  assert.deepEqual(sleeps, []);
});

test('createGathering: sleeps for real where nothing else is given', async () => {
  const gathering = createGathering();
  const beganMs = performance.now();
  let slept = 0;
  for (let turn = 0; turn < 40; turn += 1) {
    gathering.answered(64);
    const beforeMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (performance.now() - beforeMs > 12) slept += 1;
  }

  // One answer in 5 ms, 64 open: 20 ms each time, once that is known.
  assert.ok(slept >= 10, `${String(slept)} sleeps in ${String(performance.now() - beganMs)} ms`);
});
