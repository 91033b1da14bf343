// `import-station job cancel`: the customer does not want the job any more.

import type { Command } from 'commander';
import { endedJobSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { endingLines } from './format-job.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Example:
  import-station job cancel 53TX4 --why "the customer wrote on Monday"

A load in progress stops after the files in flight; the log of what was done is put into the bucket.
`;

/** Adds the command `job cancel`. */
export const addJobCancelCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('cancel')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .option('--why <text>', 'reason, kept in the history of the job')
    .description('end a job that the customer does not want any more')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (jobId: string, options: ConfigOption & { readonly why?: string }) => {
    const { config, why } = options;
    const path = `/jobs/${encodeURIComponent(jobId)}/cancel`;
    const request = { method: 'POST', path, body: why === undefined ? {} : { why } } as const;
    const needs = { configPath: config, right: 'operator', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: endedJobSchema }, (end) => {
        writeLines(context.io.stdout, endingLines(end, 'canceled'));
      }),
    );
  });
};
