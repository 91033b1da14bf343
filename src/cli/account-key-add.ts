// `import-station account key add`: a further key of an account, or a new secret for one that it has.

import type { Command } from 'commander';
import { accountSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import type { ExitCode } from './exit-codes.ts';
import { formatAccount } from './format-account.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { addKeyOptions, readKey, type KeyOptions } from './key-options.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station account key add ada@example.com --key-id AKIAI44QH8DHBEXAMPLE --secret-file new.secret --loads
`;

type Options = ConfigOption & JsonOption & KeyOptions;

/** Adds the command `account key add`. */
export const addAccountKeyAddCommand = (key: Command, context: CliContext): void => {
  const command = key
    .command('add')
    .argument('<email>', 'address of the account')
    .description('add an access key to an account')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(addKeyOptions(command), context)).action(async (email: string, options: Options) => {
    context.end(await addKey(context, email, options));
  });
};

const addKey = async (context: CliContext, email: string, options: Options): Promise<ExitCode> => {
  const key = await readKey(context, options);
  if (key.kind === 'refused') return refuse(context, key.refusal);
  const path = `/accounts/${encodeURIComponent(email)}/keys`;
  const request = { method: 'POST', path, body: key.value } as const;
  const needs = { configPath: options.config, right: 'operator', needsDaemon: false } as const;
  return ask(context, { ...needs, request, answer: accountSchema }, (view) => {
    print(context, options, view, () => formatAccount(view));
  });
};
