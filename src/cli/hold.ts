// `import-station hold`: a person stops a job or a bay, until `retry`.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { heldSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Examples:
  import-station hold 53TX4 --why "the customer called: wrong bucket"
  import-station hold "Bay 3" --why "smells of smoke"
`;

/** Adds the command `hold`. */
export const addHoldCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('hold')
    .argument('<target>', 'job ID, or name of a bay')
    .requiredOption('--why <text>', 'reason, kept in the history of the job')
    .description('stop a job or what a bay does, after the files in flight, until `retry`')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (target: string, options: ConfigOption & { readonly why: string }) => {
    const request = { method: 'POST', path: '/hold', body: { target, why: options.why } } as const;
    const needs = { configPath: options.config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: heldSchema }, ({ held }) => {
        const name = printable(held);
        writeLines(context.io.stdout, [`${name} is held until: import-station retry ${JSON.stringify(name)}`]);
      }),
    );
  });
};
