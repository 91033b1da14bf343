// `import-station job list`: every job, newest first.

import type { Command } from 'commander';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatJobs } from './format-job.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { jobListSchema } from './json-shapes.ts';

const EXAMPLE = `
Example:
  import-station job list
`;

/** Adds the command `job list`. */
export const addJobListCommand = (job: Command, context: CliContext): void => {
  const command = job.command('list').description('list the jobs, newest first').addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: ConfigOption & JsonOption) => {
    const request = { method: 'GET', path: '/jobs' } as const;
    const needs = { configPath: options.config, right: 'read', needsDaemon: false } as const;
    context.end(
      await ask(context, { ...needs, request, answer: jobListSchema }, (list) => {
        print(context, options, list, () => formatJobs(list.jobs));
      }),
    );
  });
};
