import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BucketProblem } from '#bucket/contract.ts';
import { createRetry, type Retry } from '#bucket/retry.ts';
import { refusal, strangeAnswer } from '#bucket/translate.ts';

const SLOW_DOWN = refusal({ status: 503, code: 'SlowDown', message: 'Reduce your request rate' });
const BROKEN = refusal({ status: 500, code: 'InternalError', message: 'We failed' });
const OK = { kind: 'ok' } as const;
const BUDGET = {
  attempts: 5,
  heldAttempts: { neverAnswered: 5, answeredBefore: 20 },
  firstWaitMs: 100,
  longestWaitMs: 1000,
};

const never = new AbortController().signal;

/** A retry whose waits are noted and end when the test says so: at once, unless `between` has something to do first. */
const createTestRetry = ({
  random = () => 0.5,
  between = () => Promise.resolve(),
}: {
  readonly random?: () => number;
  readonly between?: (waits: number, retry: Retry) => Promise<void>;
} = {}) => {
  const waits: number[] = [];
  const retry: Retry = createRetry({
    random,
    budget: BUDGET,
    sleep: async (waitMs) => {
      waits.push(waitMs);
      await between(waits.length, retry);
    },
  });
  return { retry, waits };
};

/** An attempt that gives these answers one after the other, the last one for ever. */
const answers = (first: typeof OK | BucketProblem, ...more: readonly (typeof OK | BucketProblem)[]) => {
  const left = [first, ...more];
  const attempt = () => {
    attempt.count += 1;
    const next = left.length > 1 ? left.shift() : left[0];
    return Promise.resolve(next ?? first);
  };
  attempt.count = 0;
  return attempt;
};

const acknowledge = async (retry: Retry, key: string): Promise<void> => {
  await retry.run(key, () => Promise.resolve(OK), never);
};

