// `import-station account remove`: forgets an account that has no open jobs.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { doneSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Example:
  import-station account remove ada@example.com
`;

/** Adds the command `account remove`. */
export const addAccountRemoveCommand = (account: Command, context: CliContext): void => {
  const command = account
    .command('remove')
    .argument('<email>', 'address of the account')
    .description('remove an account whose jobs are all finished')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (email: string, options: ConfigOption) => {
    const request = { method: 'DELETE', path: `/accounts/${encodeURIComponent(email)}` } as const;
    const needs = { configPath: options.config, right: 'operator', needsDaemon: false } as const;
    context.end(
      await ask(context, { ...needs, request, answer: doneSchema }, () => {
        writeLines(context.io.stdout, [`Account ${printable(email)} removed.`]);
      }),
    );
  });
};
