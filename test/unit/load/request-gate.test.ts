// The bound of the requests in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createRequestGate } from '#load/request-gate.ts';

const heapBytes = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
};

test('enter: goes in without waiting while there is room, and in order from then on', async () => {
  const gate = createRequestGate(2);
  const went: string[] = [];

  assert.equal(gate.enter(), undefined);
  assert.equal(gate.enter(), undefined);
  const third = gate.enter()?.then(() => went.push('third'));
  const fourth = gate.enter()?.then(() => went.push('fourth'));
  assert.deepEqual([gate.activeCount, gate.pendingCount], [2, 2]);
  gate.leave();
  await third;
  assert.deepEqual(went, ['third']);
  gate.leave();
  await fourth;

  assert.deepEqual(went, ['third', 'fourth']);
  assert.deepEqual([gate.activeCount, gate.pendingCount], [2, 0]);
});

test('concurrency: where it grows, those that wait go in; where it shrinks, nobody does until enough have left', async () => {
  const gate = createRequestGate(1);
  void gate.enter();
  const waiting = [gate.enter(), gate.enter(), gate.enter()];

  gate.concurrency = 3;
  await waiting[0];
  await waiting[1];
  assert.deepEqual([gate.activeCount, gate.pendingCount], [3, 1]);
  gate.concurrency = 1;
  gate.leave();
  gate.leave();
  assert.deepEqual([gate.activeCount, gate.pendingCount], [1, 1]);
  gate.leave();
  await waiting[2];

  assert.deepEqual([gate.activeCount, gate.pendingCount], [1, 0]);
});

test('enter: keeps nothing of those who went in, though somebody always waits', async () => {
  const gate = createRequestGate(1);
  void gate.enter();
  let waiting = gate.enter();
  const before = heapBytes();

  for (let count = 0; count < 200_000; count += 1) {
    const next = gate.enter();
    gate.leave();
    await waiting;
    waiting = next;
  }

  assert.ok(heapBytes() - before < 5_000_000);
});

test('run: leaves when the work fails', async () => {
  const gate = createRequestGate(1);

  await assert.rejects(
    gate.run(() => Promise.reject(new Error('no'))),
    /no/u,
  );

  assert.equal(gate.activeCount, 0);
  assert.equal(await gate.run(() => Promise.resolve('yes')), 'yes');
});

test('run: never lets more in than there is room for, and everybody in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
      async (room, works) => {
        const gate = createRequestGate(room);
        let most = 0;

        await Promise.all(
          works.map((turns) =>
            gate.run(async () => {
              most = Math.max(most, gate.activeCount);
              for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            }),
          ),
        );

        assert.ok(most <= room);
        assert.deepEqual([gate.activeCount, gate.pendingCount], [0, 0]);
      },
    ),
  );
});