describe('createRetry', () => {
  test('run: gives the answer at once, when there is nothing to wait for', async () => {
    const { retry, waits } = createTestRetry();

    assert.deepEqual(await retry.run('key', answers(OK), never), OK);

    assert.deepEqual(waits, []);
  });

  test('run: waits transient problems out', async () => {
    const { retry, waits } = createTestRetry();
    const attempt = answers(SLOW_DOWN, SLOW_DOWN, OK);

    assert.deepEqual(await retry.run('key', attempt, never), OK);

    assert.equal(attempt.count, 3);
    assert.equal(waits.length, 2);
  });

  for (const status of [400, 403, 404]) {
    test(`run: gives a refusal with status ${String(status)} back at once`, async () => {
      const { retry, waits } = createTestRetry();
      const refused = refusal({ status, code: 'Whatever', message: '' });

      assert.deepEqual(await retry.run('key', answers(refused), never), refused);

      assert.deepEqual(waits, []);
    });
  }

  test('run: doubles the range of its waits up to the longest, and draws from all of it', async () => {
    const draws = [0, 0.5, 0.999, 0.5, 0.5, 0.5];
    const { retry, waits } = createTestRetry({ random: () => draws.shift() ?? 0 });

    await retry.run(
      'key',
      answers(...([SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, OK] as const)),
      never,
    );

    assert.deepEqual(waits, [0, 100, 399.6, 400, 500, 500]);
  });

  test('run: waits without end, while no other key is acknowledged', async () => {
    const { retry, waits } = createTestRetry();
    const attempt = answers(SLOW_DOWN, ...Array.from({ length: 5000 }, () => SLOW_DOWN), OK);

    assert.deepEqual(await retry.run('key', attempt, never), OK);

    assert.equal(waits.length, 5001);
  });

  test('run: gives up after five attempts during which another key was acknowledged', async () => {
    const { retry, waits } = createTestRetry({ between: (_waits, shared) => acknowledge(shared, 'other') });
    const attempt = answers(BROKEN);

    assert.deepEqual(await retry.run('key', attempt, never), BROKEN);

    // The first attempt failed before anything else got through: it does not count.
    assert.equal(attempt.count, 6);
    assert.equal(waits.length, 5);
  });

  test('run: counts an acknowledgement that came during the attempt itself', async () => {
    const { retry } = createTestRetry();
    let count = 0;

    const answer = await retry.run(
      'key',
      async () => {
        count += 1;
        await acknowledge(retry, 'other');
        return BROKEN;
      },
      never,
    );

    assert.deepEqual(answer, BROKEN);
    assert.equal(count, 5);
  });

  test('run: does not count acknowledgements of the same key, a part of the same object', async () => {
    const { retry, waits } = createTestRetry({ between: (_waits, shared) => acknowledge(shared, 'key') });
    const attempt = answers(BROKEN, ...Array.from({ length: 19 }, () => BROKEN), OK);

    assert.deepEqual(await retry.run('key', attempt, never), OK);

    assert.equal(waits.length, 20);
  });

  test('run: counts another key that was acknowledged before one of the same key', async () => {
    const { retry } = createTestRetry({
      between: async (_waits, shared) => {
        await acknowledge(shared, 'other');
        await acknowledge(shared, 'key');
        await acknowledge(shared, 'key');
      },
    });
    const attempt = answers(BROKEN);

    assert.deepEqual(await retry.run('key', attempt, never), BROKEN);

    assert.equal(attempt.count, 6);
  });

  test('run: does not count what was acknowledged before its first attempt', async () => {
    const { retry, waits } = createTestRetry();
    await acknowledge(retry, 'other');

    await retry.run('key', answers(SLOW_DOWN, ...Array.from({ length: 8 }, () => SLOW_DOWN), OK), never);

    assert.equal(waits.length, 9);
  });

  test('run: never counts attempts against a key, while the bucket asks for fewer requests', async () => {
    const { retry, waits } = createTestRetry({ between: (_waits, shared) => acknowledge(shared, 'other') });

    const attempt = answers(SLOW_DOWN, ...Array.from({ length: 98 }, () => SLOW_DOWN), OK);
    assert.deepEqual(await retry.run('key', attempt, never), OK);

    assert.equal(waits.length, 99);
  });

  test('run: says of a refusal that an attempt without a clear answer went before it', async () => {
    const { retry } = createTestRetry();
    const refused = refusal({ status: 412, code: 'PreconditionFailed', message: '' });

    assert.deepEqual(await retry.run('key', answers(SLOW_DOWN, refused), never), { ...refused, isAfterTrouble: true });
  });

  test('run: holds after five answers that are none of S3, when nothing ever got through', async () => {
    const { retry, waits } = createTestRetry();
    const strange = strangeAnswer('a page');

    assert.deepEqual(await retry.run('key', answers(strange), never), { ...strange, scope: 'bucket' });

    assert.equal(waits.length, 4);
  });

  test('run: waits longer for an answer of S3, when the bucket has answered before', async () => {
    const { retry, waits } = createTestRetry();
    await acknowledge(retry, 'other');
    const strange = strangeAnswer('a page');

    assert.deepEqual(await retry.run('key', answers(strange), never), { ...strange, scope: 'bucket' });

    assert.equal(waits.length, 19);
  });

  test('run: gives the problem to the key, when others get through while its answers are none of S3', async () => {
    const { retry } = createTestRetry({ between: (_waits, shared) => acknowledge(shared, 'other') });

    assert.equal((await retry.run('key', answers(strangeAnswer('a page')), never)).kind, 'problem');
    assert.deepEqual(await retry.run('key', answers(strangeAnswer('a page')), never), strangeAnswer('a page'));
  });

  test('run: asks no more, when the signal has fallen', async () => {
    const { retry } = createTestRetry();
    const attempt = answers(OK);
    const reason = new Error('the test stops it');

    await assert.rejects(retry.run('key', attempt, AbortSignal.abort(reason)), reason);

    assert.equal(attempt.count, 0);
  });

  test("run: rejects with the signal's reason, when the signal falls during a wait", async () => {
    const retry = createRetry({ random: () => 0.999, budget: { ...BUDGET, firstWaitMs: 1e8, longestWaitMs: 1e8 } });
    const controller = new AbortController();
    const reason = new Error('the test stops it');

    const running = retry.run('key', answers(SLOW_DOWN), controller.signal);
    setImmediate(() => {
      controller.abort(reason);
    });

    await assert.rejects(running, reason);
  });

  test('trouble: says why the bucket is waited for, until it answers', async () => {
    const seen: (string | undefined)[] = [];
    const { retry } = createTestRetry({
      between: (_waits, shared) => {
        seen.push(shared.trouble());
        return Promise.resolve();
      },
    });
    seen.push(retry.trouble());

    await retry.run('key', answers(SLOW_DOWN, OK), never);

    assert.deepEqual(seen, [undefined, '503 SlowDown: Reduce your request rate']);
    assert.equal(retry.trouble(), undefined);
  });

  test('trouble: ends with a refusal too, which is an answer', async () => {
    const { retry } = createTestRetry();
    const refused = refusal({ status: 412, code: 'PreconditionFailed', message: '' });

    await retry.run('key', answers(SLOW_DOWN, refused), never);

    assert.equal(retry.trouble(), undefined);
  });

  test('trouble: names no status, where there was no answer', async () => {
    let seen: string | undefined;
    const { retry } = createTestRetry({
      between: (_waits, shared) => {
        seen = shared.trouble();
        return Promise.resolve();
      },
    });
    const reset = { ...SLOW_DOWN, status: 0, code: 'ECONNRESET', message: 'read ECONNRESET' };

    await retry.run('key', answers(reset, OK), never);

    assert.equal(seen, 'ECONNRESET: read ECONNRESET');
  });

  test('trouble: tells of a long silence, until any request is answered', async () => {
    let nowMs = 0;
    const retry = createRetry({ random: () => 0.5, budget: BUDGET, nowMs: () => nowMs });
    const { promise, resolve } = Promise.withResolvers<typeof OK>();
    const running = retry.run('key', () => promise, never);

    nowMs = 9_999;
    assert.equal(retry.trouble(), undefined);
    nowMs = 61_000;
    assert.equal(retry.trouble(), 'no answer for 61 s');
    await acknowledge(retry, 'other');
    assert.equal(retry.trouble(), undefined);
    nowMs = 72_000;
    assert.equal(retry.trouble(), 'no answer for 11 s');

    resolve(OK);
    await running;
    assert.equal(retry.trouble(), undefined);
  });
});
