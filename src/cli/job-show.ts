// `import-station job show`: one job with its counts and its history.

import type { Command } from 'commander';
import { jobSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatJob } from './format-job.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Example:
  import-station job show 53TX4
`;

/** Adds the command `job show`. */
export const addJobShowCommand = (job: Command, context: CliContext): void => {
  const command = job
    .command('show')
    .argument('<job-id>', 'job ID, in upper or lower case')
    .description('show a job, its counts and its history')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (jobId: string, options: ConfigOption & JsonOption) => {
    const request = { method: 'GET', path: `/jobs/${encodeURIComponent(jobId)}` } as const;
    const needs = { configPath: options.config, right: 'read', needsDaemon: false } as const;
    context.end(
      await ask(context, { ...needs, request, answer: jobSchema }, (view) => {
        print(context, options, view, () => formatJob(view));
      }),
    );
  });
};
