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
  using block = await pool.take(file.sizeBytes, signal);
  const read = await reader.readWhole(toRead(file), block);
  if (read.kind === 'problem') return await endUnread(file, read, ports);
  const { md5, sha256 } = read;
  const { key, text, modifiedAt, sizeBytes } = file;
  const properties = rules.propertiesOf({ path: text, isGzip: isGzip(block.bytes), modifiedAt });
  await ports.announceFirstFile();
  const request = {
    ...{ key, body: block.bytes, md5, properties, refuseExisting: config.refuseExisting },
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  const said = await requests(() =>
    stopSwitch.reason?.isFinal === true ? undefined : bucket.putObject(request, signal),
  );
  if (said === undefined) return { kind: 'left' };
  const hex = Buffer.from(md5).toString('hex');
  const isOpen = said.kind === 'problem' && isDoubtful(said, config);
  const answer = isOpen ? await settleDoubt(said, { key, sizeBytes, etag: hex }, ports, signal) : said;
  const { contentType } = properties;
  if (answer.kind === 'problem') {
    const refused = await refusals.judge(answer, properties, signal);
    return refused.kind === 'left' ? refused : { ...refused, md5: '', contentType, endsUpload: false };
  }
  progress.addSent(sizeBytes);
  return { kind: 'row', status: LOADED_STATUS, code: 'OK', md5: hex, contentType, endsUpload: false };
};
