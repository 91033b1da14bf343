// The digest that a part travels with, and what the answer says of it; the same for both lanes.
//
// INVARIANTS
// 1. Every part travels with a digest that the bucket checks: its CRC32, named when the upload began.
// 2. A part whose answer does not repeat its CRC32 was not checked by it: it is sent again with Content-MD5, and so is
//    every part of this bucket from then on (Swift and older Ceph gateways take the header and ignore it).

import { createHash } from 'node:crypto';

import type { FinishedPart, PartRequest } from './contract.ts';
import type { Answer } from './guarded.ts';
import { otherDigest, strangeAnswer } from './translate.ts';

/** What was learnt of a bucket. */
export interface BucketState {
  /** False once an answer did not repeat a part's CRC32. */
  repeatsChecksum: boolean;
}

/** Before anything was learnt. */
export const createBucketState = (): BucketState => ({ repeatsChecksum: true });

/** The digest that a part travels with, in base64. */
export type PartDigest = { readonly crc32: string } | { readonly md5: string };

/** What an answer of success says of a part. */
export interface PartAnswer {
  readonly etag: string | undefined;
  readonly crc32: string | undefined;
}

/** Sends a part by `send`, and once more with another digest where the bucket did not check the first (invariant 2). */
export const sendPartChecked = async (
  state: BucketState,
  request: PartRequest,
  send: (digest: PartDigest) => Answer<PartAnswer>,
): Answer<{ readonly part: FinishedPart }> => {
  const crc32 = encodeCrc32(request.crc32);
  if (state.repeatsChecksum) {
    const answer = await send({ crc32 });
    if (answer.kind === 'problem') return answer;
    if (answer.etag === undefined) return strangeAnswer(PART_WITHOUT_ETAG);
    if (answer.crc32 === crc32) return { kind: 'ok', part: finishedPart(request, answer.etag) };
    if (answer.crc32 !== undefined) return otherDigest('CRC32');
    state.repeatsChecksum = false;
  }
  const answer = await send({ md5: createHash('md5').update(request.body).digest('base64') });
  if (answer.kind === 'problem') return answer;
  if (answer.etag === undefined) return strangeAnswer(PART_WITHOUT_ETAG);
  return { kind: 'ok', part: finishedPart(request, answer.etag) };
};

const PART_WITHOUT_ETAG = 'a part was stored and has no ETag';

const finishedPart = ({ partNumber, body, crc32 }: PartRequest, etag: string): FinishedPart => ({
  partNumber,
  etag,
  sizeBytes: body.byteLength,
  crc32,
});

/** As S3 writes it: four bytes, the highest first, in base64. */
export const encodeCrc32 = (crc32: number): string => {
  const bytes = Buffer.alloc(Uint32Array.BYTES_PER_ELEMENT);
  bytes.writeUInt32BE(crc32);
  return bytes.toString('base64');
};
