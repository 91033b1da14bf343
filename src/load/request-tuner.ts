// How many requests may be open at once, found by trying: more while more gets through, fewer where the bucket says so or
// where more only wait longer. Pure: it is told what happened and says what to do next.
//
// STATES: growing -> holding <-> probing, holding -> easing -> holding
//   growing   doubles after each look while the rate grows with it; two looks without a gain end it, one step back: the first
//             of them is short, and may have fallen into a pause of the machine
//   holding   keeps the limit for some looks, more after each probe that gained nothing
//   probing   a little more than the limit, for one look: kept where it gains, else taken back
//   easing    half of the limit, for one look, because the rate fell while answers took longer: kept where as much gets through
//             with it, else taken back, for then it was not the bucket that had too much to do
//   SlowDown of the bucket halves the limit in every state.

/** What happened between two looks. */
export interface Observation {
  readonly seconds: number;
  /** Requests that were acknowledged, and their bytes. */
  readonly requests: number;
  readonly bytes: number;
  /** Mean time from a request to its answer. */
  readonly latencyMs: number;
  /** Answers that asked for fewer requests. */
  readonly slowDowns: number;
  /** Part of the requests, 0 to 1, behind which another waited: the limit was what held them back. */
  readonly heldBack: number;
}

/** Finds the limit. */
export interface RequestTuner {
  /** Requests that may be open at once. */
  readonly limit: number;
  /** The limit is not found yet and no step is in doubt: the sooner the next look, the sooner it is found. */
  readonly isGrowing: boolean;
  /** Takes a look; gives the limit for the time until the next. */
  observe(observation: Observation): number;
}

/** Bounds of the limit. */
export interface TunerBounds {
  readonly first: number;
  readonly most: number;
}

/** A look at fewer requests than this many times the limit says little. */
export const REQUESTS_PER_LOOK = 2;

/** Bytes that cost about as much as the request that carries them. */
const BYTES_PER_REQUEST = 256 * 1024;
const FEWEST = 2;
/** Gain that makes twice the requests, or a probe, worth keeping: latency alone would give 2 and 1.25. */
const GAIN_OF_DOUBLING = 1.2;
const GAIN_OF_PROBE = 1.08;
const PROBE = 1.25;
const FIRST_HOLD_LOOKS = 8;
const LONGEST_HOLD_LOOKS = 64;
/** A rate below this part of what the limit gave, with answers that take this much longer, is a bucket in trouble. */
const FALLEN_RATE = 0.7;
const RISEN_LATENCY = 2;
/** A smaller limit that lets this part of the rate through costs nothing. */
const KEPT_RATE = 0.9;
/** The limit is what is tried only where it holds most requests back. */
const HELD_BACK = 0.5;

/** Begins at `first` and never passes `most`. */
export const createRequestTuner = ({ first, most }: TunerBounds): RequestTuner => {
  let limit = Math.max(1, Math.min(first, most));
  let state: 'growing' | 'holding' | 'probing' | 'easing' = 'growing';
  /** The limit before the last step, and what it gave. */
  let former: { readonly limit: number; readonly rate: number } | undefined;
  let held: { readonly rate: number; readonly latencyMs: number } | undefined;
  let holdLooks = FIRST_HOLD_LOOKS;
  let looksLeft = 0;
  let isDoubted = false;

  const hold = (looks: number): void => {
    state = 'holding';
    former = undefined;
    held = undefined;
    looksLeft = looks;
  };
  const halve = (): void => {
    limit = Math.max(Math.min(FEWEST, most), Math.floor(limit / 2));
  };
  const ease = (rate: number): void => {
    former = { limit, rate };
    state = 'easing';
    halve();
  };
  const stepUp = (factor: number, rate: number): void => {
    former = { limit, rate };
    limit = Math.min(most, Math.ceil(limit * factor));
  };
  const isStepWorth = (rate: number, gain: number): boolean => former === undefined || rate >= former.rate * gain;
  const judgeStep = (rate: number, gain: number): boolean => {
    const isWorth = isStepWorth(rate, gain);
    if (!isWorth && former !== undefined) limit = former.limit;
    return isWorth;
  };
  const grow = (rate: number): void => {
    if (!isDoubted && !isStepWorth(rate, GAIN_OF_DOUBLING)) {
      isDoubted = true;
      return;
    }
    isDoubted = false;
    if (!judgeStep(rate, GAIN_OF_DOUBLING) || limit === most) hold(holdLooks);
    else stepUp(2, rate);
  };
  const endProbe = (rate: number): void => {
    const isGain = judgeStep(rate, GAIN_OF_PROBE);
    holdLooks = isGain ? FIRST_HOLD_LOOKS : Math.min(LONGEST_HOLD_LOOKS, holdLooks * 2);
    hold(isGain ? 0 : holdLooks);
  };
  const endEasing = (rate: number): void => {
    judgeStep(rate, KEPT_RATE);
    hold(holdLooks);
  };
  const keep = (rate: number, latencyMs: number): void => {
    held ??= { rate, latencyMs };
    if (rate < held.rate * FALLEN_RATE && latencyMs > held.latencyMs * RISEN_LATENCY) {
      ease(rate);
      return;
    }
    looksLeft -= 1;
    if (looksLeft >= 0 || limit === most) return;
    state = 'probing';
    stepUp(PROBE, rate);
  };

  return {
    get limit() {
      return limit;
    },
    get isGrowing() {
      return state === 'growing' && !isDoubted;
    },
    observe: ({ seconds, requests, bytes, latencyMs, slowDowns, heldBack }) => {
      const rate = (requests + bytes / BYTES_PER_REQUEST) / Math.max(seconds, Number.EPSILON);
      if (slowDowns > 0) {
        halve();
        hold(holdLooks);
      } else if (heldBack >= HELD_BACK) {
        if (state === 'growing') grow(rate);
        else if (state === 'probing') endProbe(rate);
        else if (state === 'easing') endEasing(rate);
        else keep(rate, latencyMs);
      }
      return limit;
    },
  };
};
