import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createHealthWatch } from '#station/health.ts';

const aWatch = (everyMs: number) => {
  let nowMs = 0;
  const watch = createHealthWatch({
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    everyMs: () => everyMs,
  });
  return {
    watch,
    at: (ms: number): void => {
      nowMs = ms;
    },
  };
};

test('health: is ok from the start on, as long as looks end', () => {
  const { watch, at } = aWatch(5000);

  assert.equal(watch.health().status, 'ok');
  at(50_000);
  watch.noteLook({ kind: 'ok' });
  at(100_000);

  assert.deepEqual(watch.health(), { status: 'ok', secondsSinceLook: 50 });
  assert.deepEqual(watch.lastLookAt, new Date(50_000));
});

test('health: is stalled in words, once no look has ended for a minute', () => {
  const { watch, at } = aWatch(5000);

  at(61_000);

  const { status, secondsSinceLook, error } = watch.health();
  assert.deepEqual([status, secondsSinceLook], ['stalled', 61]);
  assert.match(error?.happened ?? '', /for 61 seconds/u);
  assert.equal(error?.actor, 'operator');
});

test('health: is stalled with the reason, once the drives could not be listed for a minute, and ok once they are', () => {
  const { watch, at } = aWatch(5000);
  const fail = (): void => {
    watch.noteLook({ kind: 'problem', message: 'lsblk ended with 1' });
  };

  at(1000);
  watch.noteLook({ kind: 'ok' });
  for (const ms of [20_000, 40_000, 60_000]) {
    at(ms);
    fail();
    assert.equal(watch.health().status, 'ok', String(ms));
  }
  at(62_000);
  fail();

  const { status, error } = watch.health();
  assert.equal(status, 'stalled');
  assert.match(error?.happened ?? '', /not been able to list its drives for 61 seconds: lsblk ended with 1/u);
  assert.deepEqual([watch.failedLooks, watch.lastLookAt], [4, new Date(1000)]);
  watch.noteLook({ kind: 'ok' });
  assert.deepEqual(watch.health(), { status: 'ok', secondsSinceLook: 0 });
});

test('health: waits for three looks, where they are rare', () => {
  const { watch, at } = aWatch(40_000);

  at(119_000);
  assert.equal(watch.health().status, 'ok');
  at(121_000);
  assert.equal(watch.health().status, 'stalled');
});
