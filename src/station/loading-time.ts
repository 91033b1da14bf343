// How long a drive is loaded, for the loading fee (spec, requirement 51): from the first file to the last one of each stretch
// of work, holds and absence not counted. Measured by a clock that nobody sets.

import { HOUR_MS, MINUTE_MS } from '#language/units.ts';

/** The time of one loader's work. Disposing it keeps what has passed. */
export interface LoadingTime extends Disposable {
  /** A file, or a part of one, goes to the bucket: the time runs from the first call on. */
  start(): void;
  /** Rows came: the time goes on until now, where it has begun. */
  goOn(): void;
}

/** What is measured. */
export interface LoadingTimeConfig {
  /** Milliseconds of a clock that never jumps. */
  readonly nowMs: () => number;
  /** Of the loaders before; undefined where none has sent a file. */
  readonly formerMs: number | undefined;
  /** Stores the sum: now and then, so that a crash loses little of it, and at the end. */
  readonly keep: (loadingMs: number) => void;
}

const KEEP_EVERY_MS = MINUTE_MS;

/** Makes it. */
export const createLoadingTime = ({ nowMs, formerMs = 0, keep }: LoadingTimeConfig): LoadingTime => {
  let first: number | undefined;
  let last = 0;
  let kept: number | undefined;
  const store = (): void => {
    if (first === undefined || last === kept) return;
    kept = last;
    keep(Math.round(formerMs + last - first));
  };
  const goOn = (): void => {
    if (first === undefined) return;
    last = nowMs();
    if (kept === undefined || last - kept >= KEEP_EVERY_MS) store();
  };
  return {
    start: () => {
      first ??= nowMs();
      goOn();
    },
    goOn,
    [Symbol.dispose]: store,
  };
};

/** Begun hours: one file alone is one hour, no file is none. */
export const loadingHours = (loadingMs: number | undefined): number =>
  loadingMs === undefined ? 0 : Math.max(1, Math.ceil(loadingMs / HOUR_MS));
