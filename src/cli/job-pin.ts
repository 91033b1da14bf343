// `import-station job pin`: the PIN for the pad of a drive.

import type { Command } from 'commander';
import { pinSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Example:
  import-station job pin 53TX4

The history of the job keeps who saw it, and when.
`;

/** Adds the command `job pin`. */
export const addJobPinCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('pin')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .description('show the PIN that unlocks the drive of a job, as its manifest gives it')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (jobId: string, { config }: ConfigOption) => {
    const request = { method: 'POST', path: '/pin', body: { jobId } } as const;
    const needs = { configPath: config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: pinSchema }, ({ pin }) => {
        writeLines(context.io.stdout, [pin]);
      }),
    );
  });
};
