// Asks the launcher to make a free drive spin down.

import type { AttachedDrive } from '#drive/contract.ts';
import { MINUTE_MS } from '#language/units.ts';
import type { RunDeps } from './run-deps.ts';

/** True when the drive is off; one that has no switch, or refuses, stays on and may be taken out all the same. */
export const switchOffDrive = async (
  { launch, journal }: Pick<RunDeps, 'launch' | 'journal'>,
  { kernelName, diskSequence }: AttachedDrive,
): Promise<boolean> => {
  try {
    const request = { kind: 'switch-off', kernelName, diskSequence } as const;
    const reply = await launch.ask(request, AbortSignal.timeout(MINUTE_MS));
    return reply.kind === 'switched-off' && reply.isOff;
  } catch (error: unknown) {
    journal.warn({ device: kernelName, err: error }, 'drive not switched off');
    return false;
  }
};
