// The answers of a launcher.

import type { DriveHoldCode } from '#drive/contract.ts';
import type { LaunchReply } from '#protocol/launch.ts';

/** Codes of a launcher's refusals; `LaunchRefused` is a request that breaks the rules or comes too late. */
export type LaunchProblemCode =
  | Extract<
      DriveHoldCode,
      'ProbeFailed' | 'DriveInUse' | 'MountFailed' | 'JournalNotClean' | 'HibernatedVolume' | 'UnsupportedFileSystem'
    >
  | 'LaunchRefused';

/** Why a launcher does not do what it was asked for. */
export interface LaunchProblem {
  readonly code: LaunchProblemCode;
  /** Printable, one line. */
  readonly message: string;
}

/** The line of an answer. */
export const formatReply = (reply: LaunchReply): string => `${JSON.stringify(reply)}\n`;

/** A refusal as an answer. */
export const problemReply = ({ code, message }: LaunchProblem): LaunchReply => ({
  kind: 'launch-problem',
  code,
  message,
});
