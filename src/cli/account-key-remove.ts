// `import-station account key remove`: forgets a key that no open job needs.

import type { Command } from 'commander';
import { accountSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatAccount } from './format-account.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Example:
  import-station account key remove ada@example.com AKIAIOSFODNN7EXAMPLE
`;

/** Adds the command `account key remove`. */
export const addAccountKeyRemoveCommand = (key: Command, context: CliContext): void => {
  const command = key
    .command('remove')
    .argument('<email>', 'address of the account')
    .argument('<key-id>', 'access key ID')
    .description('remove an access key that no open job needs')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(
    async (email: string, keyId: string, options: ConfigOption & JsonOption) => {
      const path = `/accounts/${encodeURIComponent(email)}/keys/${encodeURIComponent(keyId)}`;
      const needs = { configPath: options.config, right: 'operator', needsDaemon: false } as const;
      context.end(
        await ask(context, { ...needs, request: { method: 'DELETE', path }, answer: accountSchema }, (view) => {
          print(context, options, view, () => formatAccount(view));
        }),
      );
    },
  );
};
