// What every bay of the station shares.

import type { Config } from '#config/contract.ts';
import type { AttachedDrive } from '#drive/contract.ts';
import type { ClockCheck } from './clock-check.ts';
import type { Claims } from './claims.ts';
import type { JobChangeDeps } from './change-job.ts';
import type { LaunchClient } from './launch-client.ts';
import type { Publisher } from './publish-log.ts';

/** Ports of a bay's run; all of them belong to the daemon. */
export interface RunDeps extends JobChangeDeps {
  readonly config: Config;
  readonly launch: LaunchClient;
  readonly publisher: Publisher;
  readonly claims: Claims;
  readonly clock: ClockCheck;
  /** The drive of an attachment, by a snapshot made after the question; undefined where it is gone. */
  readonly findAttached: (attachmentId: string, signal: AbortSignal) => Promise<AttachedDrive | undefined>;
}

/** Where a drive is, and which stay of it this is. */
export interface DriveInBay {
  readonly bay: string;
  readonly drive: AttachedDrive;
  readonly attachmentId: string;
}
