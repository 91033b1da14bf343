// What a check has found, with its remedy: the contract of this room.

import type { Actor } from '#notice/contract.ts';

/** What is looked at. */
export type Area =
  | 'configuration'
  | 'program'
  | 'users'
  | 'folders'
  | 'secrets'
  | 'disk'
  | 'file systems'
  | 'tools'
  | 'udev'
  | 'services'
  | 'clock'
  | 'buckets';

/**
 * `ok`: looked at and good. `note`: worth knowing, nothing to do. `unknown`: could not be looked at, which is never `ok`.
 * `warning`: the station works, something does not. `problem`: the station, or this account, does not work.
 */
export type Level = 'ok' | 'note' | 'unknown' | 'warning' | 'problem';

/** One finding; texts are whole sentences, printable. */
export interface Finding {
  readonly area: Area;
  /** Stable name of the check and its outcome, for scripts. */
  readonly check: string;
  readonly level: Level;
  readonly what: string;
  /** Who acts; absent where nobody has to. */
  readonly actor?: Actor;
  /** The remedy; absent where there is nothing to do. */
  readonly todo?: string;
}

/** What needs a person. */
export interface Trouble {
  readonly check: string;
  readonly level: Exclude<Level, 'ok' | 'note'>;
  readonly what: string;
  readonly todo: string;
  /** Default: the operator. */
  readonly actor?: Actor;
}

/** Findings of one area. */
export interface Reporter {
  ok(check: string, what: string): Finding;
  note(check: string, what: string): Finding;
  trouble(trouble: Trouble): Finding;
}

/** Makes findings of an area. */
export const reporterFor = (area: Area): Reporter => ({
  ok: (check, what) => ({ area, check, level: 'ok', what }),
  note: (check, what) => ({ area, check, level: 'note', what }),
  trouble: ({ actor = 'operator', ...trouble }) => ({ area, actor, ...trouble }),
});
