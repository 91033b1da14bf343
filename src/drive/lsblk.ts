// The list of what is plugged in, as lsblk and drivelist give it.

import { transform } from 'drivelist/js/lsblk/json.js';
import { z } from 'zod';

import { runCommand, type Command } from './run-command.ts';

/** A whole device of the list. */
export interface ListedDevice {
  /** `/dev/sdb` */
  readonly device: string;
  /** `8:16` */
  readonly majorMinor: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
}

/** What lsblk shows, or why it shows nothing. */
export type DeviceList =
  | { readonly kind: 'ok'; readonly devices: readonly ListedDevice[] }
  | { readonly kind: 'problem'; readonly message: string };

const DEADLINE_MS = 10_000;

// Exactly these columns: one that a version of lsblk does not know makes the whole call fail, and `--output-all` (as
// drivelist's own call has it) asks every mounted file system for its free space, which hangs with a hung one.
const COLUMNS = [
  ...[
    'NAME',
    'KNAME',
    'MAJ:MIN',
    'TYPE',
    'SIZE',
    'RO',
    'RM',
    'HOTPLUG',
    'TRAN',
    'SUBSYSTEMS',
    'SERIAL',
    'WWN',
    'VENDOR',
  ],
  ...['MODEL', 'LABEL', 'PARTLABEL', 'PTTYPE', 'MOUNTPOINT', 'PHY-SEC', 'LOG-SEC'],
];

/** The exact call, so that a test can run it on each supported version. */
export const LSBLK: Command = {
  program: 'lsblk',
  args: ['--json', '--bytes', '--all', '--paths', '--output', COLUMNS.join(',')],
  deadlineMs: DEADLINE_MS,
};

/** Lists whole devices: the drives that drivelist sees, and loop devices, which it leaves out. */
export const listDevices = async (signal: AbortSignal): Promise<DeviceList> => {
  const result = await runCommand(LSBLK, signal);
  if (result.kind === 'problem') return result;
  if (result.exitCode !== 0) {
    return { kind: 'problem', message: `lsblk ended with ${String(result.exitCode)}: ${result.stderr.trim()}` };
  }
  return parseLsblk(result.stdout);
};

const text = z.string().nullish();
// What drivelist's `transform` reads; it wants absent texts as null, numbers and booleans it converts itself.
const deviceSchema = z.looseObject({
  name: z.string(),
  'maj:min': z.string(),
  type: text,
  vendor: text,
  model: text,
  serial: text,
  wwn: text,
});
const outputSchema = z.object({ blockdevices: z.array(deviceSchema) });

/**
 * Reads the output of `LSBLK`. drivelist's `transform` is used without its `lsblk()`: that one has no deadline, and
 * after a single failed call it answers from another source for the life of the process, without mount points.
 */
export const parseLsblk = (stdout: string): DeviceList => {
  const json = parseJson(stdout);
  const parsed = outputSchema.safeParse(json);
  if (!parsed.success) return { kind: 'problem', message: 'lsblk gives an output that is not understood' };
  // Parse function: the schema has checked what is read, drivelist's own type says less than its code accepts.
  const drives = new Set(transform(json as Parameters<typeof transform>[0]).map(({ device }) => device));
  const devices = parsed.data.blockdevices
    .filter(({ name, type }) => type === 'loop' || (type === 'disk' && drives.has(name)))
    .map((device): ListedDevice => ({
      device: device.name,
      majorMinor: device['maj:min'].trim(),
      ...textFields(device),
    }));
  return { kind: 'ok', devices };
};

const parseJson = (stdout: string): unknown => {
  try {
    return JSON.parse(stdout);
  } catch {
    // No JSON is refused by the schema like any other output that is not understood.
    return undefined;
  }
};

const textFields = (device: z.infer<typeof deviceSchema>): Omit<ListedDevice, 'device' | 'majorMinor'> => {
  // SCSI pads vendor and model with blanks.
  const field = (name: 'vendor' | 'model' | 'serial' | 'wwn'): object => {
    const value = device[name]?.trim() ?? '';
    return value === '' ? {} : { [name]: value };
  };
  return { ...field('vendor'), ...field('model'), ...field('serial'), ...field('wwn') };
};
