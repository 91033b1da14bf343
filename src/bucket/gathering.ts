// Lets answers of a bucket that is further away come several at once. A thread that is woken for each alone finds its caches
// cold and pays for the wake-up more than for the answer: with 700 answers a second beside a busy server half of its time.
//
// It sleeps after its work, with all requests on their way, for a part of what an answer takes, and only where several are
// to come meanwhile. Whoever is quick, or answers few, is never waited for.

/** Counts answers. */
export interface Gathering {
  /** One has come. */
  answered(): void;
}

/** The connections as they are. */
export interface Traffic {
  /** Requests that wait for their answer. */
  readonly openRequests: number;
  /** A body is still on its way out: only this thread sends its rest. */
  readonly isWriting: boolean;
}

/** What it acts on. */
export interface GatheringDeps {
  readonly nowMs: () => number;
  /** Blocks the thread. */
  readonly sleep: (ms: number) => void;
  /** Calls once what has come so far is dealt with, and has had its consequences. */
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
let allSleptMs = 0;

/** How long this thread has slept so, in all: the event loop takes it for work. */
export const sleptMs = (): number => allSleptMs;

const HERE: GatheringDeps = {
  nowMs: () => performance.now(),
  sleep: (ms) => {
    const beganMs = performance.now();
    Atomics.wait(cell, 0, 0, ms);
    allSleptMs += performance.now() - beganMs;
  },
  // Behind all that follows from the answer, and behind what that has put off to the end of the turn.
  later: (call) => {
    process.nextTick(() => setImmediate(call));
  },
};

/** Starts without knowing how the bucket answers. */
export const createGathering = (traffic: () => Traffic, { nowMs, sleep, later }: GatheringDeps = HERE): Gathering => {
  let inTurn = 0;
  let seen = 0;
  let sinceMs = nowMs();
  let everyMs = 0;
  const look = (): void => {
    const passedMs = nowMs() - sinceMs;
    if (passedMs < LOOK_EVERY_MS) return;
    everyMs = passedMs / seen;
    seen = 0;
    sinceMs += passedMs;
  };
  const endTurn = (): void => {
    const came = inTurn;
    inTurn = 0;
    look();
    if (came >= ENOUGH_ANSWERS || everyMs === 0) return;
    const { openRequests, isWriting } = traffic();
    if (openRequests < FEWEST_REQUESTS || isWriting) return;
    // Little's law: requests under way, over their rate, are the time that each takes.
    const waitMs = Math.min(LONGEST_MS, ENOUGH_ANSWERS * everyMs, openRequests * everyMs * PART_OF_LATENCY);
    if (waitMs >= SHORTEST_MS) sleep(waitMs);
  };
  return {
    answered: () => {
      if (inTurn === 0) later(endTurn);
      inTurn += 1;
      seen += 1;
    },
  };
};
