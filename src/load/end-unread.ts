// The end of a file that could not be read: a row, if the drive is still there to be blamed.

import { printable } from '#language/printable.ts';
import type { ReadProblem } from './reader-messages.ts';
import type { FileEnd, FileToSend, SendPorts } from './send-ports.ts';

const UNREAD_STATUS = 500;

/** Asks the daemon whether the drive was pulled: then the load stops, and no file gets a row for it. */
export const endUnread = async (
  { path, text }: Pick<FileToSend, 'path' | 'text'>,
  { code, detail }: Pick<ReadProblem, 'code' | 'detail'>,
  { dialogue, stopSwitch, rules }: Pick<SendPorts, 'dialogue' | 'stopSwitch' | 'rules'>,
): Promise<FileEnd> => {
  if (!(await dialogue.isDrivePresent())) {
    stopSwitch.stop({ code: 'Interrupted', message: `reading ${printable(path)}: ${detail}`, details: {} });
    return { kind: 'left' };
  }
  const contentType = rules.contentTypeOf(text, false);
  return { kind: 'row', status: UNREAD_STATUS, code, md5: '', contentType, endsUpload: false };
};
