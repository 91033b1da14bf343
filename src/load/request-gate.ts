// Bounds the requests in flight. Whoever finds room goes in without a promise, for there is one request for every file.

/** Requests in flight, and those that wait for their turn. */
export interface RequestGate {
  /** How many may be in flight; where it grows, those that wait go in as far as there is room. */
  concurrency: number;
  readonly activeCount: number;
  readonly pendingCount: number;
  /** Goes in at once, or resolves when it is its turn. Each who is in has to leave. */
  enter(): Promise<void> | undefined;
  leave(): void;
  /** Goes in for as long as `work` takes. */
  run<Value>(work: () => Promise<Value>): Promise<Value>;
}

/** Makes a gate with nobody in it. */
export const createRequestGate = (initial: number): RequestGate => {
  let concurrency = initial;
  let activeCount = 0;
  // Some hundred at most, as files in flight are bounded.
  const waiting: (() => void)[] = [];
  const admit = (): void => {
    while (activeCount < concurrency) {
      const next = waiting.shift();
      if (next === undefined) return;
      activeCount += 1;
      next();
    }
  };
  const enter = (): Promise<void> | undefined => {
    if (activeCount < concurrency && waiting.length === 0) {
      activeCount += 1;
      return undefined;
    }
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  };
  const leave = (): void => {
    activeCount -= 1;
    admit();
  };
  return {
    get concurrency() {
      return concurrency;
    },
    set concurrency(wanted) {
      concurrency = wanted;
      admit();
    },
    get activeCount() {
      return activeCount;
    },
    get pendingCount() {
      return waiting.length;
    },
    enter,
    leave,
    run: async (work) => {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
};
