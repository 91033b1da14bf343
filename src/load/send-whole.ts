// Sends one file by one request: read once, its MD5 known before it goes out.

import { LOADED_STATUS } from '#import-log/ledger.ts';
import { isGzip } from './gzip.ts';
import { endUnread } from './end-unread.ts';
import { toRead, type FileEnd, type FileToSend, type SendConfig, type SendPorts } from './send-ports.ts';
import { isDoubtful, settleDoubt } from './settle-doubt.ts';

/** Sends a file of at most the multipart threshold. Errors: the signal's reason. */
export const sendWhole = async (
  file: FileToSend,
  config: SendConfig,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<FileEnd> => {
  const { rules, bucket, reader, pool, requests, refusals, progress, stopSwitch } = ports;
  const { key, text, modifiedAt, sizeBytes } = file;
  // What is there already is not waited for: in a load of small files each wait is a part of its cost.
  using block = pool.takeNow(sizeBytes) ?? (await pool.take(sizeBytes, signal));
  const read = await reader.readWhole(toRead(file), block);
  if (read.kind === 'problem') return await endUnread(file, read, ports);
  const { md5, sha256 } = read;
  const properties = rules.propertiesOf({ path: text, isGzip: isGzip(block.bytes), modifiedAt });
  const announced = ports.announceFirstFile();
  if (announced !== undefined) await announced;
  const turn = requests.enter();
  if (turn !== undefined) await turn;
  let answered: Awaited<ReturnType<typeof bucket.putObject>>;
  try {
    if (stopSwitch.reason?.isFinal === true) return { kind: 'left' };
    const request = { key, body: block.bytes, md5, properties, refuseExisting: config.refuseExisting };
    answered = await bucket.putObject(sha256 === undefined ? request : { ...request, sha256 }, signal);
  } finally {
    requests.leave();
  }
  const said = answered;
  const isOpen = said.kind === 'problem' && isDoubtful(said, config);
  const answer = isOpen ? await settleDoubt(said, { key, sizeBytes, etag: md5 }, ports, signal) : said;
  const { contentType } = properties;
  if (answer.kind === 'problem') {
    const refused = await refusals.judge(answer, properties, signal);
    return refused.kind === 'left' ? refused : { ...refused, md5: '', contentType, endsUpload: false };
  }
  progress.addSent(sizeBytes);
  return { kind: 'row', status: LOADED_STATUS, code: 'OK', md5, contentType, endsUpload: false };
};
