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

const COLLISION = { kind: 'row', status: 409, code: 'KeyCollision', md5: '', endsUpload: false } as const;

/** Loads a file and makes its row, or leaves it without one because the load stops. Errors: the signal's reason. */
export const loadOneFile = async (
  file: FileToSend,
  { send, now, unlessStopped }: LoadOneConfig,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<void> => {
  const { dialogue, rules, progress } = ports;
  const { path, key } = file;
  progress.setCurrent(path);
  const isClaimed = rules.keysMayCollide && (await dialogue.claim(path.toString('base64'), key));
  const isTaken = rules.keysMayCollide && !isClaimed;
  const sent = isTaken ? COLLISION : await sendUnlessStopped(file, { send, unlessStopped }, ports, signal);
  const isEnded = sent.kind === 'left' && ports.stopSwitch.reason?.isFinal === true;
  const end = isEnded ? CANCELED : sent;
  if (end.kind === 'left') return;
  const { status, code, md5, endsUpload } = end;
  const contentType = 'contentType' in end ? end.contentType : rules.contentTypeOf(file.text, false);
  const row = { finishedAt: now(), path, status, code, key, md5, sizeBytes: file.sizeBytes, contentType };
  // Where there is room for it, no time passes.
  const waiting = makeRow(row, ports);
  if (waiting !== undefined) await waiting;
  if (endsUpload) {
    // The row first: an upload that is forgotten before its row is on disk would be made again.
    dialogue.flushRows();
    await dialogue.record({ kind: 'upload-ended', path: path.toString('base64') });
  }
  if (isClaimed && status !== LOADED_STATUS) {
    await dialogue.tell({ kind: 'unclaim', path: path.toString('base64'), key });
  }
};

/** Adds a row and counts it, at once or, where too many are on their way, later. */
export const makeRow = (
  row: LogRow,
  { dialogue, progress }: Pick<SendPorts, 'dialogue' | 'progress'>,
): Promise<void> | undefined => {
  const waiting = dialogue.addRow(row);
  if (waiting !== undefined) {
    return waiting.then(() => {
      progress.addFinished(row);
    });
  }
  progress.addFinished(row);
  return undefined;
};

const sendUnlessStopped = (
  file: FileToSend,
  { send, unlessStopped }: Pick<LoadOneConfig, 'send' | 'unlessStopped'>,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<FileEnd> => {
  const { stopSwitch } = ports;
  if (stopSwitch.reason?.isFinal === true) return Promise.resolve(LEFT);
  return sendFile(file, send, ports, unlessStopped).catch((error: unknown) => {
    if (stopSwitch.signal.aborted && !signal.aborted) return LEFT;
    throw error;
  });
};

const LEFT: FileEnd = { kind: 'left' };
