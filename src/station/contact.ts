// Is it the cable? A pure decision over the times at which drives left a bay before their SIGNATURE was read.

import { MINUTE_MS } from '#language/units.ts';
import type { RunState } from './run-state.ts';

const BAD_CONTACT_COUNT = 3;
const WITHIN_MS = MINUTE_MS;

/** Times of early departures that still count, with the one at `nowMs`. */
export const withDeparture = (departures: readonly number[], nowMs: number): readonly number[] =>
  [...departures, nowMs].filter((time) => nowMs - time <= WITHIN_MS);

/** True where that many in so short a time are no chance. */
export const isBadContact = (departures: readonly number[]): boolean => departures.length >= BAD_CONTACT_COUNT;

// What a drive that goes away in the middle of the first look is taken for.
const BROKEN_OFF: readonly string[] = ['ProbeFailed', 'LaunchRefused', 'MountFailed', 'LoaderFailed'];

/** True for a drive whose SIGNATURE was not read, and that no hold of its own kept from it. */
export const isUnread = (state: RunState): boolean => {
  switch (state.kind) {
    case 'inspecting':
      return true;
    case 'hold':
      return state.jobId === undefined && BROKEN_OFF.includes(state.hold.code);
    case 'loading':
    case 'releasing':
    case 'publishing':
    case 'interrupted':
    case 'released':
    case 'done':
      return false;
  }
};
