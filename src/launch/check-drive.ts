// The launcher's own look at the drive: it trusts nothing that the daemon says about it.

import { bayOf, portText } from '#drive/bay.ts';
import type { AttachedDrive } from '#drive/contract.ts';
import { takeSnapshot } from '#drive/snapshot.ts';
import type { Config } from '#config/contract.ts';
import type { LaunchRequest } from '#protocol/launch.ts';

/** The drive that may be touched, or the refusal with its code. */
export type DriveCheck =
  | { readonly kind: 'ok'; readonly drive: AttachedDrive }
  | {
      readonly kind: 'problem';
      readonly code: 'LaunchRefused' | 'DriveInUse' | 'ProbeFailed';
      readonly message: string;
    };

/** The drive that a request names. */
export type RequestedDrive = Pick<LaunchRequest, 'kernelName' | 'diskSequence'>;

/**
 * Checks that the drive is there, is the very attachment that is meant, is in a configured bay and is not used by the
 * host.
 */
export const checkDrive = async (
  { kernelName, diskSequence }: RequestedDrive,
  bays: Config['bays'],
  signal: AbortSignal,
): Promise<DriveCheck> => {
  const result = await takeSnapshot(signal);
  if (result.kind === 'problem') return { kind: 'problem', code: 'ProbeFailed', message: result.message };
  const drive = result.snapshot.drives.find((one) => one.kernelName === kernelName);
  if (drive === undefined) return refused(`there is no drive ${kernelName}`);
  if (drive.diskSequence !== diskSequence) {
    const sequences = `${String(diskSequence)}, now it is ${String(drive.diskSequence)}`;
    return refused(`${kernelName} is another drive by now: its sequence number was ${sequences}`);
  }
  if (bayOf(drive, bays) === undefined) return refused(`${kernelName} is at ${portText(drive.port)}, which is no bay`);
  if (drive.inUse) return { kind: 'problem', code: 'DriveInUse', message: drive.inUseBy ?? 'the host uses it' };
  return { kind: 'ok', drive };
};

const refused = (message: string): DriveCheck => ({ kind: 'problem', code: 'LaunchRefused', message });
