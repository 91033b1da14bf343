// What can stand at each place of a command line, for the scripts that complete it. Read from commander's own tree: what
// stands in `<...>` tells where the words come from, so that a new command or option needs nothing here.

import assert from 'node:assert/strict';
import type { Command, Option } from 'commander';
import { REASONS } from '#notice/catalogue.ts';
import type { StationList } from './complete.ts';

/** Where the words for an argument or an option's value come from. */
export type WordSource =
  | { readonly kind: 'anything' | 'files' | 'folders' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'station'; readonly list: StationList };

/** A name with its description. */
export interface Described {
  readonly name: string;
  readonly description: string;
}

/** An option of a command or of those above it. */
export interface CompletedOption {
  /** `--config`; the short flag (`-h`) where there is one stands second. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What stands in `<...>`; absent: the option takes no value. */
  readonly value?: { readonly name: string; readonly source: WordSource };
}

/** An argument. */
export interface CompletedArgument {
  readonly name: string;
  readonly isRequired: boolean;
  readonly source: WordSource;
}

/** A command or a group. */
export interface CompletedCommand {
  /** Its words after `import-station`; none for the program itself. */
  readonly path: readonly string[];
  readonly commands: readonly Described[];
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly CompletedArgument[];
}

const codes = (reasons: typeof REASONS): WordSource => ({ kind: 'words', words: reasons.map(({ code }) => code) });

// By what stands in `<...>`.
const SOURCES: ReadonlyMap<string, WordSource> = new Map<string, WordSource>([
  ['file', { kind: 'files' }],
  ['folder', { kind: 'folders' }],
  ['job-id', { kind: 'station', list: 'jobs' }],
  ['bay', { kind: 'station', list: 'bays' }],
  ['target', { kind: 'station', list: 'targets' }],
  ['email', { kind: 'station', list: 'accounts' }],
  ['code', codes(REASONS)],
  ['hold-code', codes(REASONS.filter(({ waysOut }) => waysOut.includes('confirm')))],
]);

const ANYTHING: WordSource = { kind: 'anything' };

// Words that need no quotes in any shell and no thought about blanks.
const PLAIN_WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/u;

/** Every command that the help shows, each group before its commands, the program first. */
export const completedCommands = (program: Command): readonly CompletedCommand[] => visit(program, [], []);

const visit = (
  command: Command,
  path: readonly string[],
  inherited: readonly Option[],
): readonly CompletedCommand[] => {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const options = [...help.visibleOptions(command), ...inherited];
  const own: CompletedCommand = {
    path,
    commands: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: options.map(completedOption),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      isRequired: argument.required,
      source: sourceOf(argument.name(), argument.argChoices),
    })),
  };
  // The option for help is each command's own.
  const handedOn = [...command.options.filter(({ hidden }) => !hidden), ...inherited];
  return [
    own,
    ...children.flatMap((child) =>
      command.commands.includes(child)
        ? visit(child, [...path, child.name()], handedOn)
        : [helpCommand([...path, child.name()], own.commands)],
    ),
  ];
};

// The command that commander adds to every group: it takes the name of a command beside it.
const helpCommand = (path: readonly string[], commands: readonly Described[]): CompletedCommand => ({
  path,
  commands: [],
  options: [],
  arguments: [
    { name: 'command', isRequired: false, source: { kind: 'words', words: commands.map(({ name }) => name) } },
  ],
});

const completedOption = ({ long, short, flags, description, argChoices }: Option): CompletedOption => {
  const name = /[<[](?<name>[^>\].]+)/u.exec(flags)?.groups?.['name'];
  return {
    flags: [long, short].filter((flag) => flag !== undefined),
    description,
    ...(name === undefined ? {} : { value: { name, source: sourceOf(name, argChoices) } }),
  };
};

const sourceOf = (name: string, choices: readonly string[] | undefined): WordSource => {
  if (choices === undefined) return SOURCES.get(name) ?? ANYTHING;
  assert(
    choices.every((word) => PLAIN_WORD.test(word)),
    `a choice is a plain word, those of <${name}> are ${choices.join(', ')}`,
  );
  return { kind: 'words', words: choices };
};
