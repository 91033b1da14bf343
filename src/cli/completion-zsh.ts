// The part of the completion script for zsh that is made from the commands: a function for each, in completion.zsh.

import { fillScript, quoted } from './completion-script.ts';
import type { CompletedArgument, CompletedCommand, CompletedOption, Described, WordSource } from './completion-tree.ts';

/** The script, for these commands. */
export const zshScript = (commands: readonly CompletedCommand[]): string =>
  fillScript('zsh', commands.map((command) => `${functionOf(command)}\n`).join(''));

const functionOf = (command: CompletedCommand): string =>
  command.commands.length === 0 ? leaf(command) : group(command, command.commands);

const leaf = ({ path, options, arguments: places }: CompletedCommand): string => {
  const specs = [...options.map(optionSpec), ...places.map(argumentSpec)];
  return [`${nameOf(path)}() {`, `  _arguments -S${specs.map((spec) => ` \\\n    ${spec}`).join('')}`, '}', ''].join(
    '\n',
  );
};

// Options behind the name of a command are that command's (-A).
const group = ({ path, options }: CompletedCommand, commands: readonly Described[]): string => `${nameOf(path)}() {
  local curcontext=$curcontext state line
  local -a commands
  typeset -A opt_args
  _arguments -C -S -A '-*'${options.map((option) => ` \\\n    ${optionSpec(option)}`).join('')} \\
    '1:command:->command' \\
    '*::argument:->argument' && return 0
  case $state in
    command)
      commands=(${commands.map((command) => `\n        ${described(command)}`).join('')}
      )
      _describe -t commands command commands
      ;;
    argument)
      case $line[1] in
${commands.map(({ name }) => `        ${name}) ${nameOf([...path, name])} ;;`).join('\n')}
      esac
      ;;
  esac
}
`;

const nameOf = (path: readonly string[]): string => ['_import-station', ...path].join('-');

const described = ({ name, description }: Described): string =>
  quoted(`${name.replaceAll(':', String.raw`\:`)}:${description}`);

const optionSpec = ({ flags, description, value }: CompletedOption): string => {
  const [flag = ''] = flags;
  const words = `[${description.replaceAll(/[[\]\\]/gu, String.raw`\$&`)}]`;
  // An option without a value, and help above all, is said once.
  if (value === undefined) {
    const excluded = flag === '--help' ? '- *' : flags.join(' ');
    return flags.length === 1
      ? quoted(`(${excluded})${flag}${words}`)
      : `${quoted(`(${excluded})`)}{${flags.join(',')}}${quoted(words)}`;
  }
  return quoted(`(${flag})${flag}=${words}:${value.name}:${action(value.source)}`);
};

const argumentSpec = ({ name, isRequired, source }: CompletedArgument, index: number): string =>
  quoted(`${String(index + 1)}:${isRequired ? '' : ':'}${name}:${action(source)}`);

const action = (source: WordSource): string => {
  switch (source.kind) {
    case 'anything':
      return ' ';
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'words':
      return `(${source.words.join(' ')})`;
    case 'station':
      // The blank before it keeps _arguments from handing options on.
      return ` _import-station+list ${source.list}`;
  }
};
