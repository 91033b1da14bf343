// A thread that is started before its work is known.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { startThread } from '#drive/waiting-thread.ts';
import { threadsNow } from '../../support/threads.ts';
import { until } from '../../support/wait.ts';

const MODULE = new URL('../../../src/drive/waiting-thread.ts', import.meta.url).href;

const threadOf = (program: string): URL => new URL(`data:text/javascript,${encodeURIComponent(program)}`);

const ECHO = threadOf(`
  import { parentPort } from 'node:worker_threads';
  import { whenTaken } from ${JSON.stringify(MODULE)};
  const isNumber = (data) => typeof data === 'number';
  whenTaken(parentPort, isNumber, (first) => (second) => {
    parentPort.postMessage(first + second);
    parentPort.close();
  });
`);

const hear = async (worker: Worker, event: 'message' | 'error'): Promise<unknown> => {
  const heard: readonly unknown[] = await once(worker, event);
  return heard[0];
};

test('startThread: gives its first message to its program, and each later one to what that gave', async () => {
  using thread = startThread<number>(ECHO, {});

  const worker = thread.take(40);
  worker.postMessage(2);

  assert.equal(await hear(worker, 'message'), 42);
});

test('startThread: tells of a thread that gets what it cannot work on', async () => {
  using thread = startThread<unknown>(ECHO, {});

  const worker = thread.take('no number');

  assert.match(String(await hear(worker, 'error')), /first message/u);
});

test('startThread: tells whoever takes it of what went wrong before', async () => {
  // At any moment of its end.
  const delaysMs = [0, 10, 20, 30, 40, 60, 100, 300];

  for (const delayMs of delaysMs) {
    using thread = startThread<number>(threadOf(`throw new Error('broken program')`), {});
    await delay(delayMs);
    assert.match(String(await hear(thread.take(1), 'error')), /broken program/u);
  }
});

test('startThread: ends a thread that nobody takes', async () => {
  // Of the tests before some may still be on their way out.
  await until(() => threadsNow() === 0, { what: 'no thread is there' });
  const thread = startThread<number>(ECHO, {});
  await until(() => threadsNow() === 1, { what: 'the thread is there' });

  thread[Symbol.dispose]();

  await until(() => threadsNow() === 0, { what: 'the thread is gone' });
});
