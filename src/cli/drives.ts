// `import-station drives`: everything that is plugged in, in a bay or not.

import type { Command } from 'commander';
import { drivesSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { formatDrives } from './format-drives.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';

const EXAMPLE = `
Example:
  import-station drives
`;

/** Adds the command `drives`. */
export const addDrivesCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('drives')
    .description('list the drives that are plugged in, with their ports and bays')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: ConfigOption & JsonOption) => {
    const request = { method: 'GET', path: '/drives' } as const;
    const needs = { configPath: options.config, right: 'read', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: drivesSchema }, (list) => {
        print(context, options, list, () => formatDrives(list.drives));
      }),
    );
  });
};
