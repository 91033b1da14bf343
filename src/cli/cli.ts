// The command line: puts the commands together and tells each ending as an exit code.

import { Command, CommanderError } from 'commander';
import type { CliContext } from './context.ts';
import { addDaemonCommand } from './daemon.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** Runs one command; resolves with the exit code, and throws only for a defect. */
export const runCli = async (
  options: Omit<CliContext, 'end'> & { readonly args: readonly string[] },
): Promise<number> => {
  let exitCode: number = EXIT_CODES.ok;
  const { args, ...rest } = options;
  const context: CliContext = {
    ...rest,
    end: (code) => {
      exitCode = code;
    },
  };
  try {
    await createProgram(context).parseAsync([...args], { from: 'user' });
  } catch (error: unknown) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  }
  return exitCode;
};

const createProgram = (context: CliContext): Command => {
  const program = new Command('import-station')
    .description('Loads the drives that customers mail in into their S3 buckets.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      writeErr: (text) => context.io.stderr.write(text),
    });
  addDaemonCommand(program, context);
  return program;
};
