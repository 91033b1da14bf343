// `import-station account ...`: the group of the account commands.

import type { Command } from 'commander';
import { addAccountAddCommand } from './account-add.ts';
import { addAccountKeyAddCommand } from './account-key-add.ts';
import { addAccountKeyRemoveCommand } from './account-key-remove.ts';
import { addAccountListCommand } from './account-list.ts';
import { addAccountRemoveCommand } from './account-remove.ts';
import { addAccountShowCommand } from './account-show.ts';
import type { CliContext } from './context.ts';

const EXAMPLE = `
Example:
  import-station account show ada@example.com
`;

const KEY_EXAMPLE = `
Example:
  import-station account key add ada@example.com --key-id AKIAI44QH8DHBEXAMPLE --secret-file new.secret
`;

/** Adds the group `account` with its commands. */
export const addAccountCommands = (program: Command, context: CliContext): void => {
  const account = program
    .command('account')
    .description('customers and their access keys')
    .addHelpText('after', EXAMPLE);
  addAccountAddCommand(account, context);
  addAccountListCommand(account, context);
  addAccountShowCommand(account, context);
  addAccountRemoveCommand(account, context);
  const key = account.command('key').description('access keys of an account').addHelpText('after', KEY_EXAMPLE);
  addAccountKeyAddCommand(key, context);
  addAccountKeyRemoveCommand(key, context);
};
