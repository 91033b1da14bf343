import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { WaitingThread } from '#drive/waiting-thread.ts';
import { pathHash } from '#import-log/path-hash.ts';
import { createPathHashes, startHashThread, type PathHashes, type PathHashThreadData } from '#station/path-hashes.ts';
import { threadsNow } from '../../support/threads.ts';
import { until } from '../../support/wait.ts';

const HASH_KEY = Buffer.alloc(16, 7);
/** So many that a thread helps. */
const MANY = 60_000;
/** Read at once by whoever reads a log. */
const AT_ONCE = 1_000;

type Start = () => WaitingThread<PathHashThreadData>;

const manyPaths = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`folder-${String(index % 97)}/file-${String(index)}`));

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const apart = (hashes: readonly Uint8Array[]): readonly string[] =>
  hashes.flatMap((some) => hexOf(some).match(/.{32}/gu) ?? []);

const hashAll = async (hashes: PathHashes, paths: readonly Uint8Array[]): Promise<readonly string[]> => {
  const got: Uint8Array[] = [];
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    // The caller's memory is written anew for the next ones.
    for (const path of paths.slice(from, from + AT_ONCE)) {
      const passing = new Uint8Array(path);
      hashes.add(passing);
      passing.fill(0);
    }
    got.push(...hashes.take());
    await turn();
  }
  await hashes.end();
  got.push(...hashes.take());
  return apart(got);
};

const byHand = (paths: readonly Uint8Array[]): readonly string[] =>
  paths.map((path) => hexOf(pathHash(HASH_KEY, path)));

const counted = (start: Start): { readonly start: Start; readonly count: () => number } => {
  let count = 0;
  return {
    start: () => {
      count += 1;
      return start();
    },
    count: () => count,
  };
};

/** A thread that runs a program. */
const startOf =
  (program: string, workerData?: Int32Array): Start =>
  () => ({
    take: () => new Worker(program, { eval: true, workerData }),
    [Symbol.dispose]: () => undefined,
  });

const failingStart: Start = () => {
  throw new Error('no thread can be had');
};

/** A program that does this with each batch. */
const answering = (then: string): string =>
  `const { parentPort, workerData } = require('node:worker_threads');
  parentPort.on('message', (message) => { ${then} });`;

for (const [what, paths, threads] of [
  ['few paths, without a thread', [Buffer.from('a'), Buffer.from([0xff, 0x00]), Buffer.alloc(0), Buffer.from('a')], 0],
  ['many paths, each once, with a thread', manyPaths(MANY), 1],
] as const) {
  test(`path hashes: of ${what}`, async () => {
    const { start, count } = counted(startHashThread);
    using hashes = createPathHashes({ hashKey: HASH_KEY, start });

    const got = await hashAll(hashes, paths);

    assert.deepEqual(got.toSorted(), byHand(paths).toSorted());
    assert.equal(count(), threads);
  });
}

test('path hashes: of paths that are longer than a batch', async () => {
  const paths = [Buffer.from('a'), Buffer.alloc(70_000, 'x'), Buffer.alloc(40_000, 'y'), Buffer.alloc(40_000, 'z')];
  using hashes = createPathHashes({ hashKey: HASH_KEY });

  const got = await hashAll(hashes, paths);

  assert.deepEqual(got.toSorted(), byHand(paths).toSorted());
});

/** Answers with this for each batch. */
const ANSWER = Buffer.alloc(16, 0xab);

test('path hashes: what the thread hashes comes back from it', async () => {
  const program = answering('parentPort.postMessage(new Uint8Array(16).fill(0xab));');
  using hashes = createPathHashes({ hashKey: HASH_KEY, start: startOf(program) });

  const got = await hashAll(hashes, manyPaths(MANY));

  assert.ok(got.includes(hexOf(ANSWER)));
});

for (const [what, start] of [
  ['cannot be started', failingStart],
  ['fails', startOf('throw new Error("no memory")')],
  ['ends', startOf('')],
  ['fails in the middle', startOf(answering('throw new Error("no memory");'))],
] as const) {
  test(`path hashes: each once all the same, where the thread ${what}`, async () => {
    const paths = manyPaths(MANY);
    using hashes = createPathHashes({ hashKey: HASH_KEY, start });

    const got = await hashAll(hashes, paths);

    assert.deepEqual(got.toSorted(), byHand(paths).toSorted());
  });
}

test('path hashes: gives a thread that does not answer a few batches, and no more', async () => {
  const asked = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const program = answering('Atomics.add(workerData, 0, 1);');
  const paths = manyPaths(MANY);
  using hashes = createPathHashes({ hashKey: HASH_KEY, start: startOf(program, asked) });

  const got: Uint8Array[] = [];
  for (const path of paths) hashes.add(path);
  await until(() => Atomics.load(asked, 0) > 0, { what: 'the thread is asked' });
  got.push(...hashes.take());

  const batchPaths = 1024;
  assert.ok(apart(got).length >= MANY - 6 * batchPaths, `${String(apart(got).length)} of ${String(MANY)} are there`);
  assert.ok(Atomics.load(asked, 0) <= 4);
});

for (const [what, endIt] of [
  ['at its end', (hashes: PathHashes) => hashes.end()],
  [
    'where it is given up',
    (hashes: PathHashes) => {
      hashes[Symbol.dispose]();
    },
  ],
] as const) {
  test(`path hashes: no thread is left ${what}`, async () => {
    await until(() => threadsNow() === 0, { what: 'those of the tests before are gone' });
    using hashes = createPathHashes({ hashKey: HASH_KEY });
    for (const path of manyPaths(MANY)) hashes.add(path);
    await until(() => threadsNow() === 1, { what: 'its thread is there' });

    await endIt(hashes);

    await until(() => threadsNow() === 0, { what: 'its thread is gone' });
  });
}

test('path hashes: where they are given up, their end is not waited for', async () => {
  const hashes = createPathHashes({ hashKey: HASH_KEY, start: startOf(answering('')) });
  for (const path of manyPaths(MANY)) hashes.add(path);
  const ended = hashes.end();

  hashes[Symbol.dispose]();

  await ended;
});
