// Is the station alive? It is while the drives are looked at again and again: what hangs there hangs everything.

import { SECOND_MS } from '#language/units.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Health } from '#protocol/reports.ts';

/** What is known of the looks at the drives. */
export interface HealthWatch {
  /** A look has ended; whether it found anything is no matter. */
  noteLook(): void;
  /** When the last look ended, by the wall clock; undefined before the first one. */
  readonly lastLookAt: Date | undefined;
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
  return {
    noteLook: () => {
      lastMs = nowMs();
      lastAt = now();
    },
    get lastLookAt() {
      return lastAt;
    },
    health: () => {
      const ageMs = nowMs() - lastMs;
      const secondsSinceLook = Math.floor(ageMs / SECOND_MS);
      if (ageMs <= Math.max(PATIENCE_MS, MISSED_LOOKS * everyMs())) return { status: 'ok', secondsSinceLook };
      return {
        status: 'stalled',
        secondsSinceLook,
        error: noticeOf('StationStalled', { size: String(secondsSinceLook) }),
      };
    },
  };
};
