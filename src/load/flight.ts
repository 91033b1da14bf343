// Files that are being loaded: a bounded number at once, all waited for at the end, no failure lost.

/** Work in flight. */
export interface Flight {
  /** Waits until there is room, then begins. Resolves once the work has begun. Throws the first failure. */
  launch(work: () => Promise<void>): Promise<void>;
  /** Resolves once nothing is in flight; never rejects. */
  landed(): Promise<void>;
  /** Throws what failed. */
  check(): void;
}

/** Makes a flight of at most `limit()` at once. */
export const createFlight = (limit: () => number): Flight => {
  let inFlight = 0;
  let wakeUps: (() => void)[] = [];
  const failures: unknown[] = [];
  const check = (): void => {
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'Several files could not be handled');
  };
  const land = (): void => {
    inFlight -= 1;
    const woken = wakeUps;
    wakeUps = [];
    for (const wakeUp of woken) wakeUp();
  };
  const landing = (): Promise<void> =>
    new Promise((resolve) => {
      wakeUps.push(resolve);
    });
  return {
    launch: async (work) => {
      while (inFlight >= limit()) await landing();
      check();
      inFlight += 1;
      work().then(land, (error: unknown) => {
        failures.push(error);
        land();
      });
    },
    landed: async () => {
      while (inFlight > 0) await landing();
    },
    check,
  };
};
