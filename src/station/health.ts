// Is the station alive? It is while all drives are listed again and again: what hangs there hangs everything, and one that
// cannot list them does nothing, however often it tries.

import { SECOND_MS } from '#language/units.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Health } from '#protocol/reports.ts';

/** How a look at the drives ended: all were listed, whether there are any or not, or why they were not. */
export type Look = { readonly kind: 'ok' } | { readonly kind: 'problem'; readonly message: string };

/** What is known of the looks at the drives. */
export interface HealthWatch {
  /** A look has ended. */
  noteLook(look: Look): void;
  /** When the last look ended that listed all drives, by the wall clock; undefined before the first one. */
  readonly lastLookAt: Date | undefined;
  /** How many looks listed none, since the start. */
  readonly failedLooks: number;
  health(): Health;
}

/** Clocks, and how often looks are due. */
export interface HealthConfig {
  readonly now: () => Date;
  /** Milliseconds of a clock that never jumps. */
  readonly nowMs: () => number;
  readonly everyMs: () => number;
}

// A look waits for programs that a sick drive holds up; the watchdog of the unit has the same patience.
const PATIENCE_MS = 60 * SECOND_MS;
const MISSED_LOOKS = 3;

/** Makes it; the time runs from here. */
export const createHealthWatch = ({ now, nowMs, everyMs }: HealthConfig): HealthWatch => {
  let lastMs = nowMs();
  let lastAt: Date | undefined;
  let failedLooks = 0;
  let problem: string | undefined;
  return {
    noteLook: (look) => {
      if (look.kind === 'problem') {
        failedLooks += 1;
        problem = look.message;
        return;
      }
      problem = undefined;
      lastMs = nowMs();
      lastAt = now();
    },
    get lastLookAt() {
      return lastAt;
    },
    get failedLooks() {
      return failedLooks;
    },
    health: () => {
      const ageMs = nowMs() - lastMs;
      const secondsSinceLook = Math.floor(ageMs / SECOND_MS);
      if (ageMs <= Math.max(PATIENCE_MS, MISSED_LOOKS * everyMs())) return { status: 'ok', secondsSinceLook };
      const size = String(secondsSinceLook);
      const error =
        problem === undefined
          ? noticeOf('StationStalled', { size })
          : noticeOf('DrivesNotListed', { size, message: problem });
      return { status: 'stalled', secondsSinceLook, error };
    },
  };
};
