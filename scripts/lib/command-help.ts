// The commands as `--help` shows them, for the manual.

import { PassThrough, Writable } from 'node:stream';
import type { Command, Option } from 'commander';
import { createProgram } from '#cli/cli.ts';

/** A command or a group, or the program itself. */
export interface CommandHelp {
  /** Its words, `import-station` first. */
  readonly path: readonly string[];
  readonly description: string;
  readonly isGroup: boolean;
  readonly arguments: readonly { readonly usage: string; readonly description: string }[];
  /** Its own, without `--help`. */
  readonly options: readonly OptionHelp[];
  /** What stands below the options: lines of examples are indented by two blanks. */
  readonly after: readonly string[];
}

/** An option. */
export interface OptionHelp {
  /** `--config <file>` */
  readonly flags: string;
  /** With choices and default, as the help says them. */
  readonly description: string;
  readonly isMandatory: boolean;
}

const DEFAULT_CONFIG_PATH = '/etc/import-station/import-station.toml';

/** The program and every command that its help shows, each group before its commands. */
export const commandHelps = (): readonly CommandHelp[] => {
  let written = '';
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.toString('utf8');
      done();
    },
  });
  // Nothing is parsed, so no command ever runs.
  const program = createProgram({
    io: { stdin: new PassThrough(), stdout, stderr: stdout },
    defaultConfigPath: DEFAULT_CONFIG_PATH,
    runDaemon: () => Promise.resolve(0),
    signal: new AbortController().signal,
    userName: undefined,
    by: () => undefined,
    end: () => undefined,
  });
  const helpOf = (command: Command): string => {
    written = '';
    command.outputHelp();
    return written;
  };
  return visit(program, [program.name()], helpOf);
};

const visit = (
  command: Command,
  path: readonly string[],
  helpOf: (command: Command) => string,
): readonly CommandHelp[] => {
  const help = command.createHelp();
  // The command `help` is told once, for all groups.
  const children = help.visibleCommands(command).filter((child) => command.commands.includes(child));
  const own: CommandHelp = {
    path,
    description: command.description(),
    isGroup: children.length > 0,
    arguments: command.registeredArguments.map((argument) => ({
      usage: `${argument.required ? '<' : '['}${argument.name()}${argument.variadic ? '...' : ''}${argument.required ? '>' : ']'}`,
      description: help.argumentDescription(argument),
    })),
    options: help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map((option) => optionHelp(option, help.optionDescription(option))),
    after: helpOf(command).slice(command.helpInformation().length).trim().split('\n'),
  };
  return [own, ...children.flatMap((child) => visit(child, [...path, child.name()], helpOf))];
};

const optionHelp = ({ flags, mandatory }: Option, description: string): OptionHelp => ({
  flags,
  description,
  isMandatory: mandatory,
});
