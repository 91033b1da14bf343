// `import-station reject`: a person ends a job whose drive cannot be loaded, or turns down single files of it.

import { Option, type Command } from 'commander';
import { ABORT_CODES } from '#job/status.ts';
import { endedJobSchema, FILE_CODES } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { endingLines } from './format-job.ts';
import { filesRejectedSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';
import { printable } from '#language/printable.ts';

const EXAMPLE = `
Examples:
  import-station reject 53TX4 --code MissingDevice --why "power supply missing, customer told by phone"
  import-station reject "Bay 3" --job 53TX4 --code MissingSignature --why "customer sends another drive"
  import-station reject "Bay 1" --code SparseFile --why "customer: an empty disk image, not needed"

A load in progress can only be rejected as DeviceError; the log of what was loaded is written first.
SparseFile, where a bay holds with it, ends no job: those files get failed rows, and the load goes on.
`;

interface RejectOptions extends ConfigOption {
  readonly job?: string;
  readonly code: string;
  readonly why: string;
}

/** Adds the command `reject`. */
export const addRejectCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('reject')
    .argument('<target>', 'job ID, or name of a bay')
    .option('--job <job-id>', 'the job, where the drive in the bay does not say it')
    .addOption(
      new Option('--code <code>', 'what is wrong').choices([...ABORT_CODES, ...FILE_CODES]).makeOptionMandatory(),
    )
    .requiredOption('--why <text>', 'what was seen, kept in the history of the job')
    .description('end a job whose drive cannot be loaded; its drive goes back')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (target: string, { config, job, code, why }: RejectOptions) => {
    const needs = { configPath: config, right: 'technician', needsDaemon: true } as const;
    if (FILE_CODES.some((one) => one === code)) {
      const request = { method: 'POST', path: '/reject-files', body: { bay: target, code, why } } as const;
      const answer = filesRejectedSchema;
      context.end(
        await ask(context, { ...needs, request, answer }, ({ rejectedFiles }) => {
          writeLines(context.io.stdout, [`${printable(rejectedFiles)} goes on without those files.`]);
        }),
      );
      return;
    }
    const body = { target, code, why, ...(job === undefined ? {} : { jobId: job }) };
    context.end(
      await ask(
        context,
        { ...needs, request: { method: 'POST', path: '/reject', body }, answer: endedJobSchema },
        (end) => {
          writeLines(context.io.stdout, endingLines(end, `ended as ${code}`));
        },
      ),
    );
  });
};
