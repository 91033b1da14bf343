// `import-station receive`: a delivery is at the door.

import type { Command } from 'commander';
import { handledJobSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { handledJobLines } from './format-job.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Example:
  import-station receive 53TX4
`;

/** Adds the command `receive`. */
export const addReceiveCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('receive')
    .argument('<job-id>', 'job ID on the packing slip')
    .description('accept a delivery: says what to compare with the drive and the slip, or to refuse it and why')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (jobId: string, options: ConfigOption & JsonOption) => {
    const request = { method: 'POST', path: '/receive', body: { jobId } } as const;
    const needs = { configPath: options.config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: handledJobSchema }, (job) => {
        print(context, options, job, () => [
          `The drive of job ${job.jobId} is received. Compare drive and packing slip with:`,
          ...handledJobLines(job),
          ...(job.eraseDevice ? ['The customer wants the drive erased; this station does not erase.'] : []),
        ]);
      }),
    );
  });
};
