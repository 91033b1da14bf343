// `import-station config udev`: the udev rule for the ports of the configuration.

import type { Command } from 'commander';
import { udevRule } from '#config/udev-rule.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { loadConfig } from './load-config.ts';
import { writeLines } from './output.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station config udev > /etc/udev/rules.d/61-import-station.rules && udevadm control --reload
`;

/** Adds the command `config udev`. */
export const addConfigUdevCommand = (config: Command, context: CliContext): void => {
  const command = config
    .command('udev')
    .description('print the udev rule for the bays: read-only from the first moment, other programs stay away')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action((options: ConfigOption) => {
    const read = loadConfig(options.config);
    if (read.kind === 'refused') {
      context.end(refuse(context, read.refusal));
      return;
    }
    writeLines(context.io.stdout, udevRule(read.value.bays));
    context.end(EXIT_CODES.ok);
  });
};
