// `import-station config ...`: the group of the configuration commands.

import type { Command } from 'commander';
import { addConfigBayCommand } from './config-bay.ts';
import { addConfigCheckCommand } from './config-check.ts';
import { addConfigUdevCommand } from './config-udev.ts';
import type { CliContext } from './context.ts';

const EXAMPLE = `
Example:
  import-station config check
`;

/** Adds the group `config` with its commands. */
export const addConfigCommands = (program: Command, context: CliContext): void => {
  const config = program.command('config').description('configuration of the station').addHelpText('after', EXAMPLE);
  addConfigCheckCommand(config, context);
  addConfigBayCommand(config, context);
  addConfigUdevCommand(config, context);
};
