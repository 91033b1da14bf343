// `import-station account list`: every account of the station.

import type { Command } from 'commander';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatAccounts } from './format-account.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { accountListSchema } from './json-shapes.ts';

const EXAMPLE = `
Example:
  import-station account list
`;

/** Adds the command `account list`. */
export const addAccountListCommand = (account: Command, context: CliContext): void => {
  const command = account.command('list').description('list the accounts').addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: ConfigOption & JsonOption) => {
    const request = { method: 'GET', path: '/accounts' } as const;
    const needs = { configPath: options.config, right: 'read', needsDaemon: false } as const;
    context.end(
      await ask(context, { ...needs, request, answer: accountListSchema }, (list) => {
        print(context, options, list, () => formatAccounts(list.accounts));
      }),
    );
  });
};
