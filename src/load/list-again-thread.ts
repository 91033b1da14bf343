// The thread of the second listing. A drive that hangs blocks it and nothing else.

import { parentPort } from 'node:worker_threads';
import { answerAdder } from '#drive/answer-count.ts';
import { systemCode } from '#drive/system-code.ts';
import { whenTaken } from '#drive/waiting-thread.ts';
import { NOT_MET_WHOLE, walkVolume } from '#drive/walk-volume.ts';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import type { ListAgainData, SecondListing } from './list-again.ts';

/** Somebody has asked for the end in the middle of a step. */
class Stopped extends Error {}

/** Undefined where it was stopped. Errors that are not the system's. */
const list = ({ root, maxDepth, hashKey, answers, stop }: ListAgainData): SecondListing | undefined => {
  const sum = createPathSum();
  const countAnswer = answerAdder(answers);
  const stopCell = new Int32Array(stop);
  let files = 0;
  let inputErrors = 0;
  let isWhole = true;
  const listener = {
    onAnswer: () => {
      countAnswer();
      if (Atomics.load(stopCell, 0) !== 0) throw new Stopped();
    },
    onSeen: () => undefined,
    onLeave: () => undefined,
  };
  try {
    for (const entry of walkVolume({ root, maxDepth, namesOnly: true }, listener)) {
      if (entry === undefined) continue;
      const { kind, errno, path } = entry;
      if (errno === 'EIO') inputErrors += 1;
      if (NOT_MET_WHOLE.has(kind)) isWhole = false;
      sum.add(pathHash(hashKey, path));
      files += 1;
    }
  } catch (error: unknown) {
    if (error instanceof Stopped) return undefined;
    // The root itself; what was not listed is missing in the sum.
    if (systemCode(error) === 'EIO') inputErrors += 1;
    isWhole = false;
  }
  return { files, fingerprint: sum.text(), inputErrors, isWhole };
};

const isListAgainData = (data: unknown): data is ListAgainData =>
  typeof data === 'object' && data !== null && 'hashKey' in data && 'answers' in data && 'stop' in data;

const port = parentPort;
if (port !== null) {
  whenTaken(port, isListAgainData, (data) => {
    port.postMessage(list(data));
    port.close();
    return undefined;
  });
}
