// The part of the completion script for bash that is made from the commands: a branch for each, in completion.bash.

import { fillScript, quoted } from './completion-script.ts';
import type { CompletedCommand, WordSource } from './completion-tree.ts';

/** The script, for these commands. */
export const bashScript = (commands: readonly CompletedCommand[]): string =>
  fillScript('bash', commands.map(branch).join(''));

const branch = ({ path, commands, options, arguments: places }: CompletedCommand): string => {
  const flags = options.flatMap((option) => option.flags.map((flag) => ({ flag, source: option.value?.source })));
  const lists = [
    ['commands', commands.map(({ name }) => name)],
    ['options', flags.map(({ flag }) => flag)],
    ['values', flags.map(({ source }) => (source === undefined ? "''" : quoted(sourceText(source))))],
    ['arguments', places.map(({ source }) => quoted(sourceText(source)))],
  ] as const;
  return [
    `    ${quoted(path.join(' '))})`,
    ...lists.filter(([, items]) => items.length > 0).map(([name, items]) => `      ${name}=(${items.join(' ')})`),
    '      ;;',
    '',
  ].join('\n');
};

const sourceText = (source: WordSource): string => {
  switch (source.kind) {
    case 'anything':
    case 'files':
    case 'folders':
      return source.kind;
    case 'words':
      return `words ${source.words.join(' ')}`;
    case 'station':
      return `station ${source.list}`;
  }
};
