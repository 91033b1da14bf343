// The end of a file that could not be read: a row, if the drive is still there to be blamed.

import { printable } from '#language/printable.ts';
import type { ReadProblem } from './reader-messages.ts';
import type { FileEnd, FileToSend, SendPorts } from './send-ports.ts';

const UNREAD_STATUS = 500;
/** The journal keeps lines short; the first places say what kind of damage it is. */
const SHOWN_RANGES = 20;

/** Asks the daemon whether the drive was pulled: then the load stops, and no file gets a row for it. */
export const endUnread = async (
  { path, text }: Pick<FileToSend, 'path' | 'text'>,
  { code, detail, unread }: Omit<ReadProblem, 'kind'>,
  { dialogue, stopSwitch, rules }: Pick<SendPorts, 'dialogue' | 'stopSwitch' | 'rules'>,
): Promise<FileEnd> => {
  if (!(await dialogue.isDrivePresent())) {
    stopSwitch.stop({ code: 'Interrupted', message: `reading ${printable(path)}: ${detail}`, details: {} });
    return { kind: 'left' };
  }
  const file = printable(path);
  const ranges = unread?.ranges.slice(0, SHOWN_RANGES).map(({ from, to }) => `${String(from)}-${String(to - 1)}`);
  await dialogue.tell({
    kind: 'unread',
    ...{ file, code, detail },
    ...(ranges === undefined ? {} : { ranges, seenBytes: unread?.seenBytes ?? 0 }),
  });
  const contentType = rules.contentTypeOf(text, false);
  return { kind: 'row', status: UNREAD_STATUS, code, md5: '', contentType, endsUpload: false };
};
