// `import-station retry`: the cause of a hold is repaired, go on.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { retriedSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Examples:
  import-station retry 53TX4
  import-station retry "Bay 3"
`;

/** Adds the command `retry`. */
export const addRetryCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('retry')
    .argument('<target>', 'job ID, or name of a bay')
    .description('go on with a job or bay on hold, once the cause is repaired')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (target: string, options: ConfigOption) => {
    const request = { method: 'POST', path: '/retry', body: { target } } as const;
    const needs = { configPath: options.config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: retriedSchema }, ({ retried }) => {
        writeLines(context.io.stdout, [`${printable(retried)} is tried again; see import-station status.`]);
      }),
    );
  });
};
