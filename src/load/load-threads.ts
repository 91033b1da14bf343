// The threads of a load, started while the station looks at the SIGNATURE and this process reads its program.

import { startWalkThread } from '#drive/walk.ts';
import type { WaitingThread } from '#drive/waiting-thread.ts';
import type { WalkThreadData } from '#drive/walk-messages.ts';
import type { ReaderThreadData } from './reader-messages.ts';
import { startReaderThread } from './reader.ts';

/** Threads that wait for a load; disposing ends those that were not taken. */
export interface LoadThreads extends Disposable {
  readonly walk: WaitingThread<WalkThreadData>;
  readonly readers: readonly WaitingThread<ReaderThreadData>[];
}

/** As many as a station has unless its configuration says otherwise, which only the order tells. */
const READER_THREADS = 2;

/** Starts them. */
export const startLoadThreads = (): LoadThreads => {
  using stack = new DisposableStack();
  const walk = stack.use(startWalkThread());
  const readers = Array.from({ length: READER_THREADS }, () => stack.use(startReaderThread()));
  const threads = stack.move();
  return {
    walk,
    readers,
    [Symbol.dispose]: () => {
      threads.dispose();
    },
  };
};
