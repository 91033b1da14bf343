// Sends one file by a multipart upload, from its beginning or from where a former loader stopped.
//
// INVARIANTS
//   The daemon has stored `upload-planned` before the bucket is asked, and `upload-started` before the first part goes
//   out: whatever dies when, someone knows what lies in the bucket.
//   A file ends with its upload completed or aborted; only a load that stops leaves it, to be gone on with.

import { LOADED_STATUS } from '#import-log/ledger.ts';
import type { Bucket, BucketProblem, FinishedPart } from '#bucket/contract.ts';
import type { ObjectProperties } from '#object/contract.ts';
import type { KnownUpload } from '#protocol/loader.ts';
import { endUnread } from './end-unread.ts';
import { abortUploads } from '#bucket/abort-uploads.ts';
import { partSizeFor } from './part-size.ts';
import { streamParts, type PlannedUpload, type StreamEnd } from './part-stream.ts';
import { toRead, type FileEnd, type FileToSend, type SendConfig, type SendPorts } from './send-ports.ts';
import { etagOfParts, isDoubtful, settleDoubt } from './settle-doubt.ts';

/** Times that an upload may vanish from the bucket (a lifecycle rule aborts it) before the file fails. */
const MAX_BEGINNINGS = 3;

type Vanished = { readonly kind: 'vanished'; readonly problem: BucketProblem };

