// A refusal that may come of our own success: the answer to an earlier attempt was lost, or a former loader died before its row.
// What lies in the bucket decides. Asked only then: a file costs one request otherwise.

import { createHash } from 'node:crypto';
import type { BucketProblem, FinishedPart, StoredObject } from '#bucket/contract.ts';
import { bareEtag } from '#bucket/translate.ts';
import type { SendConfig, SendPorts } from './send-ports.ts';

/** May the object that refuses be the one that was sent? */
export const isDoubtful = (
  { code, isAfterTrouble = false }: BucketProblem,
  { isResumed }: Pick<SendConfig, 'isResumed'>,
): boolean => {
  if (code === 'PreconditionFailed') return isAfterTrouble || isResumed;
  return (code === 'NoSuchUpload' || code === 'InvalidPart') && isAfterTrouble;
};

/**
 * Ok where the object lies there with the size and the ETag that it was sent with; else the refusal, or what keeps the
 * whole bucket from being looked at. An ETag that is not made of MD5s proves nothing. Errors: the signal's reason.
 */
export const settleDoubt = async (
  problem: BucketProblem,
  sent: { readonly key: string; readonly sizeBytes: number; readonly etag: string | undefined },
  { bucket, requests }: Pick<SendPorts, 'bucket' | 'requests'>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'ok' } | BucketProblem> => {
  const { key, ...wanted } = sent;
  const found = await requests.run(() => bucket.findObject(key, signal));
  if (found.kind === 'problem') return found.scope === 'bucket' ? found : problem;
  return isSame(found.object, wanted) ? { kind: 'ok' } : problem;
};

const isSame = (
  object: StoredObject | undefined,
  { sizeBytes, etag }: { readonly sizeBytes: number; readonly etag: string | undefined },
): boolean => object !== undefined && object.sizeBytes === sizeBytes && object.etag.toLowerCase() === etag;

const MD5 = /^[0-9a-f]{32}$/u;

/** ETag of the object that parts make: the MD5 of their MD5s, and their number; undefined where theirs are no MD5s. */
export const etagOfParts = (parts: readonly FinishedPart[]): string | undefined => {
  const digests = parts
    .toSorted((one, other) => one.partNumber - other.partNumber)
    .map(({ etag }) => bareEtag(etag).toLowerCase());
  if (!digests.every((digest) => MD5.test(digest))) return undefined;
  const whole = createHash('md5').update(Buffer.from(digests.join(''), 'hex'));
  return `${whole.digest('hex')}-${String(parts.length)}`;
};
