// The page import-station(8): every command with its arguments and options as `--help` knows them, and what a command
// line does not tell of itself.

import { EXIT_CODES, EXIT_MEANINGS } from '#cli/exit-codes.ts';
import { DEFAULTS } from '#config/defaults.ts';
import { commandHelps, type CommandHelp, type OptionHelp } from './command-help.ts';
import { bold, chapter, example, italic, literal, paragraph, prose, reference, section, term, title } from './roff.ts';

const { stateDir, runDir } = DEFAULTS.station;

const DESCRIPTION = [
  'The machine room side of a mail-in-a-disk service. A customer creates a job from a manifest, signs it, copies the SIGNATURE file to a drive and mails the drive in. A technician plugs it into a bay; nobody types anything. The station notices the drive, makes it read-only, checks SIGNATURE against the job, loads every file into the bucket of the customer and puts an import log there. Then it says "take it out".',
  'What is unclear waits for a person: a hold says what happened, who acts and what to do. `import-station status` shows all of them, and `import-station reasons CODE` explains each.',
  'While the daemon runs, every command speaks to it through one of three sockets, and the group that a socket belongs to decides who may give which command: those who look (groups of `read_group`), those who handle drives (`technician_group`) and those who have accounts and jobs (`operator_group`); each right has those before it. Without a daemon the commands for accounts and jobs open the store themselves, only as the owner of the state directory, whom root becomes first.',
  'Data goes to stdout, talk and errors to stderr. What reads has `--json`. Secrets come from files or a terminal, never as an argument.',
];

const LAUNCH_SERVER =
  'Runs the privileged launcher as root until SIGTERM, for a host without systemd; where systemd listens on its socket, nobody gives this command.';

const ENVIRONMENT: readonly (readonly [name: string, text: string])[] = [
  ['IMPORT_STATION_CONFIG', 'Path of the configuration where `--config` names none.'],
  ['SUDO_USER', 'With `USER`: the name for the history of what is changed, where `--by` gives none. Nobody proves it.'],
  ['USER', 'The same, where sudo was not used.'],
  ['NO_COLOR', 'Where it is set and not empty, a terminal is not coloured.'],
  ['TERM', 'With `dumb` a terminal is not coloured.'],
  ['CREDENTIALS_DIRECTORY', 'Set by systemd: folder of the credentials `store-key` and `smtp-password`.'],
  ['NOTIFY_SOCKET', 'Set by systemd: where the daemon tells that it is ready and how it goes.'],
  ['WATCHDOG_USEC', 'Set by systemd: the time within which the daemon tells that it is alive.'],
  ['WATCHDOG_PID', 'Set by systemd: the process that `WATCHDOG_USEC` is meant for.'],
];

const FILES: readonly (readonly [path: string, text: string])[] = [
  ['/etc/import-station/import-station.toml', 'The configuration, see import-station.toml(5).'],
  [stateDir, 'The state directory, `state_dir`. Backed up as a whole, with the daemon stopped.'],
  [`${stateDir}/station.db`, 'The store: jobs, accounts, loads, mail that waits (SQLite).'],
  [`${stateDir}/loads/JOBID/`, 'The working log of a load, from which it goes on and of which the import log is made.'],
  [
    `${stateDir}/store-key`,
    'The key that seals the secrets of accounts, where it is no systemd credential. Keep a copy elsewhere: without it the keys of all accounts must be entered anew.',
  ],
  [`${stateDir}/smtp-password`, 'The password for mail, where it is no systemd credential.'],
  [`${runDir}/control/read.sock`, 'For those who look.'],
  [`${runDir}/control/technician.sock`, 'For those who handle drives.'],
  [`${runDir}/control/operator.sock`, 'For those who have accounts and jobs.'],
  [`${runDir}/launch/launch.sock`, 'Where the daemon asks the launcher for a loader; nobody else may.'],
];

const SIGNALS: readonly (readonly [name: string, text: string])[] = [
  [
    'SIGTERM, SIGINT',
    'The daemon ends within seconds, after 30 s at the latest, and loses nothing: a load goes on where it was. A second signal ends it at once.',
  ],
  [
    'SIGHUP',
    'The daemon reads the configuration anew and takes it as a whole or refuses it as a whole; its journal says which.',
  ],
];

const DAY: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ['A parcel is at the door: compare drive and packing slip with what this says.', ['import-station receive 53TX4']],
  ['Plug the drive into a bay, and see on the screen how it goes:', ['import-station status --watch']],
  [
    'A bay is on hold. Its code explains itself; once the cause is repaired, it goes on:',
    ['import-station reasons MissingSignature', 'import-station retry "Bay 3"'],
  ],
  [
    'The station cannot know what the customer said on the phone:',
    ['import-station confirm "Bay 3" OtherVolumeWithData --why "the customer: that is the software of the maker"'],
  ],
  [
    'A drive whose load cannot be waited for is to come out now; it goes on when the drive is plugged in again:',
    ['import-station release "Bay 1" --now'],
  ],
  [
    'This drive can never be loaded:',
    ['import-station reject 53TX4 --code MissingDevice --why "the power supply is missing, the customer knows"'],
  ],
  ['The drive goes back; this says the address:', ['import-station return 53TX4 --tracking 1Z999AA10123456784']],
];

