// Counts what a drive has answered, across threads: while the count grows, the drive is alive.

/** A count that a walk's thread adds to. */
export interface AnswerCount {
  readonly memory: SharedArrayBuffer;
  readonly count: bigint;
}

/** Starts at 0. */
export const createAnswerCount = (): AnswerCount => {
  const memory = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const cell = new BigInt64Array(memory);
  return {
    memory,
    get count() {
      return Atomics.load(cell, 0);
    },
  };
};

/** Adds to a count of another thread. */
export const answerAdder = (memory: SharedArrayBuffer): (() => void) => {
  const cell = new BigInt64Array(memory);
  return () => {
    Atomics.add(cell, 0, 1n);
  };
};
