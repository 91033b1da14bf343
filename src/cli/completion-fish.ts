// The part of the completion script for fish that is made from the commands, in completion.fish.

import { fillScript } from './completion-script.ts';
import type { CompletedCommand, CompletedOption, WordSource } from './completion-tree.ts';

/** The script, for these commands. */
export const fishScript = (commands: readonly CompletedCommand[]): string =>
  fillScript(
    'fish',
    [
      ...questions(commands),
      'complete -c import-station -e',
      'complete -c import-station -f',
      ...commands.flatMap(completions),
      '',
    ].join('\n'),
  );

const questions = (commands: readonly CompletedCommand[]): readonly string[] => {
  const paths = commands.map(({ path }) => quoted(path.join(' '))).filter((path) => path !== "''");
  const takers = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .flatMap(({ flags }) => flags.map((flag) => quoted([...path, flag].join(' ')))),
  );
  return [
    '# Are these the words of a command?',
    'function __import_station_is_command -a path',
    `    contains -- "$path" ${paths.join(' ')}`,
    'end',
    '',
    "# Does an option of a command take the next word as its value? Arguments: the command's words, the option.",
    'function __import_station_takes -a path flag',
    `    contains -- (string trim -- "$path $flag") ${takers.join(' ')}`,
    'end',
    '',
  ];
};

const completions = ({ path, commands, options, arguments: places }: CompletedCommand): readonly string[] => {
  const at = (count: string): string => `-n ${quoted(`__import_station_at ${quoted(path.join(' '))}${count}`)}`;
  return [
    ...commands.map(({ name, description }) => line(at(' 0'), `-a ${name}`, `-d ${quoted(description)}`)),
    ...options.map((option) => line(at(''), ...optionParts(option))),
    ...places.map(({ source }, index) => line(at(` ${String(index)}`), ...sourceParts(source))),
  ];
};

const line = (...parts: readonly string[]): string =>
  ['complete -c import-station', ...parts].filter((part) => part !== '').join(' ');

const optionParts = ({ flags, description, value }: CompletedOption): readonly string[] => [
  ...flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)),
  ...(value === undefined ? [] : ['-r', ...sourceParts(value.source)]),
  `-d ${quoted(description)}`,
];

const sourceParts = (source: WordSource): readonly string[] => {
  switch (source.kind) {
    case 'anything':
      return ['-f'];
    case 'files':
      return ['-F'];
    case 'folders':
      return ['-f', "-a '(__fish_complete_directories)'"];
    case 'words':
      return ['-f', `-a ${quoted(source.words.join(' '))}`];
    case 'station':
      return ['-f', `-a '(__import_station_list ${source.list})'`];
  }
};

// Inside single quotes fish knows two escapes, of the quote and of the backslash.
const quoted = (text: string): string => `'${text.replaceAll(/['\\]/gu, String.raw`\$&`)}'`;
