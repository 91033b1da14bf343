// `import-station return`: a drive goes back to its customer.

import type { Command } from 'commander';
import { handledJobSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { handledJobLines } from './format-job.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Examples:
  import-station return 53TX4 --tracking 1Z999AA10123456784
  import-station return 53TX4 --tracking 1Z999AA10123456784 --not-erased
`;

interface ReturnOptions extends ConfigOption, JsonOption {
  readonly tracking: string;
  readonly erasedByHand?: boolean;
  readonly notErased?: boolean;
}

/** Adds the command `return`. */
export const addReturnCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('return')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .requiredOption('--tracking <number>', "the carrier's tracking number, with its name where that helps")
    .option('--erased-by-hand', 'the customer wanted the drive erased, and somebody did it')
    .option('--not-erased', 'the customer wanted the drive erased, and nobody did')
    .description('send a drive back: notes the tracking number and says the address')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (jobId: string, options: ReturnOptions) => {
    const { config, tracking, erasedByHand = false, notErased = false } = options;
    if (erasedByHand && notErased) command.error('error: --erased-by-hand and --not-erased exclude each other');
    const isErased = erasedByHand || notErased ? { isErased: erasedByHand } : {};
    const request = { method: 'POST', path: '/return', body: { jobId, tracking, ...isErased } } as const;
    const needs = { configPath: config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: handledJobSchema }, (job) => {
        print(context, options, job, () => [
          `The drive of job ${job.jobId} goes back to the address of its manifest, whatever a label says:`,
          ...handledJobLines(job),
        ]);
      }),
    );
  });
};
