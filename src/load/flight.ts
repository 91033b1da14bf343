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

/** Makes a flight of at most `limit` at once. */
export const createFlight = (limit: number): Flight => {
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const check = (): void => {
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'Several files could not be handled');
  };
  return {
    launch: async (work) => {
      while (inFlight.size >= limit) await Promise.race(inFlight);
      check();
      const landing: Promise<void> = work().then(
        () => void inFlight.delete(landing),
        (error: unknown) => {
          inFlight.delete(landing);
          failures.push(error);
        },
      );
      inFlight.add(landing);
    },
    landed: async () => {
      await Promise.all(inFlight);
    },
    check,
  };
};
