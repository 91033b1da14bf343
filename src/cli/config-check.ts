// `import-station config check`: every finding of the configuration at once.

import type { Command } from 'commander';
import { printable } from '#language/printable.ts';
import { readConfig } from '#config/read-config.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import type { ConfigCheck } from './json-shapes.ts';
import { refusedConfig } from './load-config.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station config check /etc/import-station/import-station.toml
`;

/** Adds the command `config check`. */
export const addConfigCheckCommand = (config: Command, context: CliContext): void => {
  const command = config
    .command('check')
    .argument('[file]', 'configuration to check; the one of --config where not given')
    .description('check a configuration and report everything that is wrong with it')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(
    (file: string | undefined, options: ConfigOption & JsonOption) => {
      const path = file ?? options.config;
      const read = readConfig(path);
      const check: ConfigCheck =
        read.kind === 'ok' ? { valid: true, problems: [] } : { valid: false, problems: [...read.problems] };
      if (check.valid || options.json === true) {
        print(context, options, check, () => [`${printable(path)}: the configuration is valid.`]);
      } else {
        refuse(context, refusedConfig(path, read.kind === 'ok' ? [] : read.problems).refusal);
      }
      context.end(check.valid ? EXIT_CODES.ok : EXIT_CODES.findings);
    },
  );
};
