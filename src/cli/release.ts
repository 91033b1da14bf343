// `import-station release`: makes a drive ready to be taken out.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { releasedSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Examples:
  import-station release "Bay 3"
  import-station release "Bay 3" --now
`;

/** Adds the command `release`. */
export const addReleaseCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('release')
    .argument('<bay>', 'name of the bay')
    .option('--now', 'also stop a load that is in progress; it goes on when the drive is plugged in again', false)
    .description('end what runs in a bay, prove its drive free, and say when it may be taken out')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (bay: string, options: ConfigOption & { readonly now: boolean }) => {
    const request = { method: 'POST', path: '/release', body: { bay, now: options.now } } as const;
    const needs = { configPath: options.config, right: 'technician', needsDaemon: true } as const;
    context.end(
      await ask(context, { ...needs, request, answer: releasedSchema }, ({ released, switchedOff }) => {
        const state = switchedOff ? 'is free and switched off' : 'is free';
        writeLines(context.io.stdout, [`The drive in ${printable(released)} ${state}: take it out.`]);
      }),
    );
  });
};
