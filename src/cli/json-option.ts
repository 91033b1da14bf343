// The option `--json`, the same for every command that reads.

import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { writeJson, writeLines } from './output.ts';

/** What the option gives. */
export interface JsonOption {
  readonly json?: boolean;
}

/** Adds `--json` to a command. */
export const addJsonOption = (command: Command): Command =>
  command.option('--json', 'print JSON (docs/json.md tells its shape)');

/** Prints a value to stdout: as JSON, or as the lines that a person reads. */
export const print = (
  { io }: CliContext,
  { json = false }: JsonOption,
  value: unknown,
  format: () => readonly string[],
): void => {
  if (json) writeJson(io.stdout, value);
  else writeLines(io.stdout, format());
};
