// `import-station confirm`: a person vouches for what a bay holds with.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { ask } from './control-client.ts';
import { confirmedSchema } from './json-shapes.ts';
import { writeLines } from './output.ts';

const EXAMPLE = `
Examples:
  import-station confirm "Bay 3" OtherVolumeWithData --why "customer on the phone: that is the maker's software"
  import-station confirm "Bay 1" DuplicateSignature --why "its sticker is the one on the packing slip"
`;

/** Adds the command `confirm`. */
export const addConfirmCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('confirm')
    .argument('<bay>', 'name of the bay')
    .argument('<hold-code>', 'code of the hold that the bay shows now')
    .requiredOption('--why <text>', 'how you know, kept in the history of the job')
    .description('vouch for what a bay holds with, and go on')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(
    async (bay: string, code: string, options: ConfigOption & { readonly why: string }) => {
      const request = { method: 'POST', path: '/confirm', body: { bay, code, why: options.why } } as const;
      const needs = { configPath: options.config, right: 'technician', needsDaemon: true } as const;
      context.end(
        await ask(context, { ...needs, request, answer: confirmedSchema }, ({ confirmed }) => {
          writeLines(context.io.stdout, [`${printable(confirmed)} goes on; see import-station status.`]);
        }),
      );
    },
  );
};
