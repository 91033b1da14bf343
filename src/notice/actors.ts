// Who acts, as a person reads it.

import type { Actor } from './contract.ts';

/** Who acts, as a person reads it: "the technician". */
export const ACTOR_NAMES: Readonly<Record<Actor, string>> = {
  customer: 'the customer',
  technician: 'the technician',
  operator: 'the operator of this station',
  nobody: 'nobody',
};
