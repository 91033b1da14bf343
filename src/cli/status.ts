// `import-station status`: what every bay does, and what waits for a person.

import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { SECOND_MS } from '#language/units.ts';
import { statusSchema, type StationStatus } from '#protocol/control.ts';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { withControl, type Call } from './control-client.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { formatStatus } from './format-status.ts';
import { addJsonOption, print, type JsonOption } from './json-option.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Examples:
  import-station status
  import-station status --watch
`;

const REDRAW_EVERY_MS = SECOND_MS;
// ECMA-48: cursor to the first place, then erase the page.
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

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
      await withControl(context, needs, (call) =>
        options.watch === true
          ? watch(context, options, call)
          : showOnce(context, call, (status) => {
              print(context, options, status, () => formatStatus(status));
            }),
      ),
    );
  });
};

const showOnce = async (context: CliContext, call: Call, show: (status: StationStatus) => void): Promise<ExitCode> => {
  const answer = await call({ method: 'GET', path: '/status' }, statusSchema);
  if (answer.kind === 'refused') return refuse(context, answer.refusal);
  show(answer.value);
  return EXIT_CODES.ok;
};

const watch = async (context: CliContext, options: Options, call: Call): Promise<ExitCode> => {
  const { stdout } = context.io;
  const show = (status: StationStatus): void => {
    if (options.json === true) {
      stdout.write(`${JSON.stringify(status)}\n`);
      return;
    }
    if (stdout.isTTY === true) stdout.write(CLEAR_SCREEN);
    print(context, options, status, () => formatStatus(status));
  };
  for (;;) {
    const exitCode = await showOnce(context, call, show);
    if (exitCode !== EXIT_CODES.ok) return exitCode;
    await delay(REDRAW_EVERY_MS, undefined, { signal: context.signal });
  }
};
