// Threads that are started before it is known what they work on. A thread takes some fifty milliseconds until it runs: by
// then its work has come.
//
// STATES: waiting -> taken | disposed of
//   The first message of a thread that is taken is what it works on. A waiting thread holds no process back from its end.

import { Worker, type MessagePort, type WorkerOptions } from 'node:worker_threads';

/** A thread that waits; disposing ends it, unless it was taken. */
export interface WaitingThread<Data> extends Disposable {
  /** To be called once. What goes wrong with it, and went wrong before, is told by the worker's events. */
  take(data: Data): Worker;
}

/**
 * Starts a thread. With the environment of the process: Node finds there where it keeps what it made of the product's files;
 * without that each thread would take the types out of them anew, for 20 MiB and a tenth of a second.
 */
export const startThread = <Data>(
  file: URL,
  options: Omit<WorkerOptions, 'workerData' | 'env'>,
): WaitingThread<Data> => {
  const waiting = new Worker(file, options);
  let isTaken = false;
  let hasFailed = false;
  const fail = (): void => {
    hasFailed = true;
  };
  waiting.on('error', fail);
  waiting.on('exit', fail);
  waiting.unref();
  return {
    take: (data) => {
      isTaken = true;
      // One that has failed already fails again, and is heard.
      const worker = hasFailed ? new Worker(file, options) : waiting;
      worker.off('error', fail);
      worker.off('exit', fail);
      worker.ref();
      worker.postMessage(data);
      return worker;
    },
    [Symbol.dispose]: () => {
      if (!isTaken) void waiting.terminate();
    },
  };
};

/**
 * For the thread: calls `begin` with what it works on, and what that gives with each further message. Errors: what it gets
 * first is not that.
 */
export const whenTaken = <Data, Message = never>(
  port: MessagePort,
  isData: (data: unknown) => data is Data,
  begin: (data: Data) => ((message: Message) => void) | undefined,
): void => {
  let hear: ((message: Message) => void) | undefined;
  let hasBegun = false;
  port.on('message', (message: Message) => {
    if (hasBegun) {
      hear?.(message);
      return;
    }
    const data: unknown = message;
    if (!isData(data)) throw new Error('The first message of a thread is what it works on');
    hasBegun = true;
    hear = begin(data);
  });
};
