// The end of a file that could not be read: a row, if the drive is still there to be blamed.

import { setTimeout as sleep } from 'node:timers/promises';

import { printablePath } from '#language/printable.ts';
import { SECOND_MS } from '#language/units.ts';
import type { ReadProblem } from './reader-messages.ts';
import type { FileEnd, FileToSend, SendPorts } from './send-ports.ts';

const UNREAD_STATUS = 500;
/** Reads of a drive that was pulled may fail before its hub has noticed; a hub tells of it within a quarter of a second. */
const DEPARTURE_MS = 2 * SECOND_MS;
/** The journal keeps lines short; the first places say what kind of damage it is. */
const SHOWN_RANGES = 20;

/** Asks the daemon whether the drive was pulled: then the load stops, and no file gets a row for it. */
export const endUnread = async (
  { path, text }: Pick<FileToSend, 'path' | 'text'>,
  { code, detail, unread }: Omit<ReadProblem, 'kind'>,
  { dialogue, stopSwitch, rules }: Pick<SendPorts, 'dialogue' | 'stopSwitch' | 'rules'>,
): Promise<FileEnd> => {
  if (!(await isStillThere(code, dialogue))) {
    stopSwitch.stop({ code: 'Interrupted', message: `reading ${printablePath(path)}: ${detail}`, details: {} });
    return { kind: 'left' };
  }
  const file = printablePath(path);
  const ranges = unread?.ranges.slice(0, SHOWN_RANGES).map(({ from, to }) => `${String(from)}-${String(to - 1)}`);
  await dialogue.tell({
    kind: 'unread',
    ...{ file, code, detail },
    ...(ranges === undefined ? {} : { ranges, seenBytes: unread?.seenBytes ?? 0 }),
  });
  const contentType = rules.contentTypeOf(text, false);
  return { kind: 'row', status: UNREAD_STATUS, code, md5: '', contentType, endsUpload: false };
};

// A file that is not what it was is no sign of a drive that leaves.
const isStillThere = async (
  code: string,
  dialogue: Pick<SendPorts['dialogue'], 'isDrivePresent'>,
): Promise<boolean> => {
  if (!(await dialogue.isDrivePresent())) return false;
  if (code === 'FileChanged') return true;
  await sleep(DEPARTURE_MS);
  return dialogue.isDrivePresent();
};
