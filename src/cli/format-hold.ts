// A hold as a technician reads it: what happened, who acts, what to do now. The texts come printable from the station.

import { ACTOR_NAMES } from '#notice/actors.ts';
import type { Notice } from '#notice/contract.ts';
import { formatWaysOut } from '#notice/way-names.ts';

/** The lines of a hold. */
export const formatHold = (hold: Notice): readonly string[] => [
  `HOLD ${hold.code}`,
  `  ${hold.happened}`,
  `  Who acts:   ${ACTOR_NAMES[hold.actor]}`,
  `  What to do: ${hold.todo}`,
  ...(hold.waysOut.length === 0 ? [] : [`  Ways out:   ${formatWaysOut(hold.waysOut)}`]),
];
