// Reads a file part after part and sends the parts as they come, several at once.
//
// INVARIANTS
//   Each byte is read once, in order, whether its part is sent or was acknowledged before: the MD5 of the whole needs all.
//   A part that was acknowledged before is compared (size, CRC32) and not sent again.
//   Nothing new begins after a failure or a stop; what is in flight is waited for.

import type { BucketProblem, FinishedPart } from '#bucket/contract.ts';
import type { ObjectProperties } from '#object/contract.ts';
import type { Block } from './block-pool.ts';
import { isGzip } from './gzip.ts';
import { partLength } from './part-size.ts';
import type { ReadProblem } from './reader-messages.ts';
import type { FileReading } from './reader.ts';
import type { FileToSend, SendPorts } from './send-ports.ts';

/** A multipart upload before its parts are sent: begun by a former loader, or not yet. */
export interface PlannedUpload {
  readonly uploadId?: string;
  readonly partSizeBytes: number;
  /** Parts that the bucket holds and of which the checksum is known, by number. */
  readonly acknowledged: ReadonlyMap<number, FinishedPart>;
}

/** What came of reading and sending. `uploadId` is absent where no upload was begun. */
export type StreamEnd = { readonly uploadId?: string; readonly properties?: ObjectProperties } & (
  | { readonly kind: 'sent'; readonly md5: string; readonly parts: readonly FinishedPart[] }
  | { readonly kind: 'unread'; readonly problem: Omit<ReadProblem, 'kind'> }
  | { readonly kind: 'refused'; readonly problem: BucketProblem }
  /** The load stops. */
  | { readonly kind: 'stopped' }
);

/** Begins the upload; it is on record before the promise resolves. */
export type BeginUpload = (
  properties: ObjectProperties,
) => Promise<{ readonly kind: 'ok'; readonly uploadId: string } | BucketProblem>;

type Failure = Extract<StreamEnd, { readonly kind: 'unread' | 'refused' | 'stopped' }>;

interface StreamState {
  uploadId: string | undefined;
  properties: ObjectProperties | undefined;
  failure: Failure | undefined;
  readonly parts: FinishedPart[];
  readonly inFlight: Set<Promise<void>>;
}

/** Reads and sends all parts. Errors: the signal's reason, after everything in flight has settled. */
export const streamParts = async (
  {
    file,
    reading,
    upload,
    begin,
  }: {
    readonly file: FileToSend;
    readonly reading: FileReading;
    readonly upload: PlannedUpload;
    readonly begin: BeginUpload;
  },
  ports: SendPorts,
  signal: AbortSignal,
): Promise<StreamEnd> => {
  const state: StreamState = {
    uploadId: upload.uploadId,
    properties: undefined,
    failure: undefined,
    parts: [],
    inFlight: new Set(),
  };
  const count = Math.ceil(file.sizeBytes / upload.partSizeBytes);
  try {
    for (let partNumber = 1; partNumber <= count && state.failure === undefined; partNumber += 1) {
      if (ports.stopSwitch.reason !== undefined) state.failure = { kind: 'stopped' };
      else await readAndSend({ partNumber, file, reading, upload, begin, state }, ports, signal);
    }
  } finally {
    await Promise.allSettled(state.inFlight);
  }
  await Promise.all(state.inFlight);
  return { ...(await endOf(state, reading)), ...begunAs(state) };
};

const begunAs = ({ uploadId, properties }: StreamState): Pick<StreamEnd, 'uploadId' | 'properties'> => ({
  ...(uploadId === undefined ? {} : { uploadId }),
  ...(properties === undefined ? {} : { properties }),
});

const endOf = async ({ failure, parts }: StreamState, reading: FileReading): Promise<StreamEnd> => {
  if (failure !== undefined) return failure;
  const finished = await reading.finish();
  if (finished.kind === 'problem') return { kind: 'unread', problem: finished };
  return { kind: 'sent', md5: finished.md5, parts: parts.toSorted((one, other) => one.partNumber - other.partNumber) };
};

const readAndSend = async (
  {
    partNumber,
    file,
    reading,
    upload,
    begin,
    state,
  }: {
    readonly partNumber: number;
    readonly file: FileToSend;
    readonly reading: FileReading;
    readonly upload: PlannedUpload;
    readonly begin: BeginUpload;
    readonly state: StreamState;
  },
  ports: SendPorts,
  signal: AbortSignal,
): Promise<void> => {
  const length = partLength(partNumber, file.sizeBytes, upload.partSizeBytes);
  const block = await ports.pool.take(length, signal);
  let isHandedOver = false;
  try {
    const read = await reading.readPart(block);
    if (read.kind === 'problem') {
      state.failure ??= { kind: 'unread', problem: read };
      return;
    }
    state.properties ??= ports.rules.propertiesOf({
      path: file.text,
      isGzip: isGzip(block.bytes),
      modifiedAt: file.modifiedAt,
    });
    const former = upload.acknowledged.get(partNumber);
    if (former !== undefined) {
      compare(former, { crc32: read.crc32, length }, state);
      return;
    }
    const uploadId = await idOf(state, state.properties, begin);
    if (uploadId === undefined) return;
    const sending = sendPart({ file, partNumber, uploadId, read, block, state }, ports, signal);
    isHandedOver = true;
    track(state.inFlight, sending);
  } finally {
    if (!isHandedOver) block[Symbol.dispose]();
  }
};

const compare = (
  former: FinishedPart,
  { crc32, length }: { readonly crc32: number; readonly length: number },
  state: StreamState,
): void => {
  if (former.crc32 === crc32 && former.sizeBytes === length) {
    state.parts.push(former);
    return;
  }
  const detail = `part ${String(former.partNumber)} is not what was read before`;
  state.failure ??= { kind: 'unread', problem: { code: 'FileChanged', detail } };
};

const idOf = async (
  state: StreamState,
  properties: ObjectProperties,
  begin: BeginUpload,
): Promise<string | undefined> => {
  if (state.uploadId !== undefined) return state.uploadId;
  const begun = await begin(properties);
  if (begun.kind === 'problem') {
    state.failure ??= { kind: 'refused', problem: begun };
    return undefined;
  }
  state.uploadId = begun.uploadId;
  return begun.uploadId;
};

const sendPart = async (
  {
    file,
    partNumber,
    uploadId,
    read: { crc32, sha256 },
    block,
    state,
  }: {
    readonly file: FileToSend;
    readonly partNumber: number;
    readonly uploadId: string;
    readonly read: { readonly crc32: number; readonly sha256?: string };
    readonly block: Block;
    readonly state: StreamState;
  },
  { bucket, requests, dialogue, progress }: SendPorts,
  signal: AbortSignal,
): Promise<void> => {
  const request = {
    ...{ key: file.key, uploadId, partNumber, body: block.bytes, crc32 },
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  const answer = await requests
    .run(() => bucket.uploadPart(request, signal))
    .finally(() => {
      block[Symbol.dispose]();
    });
  if (answer.kind === 'problem') {
    state.failure ??= { kind: 'refused', problem: answer };
    return;
  }
  state.parts.push(answer.part);
  progress.addSent(answer.part.sizeBytes);
  await dialogue.record({ kind: 'part-finished', path: file.path.toString('base64'), part: answer.part });
};

// A rejection stays in the set, where it is found once everything has settled.
const track = (inFlight: Set<Promise<void>>, sending: Promise<void>): void => {
  inFlight.add(sending);
  sending.then(
    () => inFlight.delete(sending),
    () => undefined,
  );
};