const SEE_ALSO = [
  'import-station.toml(5)',
  'journalctl(1)',
  'losetup(8)',
  'systemctl(1)',
  'systemd-creds(1)',
  'udev(7)',
];

/** The text of docs/man/import-station.8. */
export const stationPage = (facts: { readonly date: string; readonly source: string }): string => {
  const [program, ...commands] = commandHelps();
  if (program === undefined) throw new Error('the program itself is the first of its commands');
  return [
    title({ ...facts, name: 'import-station', chapter: 8, manual: 'System administration' }),
    chapter('NAME', `${literal('import-station')} \\- ${literal(plain(program.description))}`),
    chapter(
      'SYNOPSIS',
      `${bold('import-station')} ${program.options.map(usageOf).join(' ')} ${italic('command')} [${italic('argument')} ...]`,
    ),
    chapter('DESCRIPTION', ...DESCRIPTION.map((text) => paragraph(prose(text)))),
    chapter('OPTIONS', ...program.options.map(optionText), HELP_OPTION),
    chapter('COMMANDS', ...commands.map(commandText), LAUNCH_SERVER_COMMAND),
    chapter('EXIT STATUS', ...exitTerms()),
    chapter('ENVIRONMENT', ...terms(ENVIRONMENT, bold)),
    chapter('FILES', ...terms(FILES, italic)),
    chapter('SIGNALS', ...terms(SIGNALS, bold)),
    chapter(
      'EXAMPLES',
      paragraph(prose("A technician's day:")),
      ...DAY.flatMap(([text, lines]) => [paragraph(prose(text)), example(lines)]),
    ),
    chapter('SEE ALSO', SEE_ALSO.map(reference).join(',\n')),
    '',
  ].join('\n');
};

const HELP_OPTION = term(
  `${bold('-h')}, ${bold('--help')}`,
  prose(
    'Of every command: says what it does, its arguments and options, and an example. `help` before a command does the same.',
  ),
);

const LAUNCH_SERVER_COMMAND = section(
  'import-station launch-server',
  paragraph(`${bold('import-station launch-server')} [${bold('--config')} ${italic('file')}]`),
  paragraph(prose(LAUNCH_SERVER)),
);

const commandText = (command: CommandHelp): string => {
  const { path, description, isGroup, options, after } = command;
  return section(
    path.join(' '),
    paragraph(usageLine(command)),
    paragraph(`${prose(sentence(description))}${isGroup ? ` ${prose('A group: its commands follow.')}` : ''}`),
    ...command.arguments.map((argument) => term(placeholder(argument.usage), prose(sentence(argument.description)))),
    ...options.map(optionText),
    ...afterBlocks(after),
  );
};

const usageLine = (command: CommandHelp): string =>
  [
    bold(command.path.join(' ')),
    ...(command.isGroup ? [italic('command')] : []),
    ...command.arguments.map(({ usage }) => placeholder(usage)),
    ...command.options.filter(({ isMandatory }) => isMandatory).map(flagText),
    ...command.options.filter(({ isMandatory }) => !isMandatory).map(usageOf),
  ].join(' ');

const usageOf = (option: OptionHelp): string => (option.isMandatory ? flagText(option) : `[${flagText(option)}]`);

// `--config <file>`: the flag is typed, the rest stands for something.
const flagText = ({ flags }: OptionHelp): string =>
  flags
    .split(' ')
    .map((part) => (part.startsWith('-') ? bold(part) : placeholder(part)))
    .join(' ');

const placeholder = (usage: string): string =>
  usage.startsWith('<') ? italic(usage.slice(1, -1)) : `[${italic(usage.slice(1, -1))}]`;

const optionText = (option: OptionHelp): string => term(flagText(option), prose(sentence(option.description)));

// Lines that are indented are examples; the others are prose, a blank line between two paragraphs.
const afterBlocks = (lines: readonly string[]): readonly string[] => {
  const blocks: { readonly isExample: boolean; readonly lines: string[] }[] = [];
  let isNew = true;
  for (const line of lines) {
    const isExample = line.startsWith('  ');
    const last = blocks.at(-1);
    if (line.trim() === '') isNew = true;
    else if (!isNew && last?.isExample === isExample) last.lines.push(isExample ? line.slice(2) : line);
    else blocks.push({ isExample, lines: [isExample ? line.slice(2) : line] });
    if (line.trim() !== '') isNew = false;
  }
  return blocks.map((block) => (block.isExample ? example(block.lines) : paragraph(prose(block.lines.join(' ')))));
};

const exitTerms = (): readonly string[] =>
  Object.entries(EXIT_MEANINGS).map(([name, meaning]) => {
    const code = Object.entries(EXIT_CODES).find(([key]) => key === name)?.[1];
    return term(bold(String(code)), prose(sentence(meaning)));
  });

const terms = (
  entries: readonly (readonly [name: string, text: string])[],
  style: (name: string) => string,
): readonly string[] => entries.map(([name, text]) => term(style(name), prose(text)));

const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

// As whatis(1) wants it: no capital, no period.
const plain = (text: string): string => `${text.slice(0, 1).toLowerCase()}${text.slice(1).replace(/\.$/u, '')}`;
