// Runs a system program: argument array, no shell, fixed environment, a deadline, bounded output.

import { execFile } from 'node:child_process';

import { MIB } from '#language/units.ts';

/** How a program ended. */
export type CommandResult =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** It could not be started, was killed, wrote too much, or did not end in time; `message` says which. */
  | { readonly kind: 'problem'; readonly message: string };

/** What to run and for how long. */
export interface Command {
  /** Absolute path, or a name that is looked up in the folders of the system alone. */
  readonly program: string;
  readonly args: readonly string[];
  readonly deadlineMs: number;
  /** Added to COMMAND_ENVIRONMENT. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The environment of every program that the station starts: nothing of the caller's own gets through. */
export const COMMAND_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  // Answers of programs are read, so they come in English.
  LC_ALL: 'C.UTF-8',
};

const MAX_OUTPUT_BYTES = 8 * MIB;

/**
 * Runs a program and waits for its end. At the deadline it is killed and no longer waited for: a program that hangs in
 * a drive that does not answer cannot be killed at all.
 */
export const runCommand = (
  { program, args, deadlineMs, environment = {} }: Command,
  signal: AbortSignal,
): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(deadlineMs);
    const bounded = AbortSignal.any([signal, deadline]);
    const options = {
      env: { ...COMMAND_ENVIRONMENT, ...environment },
      maxBuffer: MAX_OUTPUT_BYTES,
      signal: bounded,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    } as const;
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason);
      else if (deadline.aborted)
        resolve({ kind: 'problem', message: `${program} did not end in ${String(deadlineMs)} ms` });
      else if (error === null) resolve({ kind: 'ended', exitCode: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ kind: 'ended', exitCode: error.code, stdout, stderr });
      else resolve({ kind: 'problem', message: `${program}: ${String(error.code ?? error.signal ?? error.message)}` });
    });
    // One that hangs must not keep this process from ending.
    bounded.addEventListener('abort', () => child.unref(), { once: true });
  });
