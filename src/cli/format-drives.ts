// What is plugged in, as a technician reads it, and as lines for the configuration.

import type { DriveList } from '#protocol/control.ts';
import { formatTable } from './output.ts';
import { formatSize } from '#language/quantity.ts';
import { shown } from '#language/shown.ts';

/** One attached drive. */
export type DriveView = DriveList['drives'][number];

/** One line per drive under a header. */
export const formatDrives = (drives: readonly DriveView[]): readonly string[] =>
  drives.length === 0
    ? ['No drive is plugged in.']
    : formatTable(
        ['DEVICE', 'BAY', 'SIZE', 'DRIVE', 'SERIAL', 'PORT'],
        drives.map((drive) => [
          shown(drive.device),
          bayOf(drive),
          formatSize(drive.sizeBytes),
          shown(drive.name),
          shown(drive.serial ?? ''),
          shown(drive.port ?? 'unknown port'),
        ]),
      );

const bayOf = (drive: DriveView): string => {
  const place = shown(drive.bay ?? 'not a bay');
  return drive.inUseBy === undefined ? place : `${place}, in use: ${shown(drive.inUseBy)}`;
};

/** Drives that could be in a bay, if their port were one: those that are in none and that nothing of the host uses. */
export const drivesOutsideBays = (drives: readonly DriveView[]): readonly DriveView[] =>
  drives.filter(
    ({ bay, inUseBy, port, sizeBytes }) =>
      bay === undefined && inUseBy === undefined && port !== undefined && sizeBytes > 0,
  );

/** The lines that make the port of a drive a bay. */
export const formatBayBlock = (drive: DriveView, name: string): readonly string[] => {
  const { port = '' } = drive;
  return [
    `# ${shown(drive.name)}, ${formatSize(drive.sizeBytes)}, now ${shown(drive.device)}`,
    '[[bay]]',
    `name = ${tomlString(name)}`,
    `${port.startsWith('/') ? 'image' : 'port'} = ${tomlString(port)}`,
  ];
};

// JSON's escapes are a subset of those of a TOML basic string (TOML 1.0, String).
const tomlString = (text: string): string => JSON.stringify(text);

/** The first names of the form "Bay N" that the configuration does not use. */
export const freeBayNames = (used: readonly string[], count: number): readonly string[] => {
  const names: string[] = [];
  for (let number = 1; names.length < count; number += 1) {
    const name = `Bay ${String(number)}`;
    if (!used.includes(name)) names.push(name);
  }
  return names;
};
