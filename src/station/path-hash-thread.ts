// The thread that hashes paths beside the one that reads a log.

import { parentPort } from 'node:worker_threads';
import { whenTaken } from '#drive/waiting-thread.ts';
import { hashPaths, type PathBatch, type PathHashThreadData } from './path-hashes.ts';

const isPathHashThreadData = (data: unknown): data is PathHashThreadData =>
  typeof data === 'object' && data !== null && 'hashKey' in data && data.hashKey instanceof Uint8Array;

const port = parentPort;
if (port !== null) {
  whenTaken(port, isPathHashThreadData, ({ hashKey }) => (batch: PathBatch) => {
    const hashes = hashPaths(hashKey, batch);
    port.postMessage(hashes, [hashes.buffer]);
  });
}
