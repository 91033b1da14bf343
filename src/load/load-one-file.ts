// One file from its key to its row (decisions 13 and 16).

import { LOADED_STATUS } from '#import-log/ledger.ts';
import type { LogRow } from '#import-log/contract.ts';
import { sendFile } from './send-file.ts';
import type { FileEnd, FileToSend, SendConfig, SendPorts } from './send-ports.ts';

/** What one file needs beside the ports. */
export interface LoadOneConfig {
  readonly send: SendConfig;
  readonly now: () => Date;
  /** Aborts with the load's own signal, and once files in flight have had their time after a stop. */
  readonly unlessStopped: AbortSignal;
}

/** Found and not finished when its job was ended (decision 21, spec 4.4). Its upload is aborted by the daemon. */
const CANCELED = { kind: 'row', status: 499, code: 'Canceled', md5: '', endsUpload: false } as const;

const COLLISION: FileEnd = {
  kind: 'row',
  status: 409,
  code: 'KeyCollision',
  md5: '',
  contentType: '',
  endsUpload: false,
};

/** Loads a file and makes its row, or leaves it without one because the load stops. Errors: the signal's reason. */
export const loadOneFile = async (
  file: FileToSend,
  { send, now, unlessStopped }: LoadOneConfig,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<void> => {
  const { dialogue, rules, progress } = ports;
  const base64 = file.path.toString('base64');
  progress.setCurrent(file.path);
  const isClaimed = rules.keysMayCollide && (await dialogue.claim(base64, file.key));
  const isTaken = rules.keysMayCollide && !isClaimed;
  const contentTypeUnread = rules.contentTypeOf(file.text, false);
  const sent = isTaken
    ? { ...COLLISION, contentType: contentTypeUnread }
    : await sendUnlessStopped(file, { send, unlessStopped }, ports, signal);
  const isEnded = sent.kind === 'left' && ports.stopSwitch.reason?.isFinal === true;
  const end = isEnded ? { ...CANCELED, contentType: contentTypeUnread } : sent;
  if (end.kind === 'left') return;
  const { status, code, md5, contentType, endsUpload } = end;
  const { path, key, sizeBytes } = file;
  await makeRow({ finishedAt: now(), path, status, code, key, md5, sizeBytes, contentType }, ports);
  if (endsUpload) {
    // The row first: an upload that is forgotten before its row is on disk would be made again.
    dialogue.flushRows();
    await dialogue.record({ kind: 'upload-ended', path: base64 });
  }
  if (isClaimed && status !== LOADED_STATUS) await dialogue.tell({ kind: 'unclaim', path: base64, key });
};

/** Adds a row and counts it. */
export const makeRow = async (
  row: LogRow,
  { dialogue, progress }: Pick<SendPorts, 'dialogue' | 'progress'>,
): Promise<void> => {
  await dialogue.addRow(row);
  progress.addFinished(row);
};

const sendUnlessStopped = async (
  file: FileToSend,
  { send, unlessStopped }: Pick<LoadOneConfig, 'send' | 'unlessStopped'>,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<FileEnd> => {
  const { stopSwitch } = ports;
  if (stopSwitch.reason?.isFinal === true) return { kind: 'left' };
  const stopped = stopSwitch.signal;
  try {
    return await sendFile(file, send, ports, unlessStopped);
  } catch (error: unknown) {
    if (stopped.aborted && !signal.aborted) return { kind: 'left' };
    throw error;
  }
};
