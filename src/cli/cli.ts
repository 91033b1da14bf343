// The command line: puts the commands together and tells each ending as an exit code.

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { StationError } from '#language/station-error.ts';
import { isPersonName } from '#protocol/control.ts';
import { addAccountCommands } from './account.ts';
import { addCompleteCommand } from './complete.ts';
import { addCompletionCommand } from './completion.ts';
import { addConfigCommands } from './config.ts';
import { addConfirmCommand } from './confirm.ts';
import type { CliContext } from './context.ts';
import { addDaemonCommand } from './daemon.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDrivesCommand } from './drives.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { addHoldCommand } from './hold.ts';
import { addJobCommands } from './job.ts';
import { addManifestCommands } from './manifest.ts';
import { refusalOfError, refuse, refused } from './refusal.ts';
import { addReasonsCommand } from './reasons.ts';
import { addReceiveCommand } from './receive.ts';
import { addRejectCommand } from './reject.ts';
import { addReleaseCommand } from './release.ts';
import { addRetryCommand } from './retry.ts';
import { addReturnCommand } from './return.ts';
import { addSignCommand } from './sign.ts';
import { addStatusCommand } from './status.ts';
import { productVersion } from './version.ts';

const EXAMPLE = `
Examples:
  import-station manifest check Manifest.txt
  import-station job create --account ada@example.com --manifest Manifest.txt
  import-station status --watch

Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 findings in a manifest or configuration,
69 something needed is not there, 70 a defect, 77 not permitted, 78 configuration, 130 interrupted.
`;

/** Runs one command; resolves with the exit code, and throws only for a defect. */
export const runCli = async (
  options: Omit<CliContext, 'end' | 'by'> & { readonly args: readonly string[] },
): Promise<number> => {
  let exitCode: number = EXIT_CODES.ok;
  const { args, ...rest } = options;
  let by: string | undefined;
  const context: CliContext = {
    ...rest,
    by: () => by ?? rest.userName,
    end: (code) => {
      exitCode = code;
    },
  };
  try {
    const program = createProgram(context);
    program.hook('preAction', () => {
      by = byOption(program);
    });
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error: unknown) {
    if (error instanceof CommanderError) return endOfCommander(context, error);
    if (context.signal.aborted) return EXIT_CODES.interrupted;
    const refusal = error instanceof StationError ? refusalOfError(error) : undefined;
    if (refusal === undefined) throw error;
    return refuse(context, refusal);
  }
};

/** All commands; what runs them parses, nothing happens before. */
export const createProgram = (context: CliContext): Command => {
  const program = new Command('import-station')
    .description('Loads the drives that customers mail in into their S3 buckets.')
    .version(productVersion(), '--version', 'print the version')
    .option('--by <name>', 'name for the history of what is changed (default: the login)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLE)
    // Commands that are made below inherit both.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      writeErr: (text) => context.io.stderr.write(text),
      // Said by `endOfCommander` in the three parts of every refusal.
      outputError: () => undefined,
    });
  addManifestCommands(program, context);
  addSignCommand(program, context);
  addAccountCommands(program, context);
  addJobCommands(program, context);
  addDrivesCommand(program, context);
  addStatusCommand(program, context);
  addReceiveCommand(program, context);
  addHoldCommand(program, context);
  addRetryCommand(program, context);
  addConfirmCommand(program, context);
  addReleaseCommand(program, context);
  addRejectCommand(program, context);
  addReturnCommand(program, context);
  addReasonsCommand(program, context);
  addConfigCommands(program, context);
  addDoctorCommand(program, context);
  addCompletionCommand(program, context);
  addCompleteCommand(program, context);
  addDaemonCommand(program, context);
  return program;
};

const byOption = (program: Command): string | undefined => {
  const { by } = program.opts<{ by?: string }>();
  if (by !== undefined && !isPersonName(by)) {
    throw new InvalidArgumentError("option '--by <name>' expects 1 to 64 printable characters without blanks around");
  }
  return by;
};

// `commander.help` is the help that stands in for a missing subcommand; the help that was asked for ends with 0.
const endOfCommander = (context: CliContext, error: CommanderError): number => {
  if (error.exitCode === 0) return EXIT_CODES.ok;
  if (error.code === 'commander.help') return EXIT_CODES.usage;
  return refuse(context, refused('UsageError', { message: usageMessage(error.message) }).refusal);
};

// On one line; and without the value of an option that does not exist, which may be a secret typed by mistake.
const usageMessage = (message: string): string =>
  message
    .replace(/^error: /u, '')
    .replace(/'(?<flag>-[^'=]*)=[^']*'/u, "'$<flag>'")
    .replace(/\s*\n\s*/gu, ' ');
