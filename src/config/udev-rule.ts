// The udev rule for the ports of the configuration. It makes a drive in a bay read-only before any link to it exists, and
// tells other programs to stay away; drives elsewhere are left as they are.

import type { BayConfig } from './contract.ts';

/** Where it belongs; a file of that name stands in for the one of the package. */
export const UDEV_RULE_PATH = '/etc/udev/rules.d/61-import-station.rules';

/** The lines of the rule (udev(7)) for all bays that are ports. */
export const udevRule = (bays: readonly BayConfig[]): readonly string[] =>
  // ID_PATH is known after 60-persistent-storage.rules, and the rules of md, LVM and udisks come after 61.
  [
    '# Made by "import-station config udev" for the bays of the configuration: make it anew when a bay changes.',
    `# For ${UDEV_RULE_PATH}.`,
    'SUBSYSTEM!="block", GOTO="import_station_end"',
    'ACTION=="remove", GOTO="import_station_end"',
    ...bays
      .flatMap(({ port }) => port.idPath ?? [])
      .map((port) => `ENV{ID_PATH}=="${patternOf(port)}", ENV{IMPORT_STATION_BAY}="1"`),
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
