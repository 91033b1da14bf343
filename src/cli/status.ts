// `import-station status`: what every bay does, and what waits for a person.

import type { Command } from 'commander';
import { statusSchema } from '#protocol/control.ts';
import { drawAll } from '#screen/draw.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { withControl, type Call } from './control-client.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { refuse } from './refusal.ts';
import { watchJson, watchStatus } from './watch-status.ts';

const EXAMPLE = `
Examples:
  import-station status
  import-station status --watch

With --watch the screen fits itself to the window and goes on until Ctrl-C; it survives a restart of the station. In
a pipe it writes a line for each thing that happens. NO_COLOR=1 in the environment switches colours off.
`;

interface Options extends ConfigOption, JsonOption {
  readonly watch?: boolean;
}

/** Adds the command `status`. */
export const addStatusCommand = (program: Command, context: CliContext): void => {
  const command = program
    .command('status')
    .description('show what every bay does, and for each hold what happened, who acts and what to do')
    .option('--watch', 'show it anew every second until Ctrl-C; with --json one object a line')
    .addHelpText('after', EXAMPLE);
  addJsonOption(addConfigOption(command, context)).action(async (options: Options) => {
    const needs = { configPath: options.config, right: 'read', needsDaemon: true } as const;
    context.end(
      await withControl(context, needs, (call) => {
        if (options.watch !== true) return showOnce(context, options, call);
        return options.json === true ? watchJson(context, call) : watchStatus(context, call);
      }),
    );
  });
};

const showOnce = async (context: CliContext, options: Options, call: Call): Promise<ExitCode> => {
  const answer = await call({ method: 'GET', path: '/status' }, statusSchema);
  if (answer.kind === 'refused') return refuse(context, answer.refusal);
  const isColoured = context.io.stdout.isTTY === true && context.io.stdout.hasColors?.() === true;
  print(context, options, answer.value, () => drawAll(answer.value, isColoured));
  return EXIT_CODES.ok;
};
