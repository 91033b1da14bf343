// The memory that files pass through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBlockPool, type Block } from '#load/block-pool.ts';

const PAGE = 4096;
const never = new AbortController().signal;

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

test('take: gives blocks that do not overlap, of the size that was asked for', async () => {
  const pool = createBlockPool(10 * PAGE);

  const one = await pool.take(PAGE + 1, never);
  const other = await pool.take(5, never);
  one.bytes.fill(1);
  other.bytes.fill(2);

  assert.equal(one.bytes.length, PAGE + 1);
  assert.equal(other.bytes.length, 5);
  assert.ok(one.bytes.every((byte) => byte === 1));
  assert.equal(pool.heldBytes, 3 * PAGE);
});

test('take: waits in order, so that small blocks do not starve a large one', async () => {
  const pool = createBlockPool(4 * PAGE);
  const first = await pool.take(3 * PAGE, never);
  const large = pool.take(4 * PAGE, never);
  const small = pool.take(PAGE, never);

  assert.equal(await isSettled(large), false);
  assert.equal(await isSettled(small), false);
  first[Symbol.dispose]();
  (await large)[Symbol.dispose]();

  assert.equal((await small).bytes.length, PAGE);
});

test('take: gives a block of nothing for an empty file, even when nothing is free', async () => {
  const pool = createBlockPool(PAGE);
  await pool.take(PAGE, never);

  assert.equal((await pool.take(0, never)).bytes.length, 0);
});

test('take: gives a block larger than the whole alone', async () => {
  const pool = createBlockPool(4 * PAGE);
  const small = await pool.take(PAGE, never);
  const huge = pool.take(9 * PAGE, never);

  assert.equal(await isSettled(huge), false);
  small[Symbol.dispose]();
  const given = await huge;
  const next = pool.take(PAGE, never);

  assert.equal(given.bytes.length, 9 * PAGE);
  assert.equal(await isSettled(next), false);
  given[Symbol.dispose]();
  assert.equal((await next).bytes.length, PAGE);
});

test('take: rejects with the signal’s reason, and lets the next in the queue through', async () => {
  const pool = createBlockPool(4 * PAGE);
  await pool.take(2 * PAGE, never);
  const controller = new AbortController();
  const large = pool.take(4 * PAGE, controller.signal);
  const small = pool.take(PAGE, never);
  const reason = new Error('enough');

  controller.abort(reason);

  await assert.rejects(large, reason);
  assert.equal((await small).bytes.length, PAGE);
  await assert.rejects(pool.take(PAGE * 4, AbortSignal.abort(reason)), reason);
});

test('dispose: frees a block once, however often it is called', async () => {
  const pool = createBlockPool(2 * PAGE);
  const block = await pool.take(PAGE, never);

  block[Symbol.dispose]();
  block[Symbol.dispose]();

  assert.equal(pool.heldBytes, 0);
});

test('createBlockPool: never holds more than its size, never hands out a byte twice, and is whole again at the end', async () => {
  const steps = fc.array(fc.oneof(fc.record({ take: fc.nat(6 * PAGE) }), fc.record({ give: fc.nat(20) })), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const pool = createBlockPool(8 * PAGE);
      const held: Block[] = [];
      const waiting: Promise<void>[] = [];
      for (const step of all) {
        if ('take' in step) waiting.push(pool.take(step.take, never).then((block) => void held.push(block)));
        else held.splice(step.give % (held.length || 1), 1)[0]?.[Symbol.dispose]();
        await new Promise((resolve) => setImmediate(resolve));

        assert.ok(pool.heldBytes <= 8 * PAGE);
        const ranges = held.filter(({ bytes }) => bytes.length > 0).toSorted((a, b) => a.offset - b.offset);
        for (const [index, block] of ranges.entries()) {
          const next = ranges[index + 1];
          assert.ok(next === undefined || block.offset + block.bytes.length <= next.offset);
        }
      }
      for (const block of held.splice(0)) block[Symbol.dispose]();
      const emptying = Promise.all(waiting);
      while (!(await isSettled(emptying))) for (const block of held.splice(0)) block[Symbol.dispose]();
      for (const block of held.splice(0)) block[Symbol.dispose]();

      assert.equal(pool.heldBytes, 0);
      assert.equal((await pool.take(8 * PAGE, never)).bytes.length, 8 * PAGE);
    }),
    { numRuns: 50 },
  );
});

test('allowedBytes: holds back what is beyond it, but for one block, and lets it go when it grows', async () => {
  const pool = createBlockPool(8 * PAGE);
  pool.allowedBytes = 2 * PAGE;
  const large = await pool.take(4 * PAGE, never);
  const waiting = pool.take(PAGE, never);
  assert.equal(await isSettled(waiting), false);
  assert.equal(pool.isShort, true);

  pool.allowedBytes = 100 * PAGE;

  using small = await waiting;
  assert.deepEqual([small.bytes.length, pool.isShort, pool.allowedBytes], [PAGE, false, 8 * PAGE]);
  large[Symbol.dispose]();
});
