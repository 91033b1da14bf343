// Letting answers come several at once, by a clock and a loop of the test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGathering, sleptMs } from '#bucket/gathering.ts';

interface Course {
  /** Between one turn of the loop and the next. */
  readonly everyMs: number;
  /** That come in each turn. */
  readonly answers: number;
  readonly openRequests: number;
  readonly isWriting?: boolean;
}

/** Lets the loop turn for a second, and gives how long the thread slept in each of the last turns. */
const sleepsOf = ({ everyMs, answers, openRequests, isWriting = false }: Course): readonly number[] => {
  let nowMs = 0;
  let endTurn: (() => void) | undefined;
  const sleeps: number[] = [];
  const gathering = createGathering(() => ({ openRequests, isWriting }), {
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
    for (let answer = 0; answer < answers; answer += 1) gathering.answered();
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
  ['a body is on its way out', { everyMs: 10, answers: 1, openRequests: 64, isWriting: true }],
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
  const gathering = createGathering(() => ({ openRequests: 64, isWriting: false }), {
    nowMs: () => 0,
    sleep: (ms) => sleeps.push(ms),
    later: (call) => {
      call();
    },
  });

  gathering.answered();

  assert.deepEqual(sleeps, []);
});

test('sleptMs: tells how long the thread has slept, which comes after what an answer has put off to the end of the turn', async () => {
  const gathering = createGathering(() => ({ openRequests: 64, isWriting: false }));
  const before = sleptMs();
  const beganMs = performance.now();
  let sleptBeforeOthers = 0;
  for (let turn = 0; turn < 40; turn += 1) {
    gathering.answered();
    await Promise.resolve();
    const slept = sleptMs();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        if (sleptMs() > slept) sleptBeforeOthers += 1;
        resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  // One answer in 5 ms, 64 open: 20 ms each time, once that is known.
  assert.ok(sleptMs() - before >= 200, String(sleptMs() - before));
  assert.ok(sleptMs() - before < performance.now() - beganMs);
  assert.equal(sleptBeforeOthers, 0);
});
