// The one place that asks a bucket again: what the bucket or the network will get over is waited out (decision 11).
//
// INVARIANTS
// 1. Only problems of scope `transient` are waited out; every other answer is given back at once.
// 2. An attempt counts against a key only if another key was acknowledged while it ran or since the one before it:
//    while nothing gets through, it is the bucket that fails and not the key, and the wait has no end but the signal.
//    A bucket that asks for fewer requests says nothing of the key, whatever else gets through: that is never counted.
// 3. A problem that names a hold (an answer that is none of S3) is no outage: where nothing else gets through it becomes
//    that hold, soon where nothing ever did, later where the bucket has answered before and may do so again.
// 4. Waits grow to a limit and are drawn from their whole range (full jitter), so that many requests do not return as
//    one.

import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { SECOND_MS } from '#language/units.ts';
import type { BucketProblem } from './contract.ts';
import type { Answer } from './guarded.ts';

/** How much is borne. */
export interface RetryBudget {
  /** Counted attempts (see the invariants) after which the problem is the key's own. */
  readonly attempts: number;
  /** Attempts that meet a problem with a hold of its own, nothing else getting through, after which it is that hold. */
  readonly heldAttempts: { readonly neverAnswered: number; readonly answeredBefore: number };
  /** Range of the first wait, in milliseconds; it doubles with each. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Five attempts by decision 11; waits from a tenth of a second to half a minute: 20 take about three minutes. */
const RETRY_BUDGET: RetryBudget = {
  attempts: 5,
  heldAttempts: { neverAnswered: 5, answeredBefore: 20 },
  firstWaitMs: 100,
  longestWaitMs: 30 * SECOND_MS,
};

/** An open request that lasts longer than this, no other one being answered, is told as trouble. */
const SILENCE_TOLD_MS = 10 * SECOND_MS;

/** What `createRetry` needs of its surroundings. */
export interface RetryDeps {
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Waits; rejects with the signal's reason. */
  readonly sleep?: (waitMs: number, signal: AbortSignal) => Promise<void>;
  readonly budget?: RetryBudget;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs?: () => number;
}

/** Asks again on behalf of all requests to one bucket. */
export interface Retry {
  /**
   * Calls `attempt` until it gives something other than a transient problem, or the budget of this key is used up:
   * then that problem is given back, still with scope `transient`, or as the hold that it names.
   * Errors: `signal.reason`, and what `attempt` throws.
   */
  run<Value>(key: string, attempt: (signal: AbortSignal) => Answer<Value>, signal: AbortSignal): Answer<Value>;
  /** Why the bucket is waited for, printable, be it that it has been silent for long; undefined while it answers. */
  trouble(): string | undefined;
}

/** Makes the retry of one bucket; all its requests share it, for each tells the others whether the bucket answers. */
export const createRetry = ({
  random,
  sleep = sleepFor,
  budget = RETRY_BUDGET,
  nowMs = () => performance.now(),
}: RetryDeps): Retry => {
  const acknowledged = createAcknowledgements();
  const silence = createSilence(nowMs);
  let trouble: string | undefined;

  return {
    run: async <Value>(key: string, attempt: (signal: AbortSignal) => Answer<Value>, signal: AbortSignal) => {
      let counted = 0;
      let alone = 0;
      let seenUpTo = acknowledged.count();
      for (let failures = 0; ; failures += 1) {
        signal.throwIfAborted();
        const request = silence.begin();
        let answer: ({ readonly kind: 'ok' } & Value) | BucketProblem;
        try {
          answer = await attempt(signal);
        } finally {
          silence.end(request);
        }
        if (answer.kind === 'ok') {
          acknowledged.add(key);
          trouble = undefined;
          return answer;
        }
        if (answer.scope !== 'transient') {
          // A refusal is an answer: the bucket is there.
          trouble = undefined;
          return failures === 0 ? answer : { ...answer, isAfterTrouble: true };
        }
        if (answer.isThrottling === true) alone = 0;
        else if (acknowledged.hasOther(key, seenUpTo)) {
          counted += 1;
          alone = 0;
        } else alone += 1;
        seenUpTo = acknowledged.count();
        if (counted >= budget.attempts) return answer;
        const { neverAnswered, answeredBefore } = budget.heldAttempts;
        const borne = seenUpTo === 0 ? neverAnswered : answeredBefore;
        if (answer.holdCode !== undefined && alone >= borne) return { ...answer, scope: 'bucket' };
        trouble = describe(answer);
        await sleep(random() * Math.min(budget.longestWaitMs, budget.firstWaitMs * 2 ** failures), signal);
      }
    },
    trouble: () => trouble ?? silence.told(),
  };
};

interface OpenRequest {
  readonly sinceMs: number;
}

interface Silence {
  begin(): OpenRequest;
  end(request: OpenRequest): void;
  told(): string | undefined;
}

const createSilence = (nowMs: () => number): Silence => {
  // When each open request began; the oldest comes first.
  const open = new Set<OpenRequest>();
  let answeredMs = -Infinity;
  return {
    begin: () => {
      const request = { sinceMs: nowMs() };
      open.add(request);
      return request;
    },
    end: (request) => {
      open.delete(request);
      answeredMs = nowMs();
    },
    told: () => {
      const [oldest] = open;
      const silentMs = oldest === undefined ? 0 : nowMs() - Math.max(oldest.sinceMs, answeredMs);
      return silentMs < SILENCE_TOLD_MS ? undefined : `no answer for ${String(Math.floor(silentMs / SECOND_MS))} s`;
    },
  };
};

const describe = ({ status, code, message }: BucketProblem): string =>
  `${status === 0 ? '' : `${String(status)} `}${code}: ${message}`;

const sleepFor = async (waitMs: number, signal: AbortSignal): Promise<void> => {
  try {
    await pause(waitMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
};

interface Acknowledgements {
  /** Number of acknowledgements so far. */
  count(): number;
  add(key: string): void;
  /** True where one of another key came after the first `since`. */
  hasOther(key: string, since: number): boolean;
}

/** Keeps the latest acknowledgement and the latest one of another key: of any key, one of the two is another's. */
const createAcknowledgements = (): Acknowledgements => {
  let count = 0;
  let latest: { readonly key: string; readonly at: number } | undefined;
  let latestOther: { readonly key: string; readonly at: number } | undefined;

  return {
    count: () => count,
    add: (key) => {
      count += 1;
      if (latest?.key !== key) latestOther = latest;
      latest = { key, at: count };
    },
    hasOther: (key, since) =>
      [latest, latestOther].some((each) => each !== undefined && each.key !== key && each.at > since),
  };
};
