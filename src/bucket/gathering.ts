// Lets answers of a bucket that is further away come several at once. A thread that is woken for each alone finds its caches
// cold and pays for the wake-up more than for the answer: with 700 answers a second beside a busy server half of its time.
//
// It sleeps after its work, with all requests on their way, for a part of what an answer takes, and only where several are
// to come meanwhile. Whoever is quick, or answers few, is never waited for.

/** Counts answers. */
export interface Gathering {
  /** One has come, while so many requests wait for theirs. */
  answered(openRequests: number): void;
}

/** What it acts on. */
export interface GatheringDeps {
  readonly nowMs: () => number;
  /** Blocks the thread. */
  readonly sleep: (ms: number) => void;
  /** Calls once what has come so far is dealt with. */
  readonly later: (call: () => void) => void;
}

/** As many at once cost little more each than any larger number. */
const ENOUGH_ANSWERS = 16;
/** With fewer open requests some would be missed while it sleeps. */
const FEWEST_REQUESTS = 12;
/** Part of the time that an answer takes. */
const PART_OF_LATENCY = 1 / 4;
const LONGEST_MS = 20;
/** A sleep costs a wake-up. */
const SHORTEST_MS = 0.5;
const LOOK_EVERY_MS = 100;

const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const HERE: GatheringDeps = {
  nowMs: () => performance.now(),
  sleep: (ms) => {
    Atomics.wait(cell, 0, 0, ms);
  },
  later: (call) => {
    setImmediate(call);
  },
};

/** Starts without knowing how the bucket answers. */
export const createGathering = ({ nowMs, sleep, later }: GatheringDeps = HERE): Gathering => {
  let inTurn = 0;
  let open = 0;
  let seen = 0;
  let sinceMs = nowMs();
  let waitMs = 0;
  const look = (): void => {
    const passedMs = nowMs() - sinceMs;
    if (passedMs < LOOK_EVERY_MS) return;
    const everyMs = passedMs / seen;
    // Little's law: requests under way, over their rate, are the time that each takes.
    waitMs = Math.min(LONGEST_MS, ENOUGH_ANSWERS * everyMs, open * everyMs * PART_OF_LATENCY);
    seen = 0;
    sinceMs += passedMs;
  };
  const endTurn = (): void => {
    const came = inTurn;
    inTurn = 0;
    look();
    if (came < ENOUGH_ANSWERS && open >= FEWEST_REQUESTS && waitMs >= SHORTEST_MS) sleep(waitMs);
  };
  return {
    answered: (openRequests) => {
      if (inTurn === 0) later(endTurn);
      inTurn += 1;
      seen += 1;
      open = openRequests;
    },
  };
};
