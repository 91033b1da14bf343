// `import-station account show`: one account without its secrets.

import type { Command } from 'commander';
import { accountSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatAccount } from './format-account.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Example:
  import-station account show ada@example.com
`;

/** Adds the command `account show`. */
export const addAccountShowCommand = (account: Command, context: CliContext): void => {
  const command = account
    .command('show')
    .argument('<email>', 'address of the account')
    .description('show an account and its keys, never their secrets')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (email: string, options: ConfigOption & JsonOption) => {
    const request = { method: 'GET', path: `/accounts/${encodeURIComponent(email)}` } as const;
    const needs = { configPath: options.config, right: 'read', needsDaemon: false } as const;
    context.end(
      await ask(context, { ...needs, request, answer: accountSchema }, (view) => {
        print(context, options, view, () => formatAccount(view));
      }),
    );
  });
};
