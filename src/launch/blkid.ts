// What blkid says of one device. It reads the device itself: udev's answers may be old or absent.

import type { Volume } from '#drive/contract.ts';
import { runCommand, type Command } from '#drive/run-command.ts';
import { printable } from '#language/printable.ts';
import { MINUTE_MS } from '#language/units.ts';

/** What was recognised on one device. */
export interface BlkidFacts extends Pick<Volume, 'type' | 'usage' | 'uuid' | 'label' | 'partitionType'> {
  readonly tableType?: string;
  readonly tableUuid?: string;
}

/** Facts of a device, or why it could not be read. */
export type BlkidResult =
  { readonly kind: 'ok'; readonly facts: BlkidFacts } | { readonly kind: 'problem'; readonly message: string };

/** Usage of a device on which several signatures contradict each other: nothing on it is to be trusted. */
const AMBIVALENT = 'ambivalent';

// Exit codes of blkid(8).
const NOTHING_FOUND = 2;
const AMBIVALENT_RESULT = 8;

/** Low-level probing of a device. */
export const probeDevice = async (device: string, signal: AbortSignal): Promise<BlkidResult> => {
  const command: Command = { program: 'blkid', args: ['-p', '-o', 'udev', device], deadlineMs: MINUTE_MS };
  const result = await runCommand(command, signal);
  if (result.kind === 'problem') return result;
  switch (result.exitCode) {
    case 0:
      return { kind: 'ok', facts: parseBlkid(result.stdout) };
    case NOTHING_FOUND:
      return { kind: 'ok', facts: {} };
    case AMBIVALENT_RESULT:
      return { kind: 'ok', facts: { usage: AMBIVALENT } };
    default:
      return { kind: 'problem', message: `blkid ended with ${String(result.exitCode)}: ${result.stderr.trim()}` };
  }
};

const FIELDS: ReadonlyMap<string, keyof BlkidFacts> = new Map([
  ['ID_FS_TYPE', 'type'],
  ['ID_FS_USAGE', 'usage'],
  ['ID_FS_UUID_ENC', 'uuid'],
  ['ID_FS_LABEL_ENC', 'label'],
  ['ID_PART_TABLE_TYPE', 'tableType'],
  ['ID_PART_TABLE_UUID', 'tableUuid'],
  ['ID_PART_ENTRY_TYPE', 'partitionType'],
]);

/** Reads the lines `NAME=value` of `-o udev`, the only form that keeps every byte of a label; the label is printable. */
export const parseBlkid = (stdout: string): BlkidFacts => {
  const facts: { -readonly [Name in keyof BlkidFacts]: string } = {};
  for (const line of stdout.split('\n')) {
    const at = line.indexOf('=');
    const field = at === -1 ? undefined : FIELDS.get(line.slice(0, at));
    const value = line.slice(at + 1);
    if (field === undefined || value === '') continue;
    facts[field] = formOf(field, value);
  }
  return facts;
};

const formOf = (field: keyof BlkidFacts, value: string): string => {
  if (field === 'partitionType') return value.toLowerCase();
  return field === 'label' || field === 'uuid' ? printable(decode(value)) : value;
};

const HEX_RADIX = 16;

// blkid_encode_string(3): a byte that udev does not allow is `\xHH`, a backslash among them; UTF-8 stays as it is.
const decode = (value: string): Buffer =>
  Buffer.from(
    Buffer.from(value, 'utf8')
      .toString('latin1')
      .replace(/\\x(?<byte>[\da-f]{2})/giu, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, HEX_RADIX))),
    'latin1',
  );
