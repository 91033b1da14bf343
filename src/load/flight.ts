// Files that are being loaded: a bounded number at once, all waited for at the end, no failure lost.

/** Work in flight. */
export interface Flight {
  /** Begins at once, or resolves once there was room and it has begun. Throws what has failed. */
  launch(work: () => Promise<void>): Promise<void> | undefined;
  /** Resolves once nothing is in flight; never rejects. */
  landed(): Promise<void>;
  /** Throws what failed. */
  check(): void;
}

/** Part of the places that are free before more is begun, so that several begin at once. */
const FREE_PART = 1 / 4;

interface Waiter {
  /** How much may be in flight when it goes on. */
  readonly most: () => number;
  readonly goOn: () => void;
}

/** Makes a flight of at most `limit()` at once. */
export const createFlight = (limit: () => number): Flight => {
  let inFlight = 0;
  const waiting: Waiter[] = [];
  const failures: unknown[] = [];
  const check = (): void => {
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'Several files could not be handled');
  };
  const land = (): void => {
    inFlight -= 1;
    for (let [next] = waiting; next !== undefined && inFlight <= next.most(); [next] = waiting) {
      waiting.shift();
      next.goOn();
    }
  };
  const fail = (error: unknown): void => {
    failures.push(error);
    land();
  };
  const atMost = async (most: () => number): Promise<void> => {
    while (inFlight > most()) {
      await new Promise<void>((goOn) => {
        waiting.push({ most, goOn });
      });
    }
  };
  const begin = (work: () => Promise<void>): void => {
    check();
    inFlight += 1;
    work().then(land, fail);
  };
  const mostBeforeMore = (): number => {
    const places = limit();
    return places - Math.max(1, Math.floor(places * FREE_PART));
  };
  const beginLater = async (work: () => Promise<void>): Promise<void> => {
    await atMost(mostBeforeMore);
    begin(work);
  };
  return {
    launch: (work) => {
      if (inFlight >= limit()) return beginLater(work);
      begin(work);
      return undefined;
    },
    landed: () => atMost(() => 0),
    check,
  };
};
