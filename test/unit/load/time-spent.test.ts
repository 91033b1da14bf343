// Where the time of a load goes.

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { createGathering, sleptMs } from '#bucket/gathering.ts';
import { startTimeSpent } from '#load/time-spent.ts';

const IDLE = {
  requests: { activeCount: 0, concurrency: 1 },
  reader: { openQuestions: 0, threads: 1, cpuMs: 0 },
};

test('spent: counts as work what the thread computes', async () => {
  using time = startTimeSpent(IDLE);
  await delay(1);
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs);
  await delay(1);

  assert.ok(time.spent().mainBusyMs >= 45, String(time.spent().mainBusyMs));
});

test('spent: does not count as work what the thread sleeps until answers come', async () => {
  using time = startTimeSpent(IDLE);
  const before = sleptMs();
  const gathering = createGathering(() => ({ openRequests: 64, isWriting: false }));
  for (let turn = 0; turn < 40; turn += 1) {
    gathering.answered();
    await delay(5);
  }
  const slept = sleptMs() - before;

  assert.ok(slept >= 200, String(slept));
  assert.ok(time.spent().mainBusyMs < slept / 2, `${String(time.spent().mainBusyMs)} of ${String(slept)} ms`);
});
