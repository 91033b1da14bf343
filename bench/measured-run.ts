// One measured run of a program that is not the station: its time, CPU time and peak memory, by bench/go/measured-run.

import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What a run took. */
export interface RunFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** A program with its arguments and its whole environment. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const usageSchema = z.object({
  exitCode: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakRssBytes: z.number(),
});

const SHOWN_CHARACTERS = 4_000;

/** Runs it to its end; `tool` is the built measured-run. Errors: it fails, with the end of what it said. */
export const runMeasured = async (
  { tool, folder, command }: { readonly tool: string; readonly folder: string; readonly command: Command },
  signal: AbortSignal,
): Promise<RunFigures> => {
  const usagePath = join(folder, 'usage.json');
  await rm(usagePath, { force: true });
  const child = spawn(tool, [usagePath, command.program, ...command.args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...command.env },
    cwd: '/',
    signal,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SHOWN_CHARACTERS);
  });
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  // Not before all that hold its stderr are gone: the program may still have the drive open when its end was asked for.
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  child.once('close', () => {
    resolve();
  });
  await closed;
  if (failure !== undefined) throw new Error(`Cannot run ${command.program}`, { cause: failure });
  const usage = usageSchema.parse(JSON.parse(await readFile(usagePath, 'utf8')));
  if (usage.exitCode !== 0) {
    throw new Error(`${[command.program, ...command.args].join(' ')} ended with ${String(usage.exitCode)}:\n${said}`);
  }
  return { seconds: usage.seconds, cpuSeconds: usage.cpuSeconds, peakRssBytes: usage.peakRssBytes };
};
