// System programs of the inner half: synchronous, because nothing else runs there and each step needs the one before.

import { spawnSync } from 'node:child_process';

import { COMMAND_ENVIRONMENT } from '#drive/run-command.ts';
import { StationError } from '#language/station-error.ts';

/** How a program ended. */
export interface SystemResult {
  /** null where a signal ended it. */
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** Runs a program without input; its own streams never reach the connection. Without a deadline: the daemon has one. */
export const runSystem = (program: string, args: readonly string[]): SystemResult => {
  const { status, stderr, error } = spawnSync(program, [...args], {
    env: COMMAND_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    cwd: '/',
  });
  if (error !== undefined) throw cannotRun(program, error.message, error);
  return { exitCode: status, stderr };
};

/** Runs a program that cannot fail on a sound host. Errors: StationError LaunchFailed. */
export const mustRun = (program: string, args: readonly string[]): void => {
  const { exitCode, stderr } = runSystem(program, args);
  if (exitCode !== 0) throw cannotRun([program, ...args].join(' '), stderr.trim());
};

const cannotRun = (what: string, state: string, cause?: unknown): StationError =>
  new StationError({
    code: 'LaunchFailed',
    message: `Cannot run ${what}: ${state}`,
    hint: 'Look whether the packages of the station are installed and whether the launcher runs as root.',
    cause,
  });
