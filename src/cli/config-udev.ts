// `import-station config udev`: the udev rule for the ports of the configuration. It makes a drive in a bay read-only
// before any link to it exists, and tells other programs to stay away; drives elsewhere are left as they are.

import type { Command } from 'commander';
import { addConfigOption, type ConfigOption } from './config-option.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { loadConfig } from './load-config.ts';
import { writeLines } from './output.ts';
import { refuse } from './refusal.ts';

const EXAMPLE = `
Example:
  import-station config udev > /etc/udev/rules.d/61-import-station.rules && udevadm control --reload
`;

/** Adds the command `config udev`. */
export const addConfigUdevCommand = (config: Command, context: CliContext): void => {
  const command = config
    .command('udev')
    .description('print the udev rule for the bays: read-only from the first moment, other programs stay away')
    .addHelpText('after', EXAMPLE);
  addConfigOption(command, context).action((options: ConfigOption) => {
    const read = loadConfig(options.config);
    if (read.kind === 'refused') {
      context.end(refuse(context, read.refusal));
      return;
    }
    const ports = read.value.bays.flatMap(({ port }) => port.idPath ?? []);
    writeLines(context.io.stdout, udevRule(ports));
    context.end(EXIT_CODES.ok);
  });
};

// ID_PATH is known after 60-persistent-storage.rules, and the rules of md, LVM and udisks come after 61.
const udevRule = (ports: readonly string[]): readonly string[] => [
  '# Made by "import-station config udev" for the bays of the configuration: make it anew when a bay changes.',
  '# For /etc/udev/rules.d/61-import-station.rules.',
  'SUBSYSTEM!="block", GOTO="import_station_end"',
  'ACTION=="remove", GOTO="import_station_end"',
  ...ports.map((port) => `ENV{ID_PATH}=="${patternOf(port)}", ENV{IMPORT_STATION_BAY}="1"`),
  'ENV{IMPORT_STATION_BAY}!="1", GOTO="import_station_end"',
  '# Links and mounts come after the rules: nobody ever sees the drive writable. The whole disk covers its partitions.',
  'ENV{DEVTYPE}=="disk", PROGRAM="/usr/sbin/blockdev --setro $devnode"',
  '# udisks, and the desktops above it, do not show it.',
  'ENV{UDISKS_IGNORE}="1"',
  '# What the rules of md (64) and LVM (69) take as "not to be used": no array and no volume group is started from it;',
  '# nor does systemd mount it.',
  'ENV{SYSTEMD_READY}="0"',
  'ENV{DM_MULTIPATH_DEVICE_PATH}="1"',
  'LABEL="import_station_end"',
];

// udev reads patterns there; whatever could mean something to it stands for any one character.
const patternOf = (port: string): string => port.replace(/[^A-Za-z0-9:.,_+=@/-]/gu, '?');
