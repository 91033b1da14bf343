// Waiting in tests: always for a condition, always with a deadline, never for a time.

import { setTimeout as pause } from 'node:timers/promises';

/** How long a test waits for what should come at once. */
export const DEADLINE_MS = 20_000;

const EVERY_MS = 25;

/** What is waited for. */
export interface UntilOptions {
  /** The condition in words, for the failure's message. */
  readonly what: string;
  readonly deadlineMs?: number;
  readonly everyMs?: number;
  /** What to add to the failure's message: the state at that time. */
  readonly describe?: () => string | Promise<string>;
}

/**
 * Asks `condition` until it gives something other than undefined or false, and gives that.
 * Errors: the condition's own at once, and one that names `what` after `deadlineMs`.
 */
export const until = async <Value>(
  condition: () => Value | Promise<Value>,
  { what, deadlineMs = DEADLINE_MS, everyMs = EVERY_MS, describe }: UntilOptions,
): Promise<Exclude<Value, undefined | false>> => {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (isGiven(value)) return value;
    if (performance.now() >= deadline) {
      const state = describe === undefined ? '' : `\n${await describe()}`;
      throw new Error(`Not within ${String(deadlineMs)} ms: ${what}${state}`);
    }
    await pause(everyMs);
  }
};

const isGiven = <Value>(value: Value): value is Exclude<Value, undefined | false> =>
  value !== undefined && value !== false;