/** Sends a file by parts. Errors: the signal's reason. */
export const sendInParts = async (
  file: FileToSend,
  config: SendConfig,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<FileEnd> => {
  const context: Context = {
    file,
    path: file.path.toString('base64'),
    config,
    ports,
    signal,
    record: { isKnown: false, isFormer: false },
  };
  let prepared = await prepare(ports.uploads.take(context.path), context);
  for (let beginning = 1; ; beginning += 1) {
    if (prepared.kind === 'end') return prepared.end;
    const end = await sendOnce(prepared.upload, context);
    if (end.kind !== 'vanished') return end;
    await ports.dialogue.record({ kind: 'upload-ended', path: context.path });
    context.record.isKnown = false;
    context.record.isFormer = false;
    if (beginning === MAX_BEGINNINGS) return judgeRefusal(end.problem, propertiesOf(context), context);
    prepared = { kind: 'upload', upload: freshUpload(context) };
  }
};

interface Context {
  readonly file: FileToSend;
  /** base64 of the raw path. */
  readonly path: string;
  readonly config: SendConfig;
  readonly ports: SendPorts;
  readonly signal: AbortSignal;
  /** Does the daemon have an upload of this file on record, and is it one that a former loader began? */
  readonly record: { isKnown: boolean; isFormer: boolean };
}

type Prepared =
  { readonly kind: 'upload'; readonly upload: PlannedUpload } | { readonly kind: 'end'; readonly end: FileEnd };

const freshUpload = ({ file, config }: Context): PlannedUpload => ({
  partSizeBytes: partSizeFor(file.sizeBytes, config.partSizeBytes),
  acknowledged: new Map(),
});

const prepare = async (known: KnownUpload | undefined, context: Context): Promise<Prepared> => {
  const { file, path, ports } = context;
  if (known === undefined) return { kind: 'upload', upload: freshUpload(context) };
  context.record.isKnown = true;
  if (known.sizeBytes !== file.sizeBytes) {
    const detail = `${String(known.sizeBytes)} bytes became ${String(file.sizeBytes)}`;
    const end = await endUnread(file, { code: 'FileChanged', detail }, ports);
    return { kind: 'end', end: await endFailed(end, known, context) };
  }
  const held = known.key === file.key ? await findHeldParts(known, context) : undefined;
  if (held?.kind === 'problem' && isOfBucket(held)) {
    return { kind: 'end', end: await judgeRefusal(held, propertiesOf(context), context) };
  }
  // A former loader may have completed it and died before its row: then every part is on record, and the object tells.
  const isGoneWhole = held?.kind === 'ok' && held.gone && hasAllParts(known);
  if (held?.kind === 'ok' && (!held.gone || isGoneWhole)) {
    context.record.isFormer = true;
    return { kind: 'upload', upload: continued(known, isGoneWhole ? known.parts : held.parts) };
  }
  // Gone, of another key, not to be looked at, or perhaps begun by a loader that did not live to say so: begin anew.
  const isGone = held?.kind === 'ok';
  const aborted = await abort(isGone ? { key: known.key } : known, context);
  if (aborted.kind === 'problem' && isOfBucket(aborted)) {
    return { kind: 'end', end: await judgeRefusal(aborted, propertiesOf(context), context) };
  }
  await ports.dialogue.record({ kind: 'upload-ended', path });
  context.record.isKnown = false;
  return { kind: 'upload', upload: freshUpload(context) };
};

const findHeldParts = async (
  { uploadId, key }: KnownUpload,
  { ports, signal }: Context,
): Promise<Awaited<ReturnType<Bucket['listParts']>> | undefined> =>
  uploadId === undefined ? undefined : ports.requests.run(() => ports.bucket.listParts({ key, uploadId }, signal));

// Whoever may write need not be allowed to list or to abort: such a refusal is no reason to fail a file.
const isOfBucket = ({ scope }: BucketProblem): boolean => scope === 'bucket' || scope === 'transient';

// The bucket says which parts it holds, the record says what was in them: a part counts only where both agree.
const continued = (
  { uploadId, partSizeBytes, parts }: KnownUpload,
  held: readonly Omit<FinishedPart, 'crc32'>[],
): PlannedUpload => {
  const byNumber = new Map(held.map((part) => [part.partNumber, part]));
  const acknowledged = parts.filter((part) => {
    const same = byNumber.get(part.partNumber);
    return same !== undefined && same.sizeBytes === part.sizeBytes && bare(same.etag) === bare(part.etag);
  });
  return {
    ...(uploadId === undefined ? {} : { uploadId }),
    partSizeBytes,
    acknowledged: new Map(acknowledged.map((part) => [part.partNumber, part])),
  };
};

const hasAllParts = ({ sizeBytes, partSizeBytes, parts }: KnownUpload): boolean =>
  new Set(parts.map(({ partNumber }) => partNumber)).size === Math.ceil(sizeBytes / partSizeBytes);

const bare = (etag: string): string => etag.replaceAll('"', '');

const sendOnce = async (upload: PlannedUpload, context: Context): Promise<FileEnd | Vanished> => {
  const { file, ports, signal } = context;
  const opened = await ports.reader.open(toRead(file));
  if (opened.kind === 'problem') {
    return endFailed(await endUnread(file, opened, ports), { key: file.key, uploadId: upload.uploadId }, context);
  }
  using reading = opened.reading;
  const begin = (properties: ObjectProperties): ReturnType<typeof beginUpload> =>
    beginUpload(upload.partSizeBytes, properties, context);
  const end = await streamParts({ file, reading, upload, begin }, ports, signal);
  return await endStream(end, context);
};

const beginUpload = async (
  partSizeBytes: number,
  properties: ObjectProperties,
  { file: { key, sizeBytes }, path, ports, signal, record }: Context,
): Promise<{ readonly kind: 'ok'; readonly uploadId: string } | BucketProblem> => {
  await ports.announceFirstFile();
  record.isKnown = true;
  await ports.dialogue.record({ kind: 'upload-planned', path, key, partSizeBytes, sizeBytes });
  const created = await ports.requests.run(() => ports.bucket.createUpload({ key, properties }, signal));
  if (created.kind === 'ok') {
    await ports.dialogue.record({ kind: 'upload-started', path, uploadId: created.uploadId });
  }
  return created;
};

const endStream = async (end: StreamEnd, context: Context): Promise<FileEnd | Vanished> => {
  const { file, ports } = context;
  const properties = end.properties ?? propertiesOf(context);
  const begun = { key: file.key, uploadId: end.uploadId };
  switch (end.kind) {
    case 'stopped':
      return { kind: 'left' };
    case 'unread':
      return endFailed(await endUnread(file, end.problem, ports), begun, context);
    case 'refused':
      if (isVanished(end.problem)) return { kind: 'vanished', problem: end.problem };
      return endFailed(await judgeRefusal(end.problem, properties, context), begun, context);
    case 'sent':
      return complete(end, properties, context);
  }
};

const complete = async (
  { uploadId, md5, parts }: Extract<StreamEnd, { readonly kind: 'sent' }>,
  properties: ObjectProperties,
  context: Context,
): Promise<FileEnd | Vanished> => {
  const { file, config, ports, signal, record } = context;
  if (uploadId === undefined) throw new Error('All parts of an upload were sent, so it was begun');
  const { refuseExisting } = config;
  const answer = await ports.requests.run(() =>
    ports.bucket.completeUpload({ key: file.key, uploadId, parts, refuseExisting }, signal),
  );
  const { contentType } = properties;
  const loaded: FileEnd = { kind: 'row', status: LOADED_STATUS, code: 'OK', md5, contentType, endsUpload: true };
  if (answer.kind === 'ok') return loaded;
  const { key, sizeBytes } = file;
  const isOpen = isDoubtful(answer, config) || (isVanished(answer) && record.isFormer);
  const settled = isOpen
    ? await settleDoubt(answer, { key, sizeBytes, etag: etagOfParts(parts) }, ports, signal)
    : answer;
  // The object is there; the upload that found it taken may be, too.
  if (settled.kind === 'ok') return isVanished(answer) ? loaded : endFailed(loaded, { key, uploadId }, context);
  if (isVanished(settled)) return { kind: 'vanished', problem: settled };
  if (settled.code === 'InvalidPart') {
    // A server that died in the middle of putting the object together has lost parts that it acknowledged: begin anew.
    const aborted = await abort({ key, uploadId }, context);
    if (aborted.kind === 'ok' || !isOfBucket(aborted)) return { kind: 'vanished', problem: settled };
    return judgeRefusal(aborted, properties, context);
  }
  return endFailed(await judgeRefusal(settled, properties, context), { key, uploadId }, context);
};

const isVanished = ({ code }: BucketProblem): boolean => code === 'NoSuchUpload';

const judgeRefusal = async (
  problem: BucketProblem,
  properties: ObjectProperties,
  { ports, signal, record }: Context,
): Promise<FileEnd> => {
  const refused = await ports.refusals.judge(problem, properties, signal);
  if (refused.kind === 'left') return refused;
  return { ...refused, md5: '', contentType: properties.contentType, endsUpload: record.isKnown };
};

interface BegunUpload {
  readonly key: string;
  readonly uploadId?: string | undefined;
}

// A failed file leaves nothing in the bucket. What cannot be aborted because the bucket refuses that, too, is left to
// the customer's lifecycle rules; where every request would fail, the load stops and a later loader aborts it.
const endFailed = async (end: FileEnd, upload: BegunUpload, context: Context): Promise<FileEnd> => {
  if (end.kind === 'left') return end;
  if (!context.record.isKnown) return { ...end, endsUpload: false };
  const aborted = await abort(upload, context);
  if (aborted.kind === 'problem' && aborted.scope === 'bucket') {
    await context.ports.refusals.judge(aborted, propertiesOf(context), context.signal);
    return { kind: 'left' };
  }
  return { ...end, endsUpload: true };
};

const abort = (upload: BegunUpload, { ports, signal }: Context): Promise<{ readonly kind: 'ok' } | BucketProblem> =>
  ports.requests.run(() => abortUploads(upload, ports.bucket, signal));

const propertiesOf = ({ file: { text, modifiedAt }, ports }: Context): ObjectProperties =>
  ports.rules.propertiesOf({ path: text, isGzip: false, modifiedAt });
