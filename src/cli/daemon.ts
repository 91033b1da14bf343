// `import-station daemon`: runs the station on this host.

import type { Command } from 'commander';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { loadConfig } from './load-config.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station daemon --config /etc/import-station/import-station.toml
`;

/** Adds the command `daemon` to the program. */
export const addDaemonCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('daemon')
    .description('run the station on this host until SIGTERM; writes its journal to stdout')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (options: ConfigOption) => {
    // Read here first, so that its findings come in the form of every refusal.
    const config = loadConfig(options.config);
    context.end(
      config.kind === 'refused'
        ? refuse(context, config.refusal)
        : await context.runDaemon({ configPath: options.config, signal: context.signal }),
    );
  });
};
