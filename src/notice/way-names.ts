// How a hold can end, as a person reads it.

import type { WayOut } from './contract.ts';

/** The ways out of a hold in words: "retry, take the drive out"; empty for none. */
export const formatWaysOut = (ways: readonly WayOut[]): string => ways.map((way) => WAY_NAMES[way]).join(', ');

const WAY_NAMES: Readonly<Record<WayOut, string>> = {
  retry: 'retry',
  confirm: 'confirm',
  reject: 'reject',
  'take-out': 'take the drive out',
  'plug-in': 'plug the drive in again',
};
