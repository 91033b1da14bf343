// Runs a program of the system for a test: argument arrays only, never a shell.

import { execFile } from 'node:child_process';

/** What a program left behind. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of a run. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to stdin, which is then closed. */
  readonly input?: string | Uint8Array;
  /** The program is killed after this time, and the run fails. */
  readonly deadlineMs?: number;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const RUN_DEADLINE_MS = 120_000;

/** Runs a program to its end, whatever its exit code. Errors: it cannot be started, a signal ended it, its time is over. */
export const tryRun = (command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
  new Promise((resolve, reject) => {
    const { env = process.env, cwd, input, deadlineMs = RUN_DEADLINE_MS } = options;
    const settings = { env, cwd, timeout: deadlineMs, maxBuffer: MAX_OUTPUT_BYTES, killSignal: 'SIGKILL' as const };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
      else reject(new Error(`Cannot run ${[command, ...args].join(' ')}: ${stderr}`, { cause: error }));
    });
    // A program that reads no stdin may have closed it already; its exit code tells what matters.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });

/** Runs a program that must end with exit code 0, and gives its stdout. */
export const run = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const { exitCode, stdout, stderr } = await tryRun(command, args, options);
  if (exitCode !== 0) {
    throw new Error(`${[command, ...args].join(' ')} ended with ${String(exitCode)}\n${stdout}${stderr}`);
  }
  return stdout;
};
