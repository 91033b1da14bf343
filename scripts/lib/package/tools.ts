// What all parts of the packaging need: programs that must succeed, tables from elsewhere, and the time of a package.

import { spawnSync } from 'node:child_process';

const SECOND_MS = 1000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Settings of a program. */
export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program that must end with 0, and gives its stdout. Errors: it did not; its words stand in the message. */
export const runProgram = (program: string, args: readonly string[], options: ProgramOptions = {}): string => {
  const result = spawnSync(program, [...args], { ...options, encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES });
  if (result.error !== undefined) throw new Error(`Cannot run ${program}: ${result.error.message}`);
  if (result.status !== 0) {
    const ending = String(result.status ?? result.signal);
    throw new Error(`${program} ended with ${ending}: ${result.stdout}${result.stderr}`.trimEnd());
  }
  return result.stdout;
};

/** Runs git in a checkout, whoever owns it. */
export const runGit = (checkout: string, ...args: readonly string[]): string =>
  runProgram('git', ['-c', `safe.directory=${checkout}`, '-C', checkout, ...args]);

/** Seconds since 1970: `SOURCE_DATE_EPOCH` where it is set, else the time of the checkout's commit. */
export const sourceTime = (checkout: string): number => {
  const given = process.env['SOURCE_DATE_EPOCH'] ?? runGit(checkout, 'log', '-1', '--format=%ct').trim();
  if (!/^\d+$/u.test(given)) throw new Error(`SOURCE_DATE_EPOCH is "${given}", expected seconds since 1970`);
  return Number(given);
};

/** The date as RFC 5322 writes it, in UTC. */
export const mailDate = (epoch: number): string => new Date(epoch * SECOND_MS).toUTCString().replace('GMT', '+0000');

/** The value of a key of what a JSON file holds; undefined where it has none. */
export const valueOf = (table: unknown, key: string): unknown =>
  Object.entries(Object(table)).find(([name]) => name === key)?.[1];
