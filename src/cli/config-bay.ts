// `import-station config bay`: the configuration lines for the port into which a drive is now plugged.

import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { SECOND_MS } from '#language/units.ts';
import { drivesSchema } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { withControl, type Call } from './control-client.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { drivesOutsideBays, formatBayBlock, freeBayNames } from './format-drives.ts';
import { writeLines } from './output.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station config bay >> /etc/import-station/import-station.toml
`;

const LOOK_EVERY_MS = SECOND_MS;

/** Adds the command `config bay`. */
export const addConfigBayCommand = (config: Command, context: CliContext): void => {
  const command = config
    .command('bay')
    .description('print the configuration lines for each port with a drive that is not a bay; waits for a drive')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action(async (options: ConfigOption) => {
    const needs = { configPath: options.config, right: 'read', needsDaemon: true } as const;
    context.end(
      await withControl(context, needs, (call, { bays }) =>
        printBays(
          context,
          call,
          bays.map(({ name }) => name),
        ),
      ),
    );
  });
};

const printBays = async (context: CliContext, call: Call, usedNames: readonly string[]): Promise<ExitCode> => {
  for (let isFirst = true; ; isFirst = false) {
    const answer = await call({ method: 'GET', path: '/drives' }, drivesSchema);
    if (answer.kind === 'refused') return refuse(context, answer.refusal);
    const drives = drivesOutsideBays(answer.value.drives);
    if (drives.length > 0) {
      const names = freeBayNames(usedNames, drives.length);
      const blocks = drives.flatMap((drive, index) => ['', ...formatBayBlock(drive, names[index] ?? '')]);
      writeLines(context.io.stdout, blocks);
      return EXIT_CODES.ok;
    }
    if (isFirst) writeLines(context.io.stderr, ['Plug a drive into the port that is to be a bay (Ctrl-C ends).']);
    await delay(LOOK_EVERY_MS, undefined, { signal: context.signal });
  }
};
