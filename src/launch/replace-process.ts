// execve(2): this process becomes another program, with the same process number and standard streams.

import assert from 'node:assert/strict';

/** What to become; `args` begins with the program's name, the environment is the whole one. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Becomes another program. Does not return; a program that cannot be run ends the process. */
export const replaceProcess = ({ path, args, environment }: Program): never => {
  assert(process.execve !== undefined, 'every Linux has execve');
  return process.execve(path, [...args], { ...environment });
};
