// Reads every file of a folder and computes its MD5, nothing else: what no load can be faster than with as many threads.
// Arguments: folder, threads.

import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { MIB } from '#language/units.ts';

const BLOCK = Buffer.allocUnsafeSlow(MIB);
const BATCH_FILES = 64;
/** Batches that a thread has in front of it; a single large file is not held up by others. */
const BATCHES_AHEAD = 2;

const readFile = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size <= BLOCK.length) {
      hash('md5', BLOCK.subarray(0, readSync(file, BLOCK)), 'hex');
      return;
    }
    const md5 = createHash('md5');
    for (let count = readSync(file, BLOCK); count > 0; count = readSync(file, BLOCK)) {
      md5.update(BLOCK.subarray(0, count));
    }
    md5.digest('hex');
  } finally {
    closeSync(file);
  }
};

async function* batchesOf(folder: string, batchFiles: number): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (!entry.isFile()) continue;
    batch.push(join(entry.parentPath, entry.name));
    if (batch.length >= batchFiles) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

const readAll = async (folder: string, threads: number): Promise<void> => {
  // A few large files go one by one, so that no thread gets all of them.
  let batchFiles = 1;
  let left = BATCH_FILES;
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url)));
  const free = workers.flatMap((worker) => Array.from({ length: BATCHES_AHEAD }, () => worker));
  let waiting: (() => void) | undefined;
  for (const worker of workers) {
    worker.on('message', () => {
      free.push(worker);
      waiting?.();
    });
  }
  const take = async (): Promise<Worker> => {
    while (free.length === 0) {
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    }
    return free.shift() ?? take();
  };
  const hand = async (paths: readonly string[]): Promise<void> => {
    (await take()).postMessage(paths);
  };
  for await (const paths of batchesOf(folder, BATCH_FILES)) {
    for (let at = 0; at < paths.length; at += batchFiles) await hand(paths.slice(at, at + batchFiles));
    left -= paths.length;
    if (left <= 0) batchFiles = BATCH_FILES;
  }
  for (let count = 0; count < threads * BATCHES_AHEAD; count += 1) await take();
  await Promise.all(workers.map((worker) => worker.terminate()));
};

if (isMainThread) {
  const [folder = '', threads = '1'] = process.argv.slice(2);
  await readAll(folder, Number(threads));
} else {
  parentPort?.on('message', (paths: readonly string[]) => {
    for (const path of paths) readFile(path);
    parentPort?.postMessage(paths.length);
  });
}
