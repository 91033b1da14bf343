// What blkid says of one device. It reads the device itself: udev's answers may be old or absent.

import type { Volume } from '#drive/contract.ts';
import { runCommand, type Command } from '#drive/run-command.ts';
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
  const command: Command = { program: 'blkid', args: ['-p', '-o', 'export', device], deadlineMs: MINUTE_MS };
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
  ['TYPE', 'type'],
  ['USAGE', 'usage'],
  ['UUID', 'uuid'],
  ['LABEL', 'label'],
  ['PTTYPE', 'tableType'],
  ['PTUUID', 'tableUuid'],
  ['PART_ENTRY_TYPE', 'partitionType'],
]);

/** Reads the lines `NAME=value` of `-o export`; characters that a shell would read come with a backslash. */
export const parseBlkid = (stdout: string): BlkidFacts => {
  const facts: { -readonly [Name in keyof BlkidFacts]: string } = {};
  for (const line of stdout.split('\n')) {
    const at = line.indexOf('=');
    const field = at === -1 ? undefined : FIELDS.get(line.slice(0, at));
    const value = line.slice(at + 1).replace(/\\(.)/gu, '$1');
    if (field !== undefined && value !== '') facts[field] = field === 'partitionType' ? value.toLowerCase() : value;
  }
  return facts;
};
