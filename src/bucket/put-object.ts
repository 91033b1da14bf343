// One object in one request, its MD5 checked by the bucket and compared with what the bucket says it has.

import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { BucketProblem, PutRequest } from './contract.ts';
import type { Answer } from './guarded.ts';
import { propertyHeaders } from './property-headers.ts';
import { HEADERS_PLACE, requestTimeoutMs, withHeaders, type Lane } from './s3-client.ts';
import { otherDigest, strangeAnswer } from './translate.ts';

/** Writes an object. Errors: as the SDK throws them. */
export const putObject = async (lane: Lane, request: PutRequest, signal: AbortSignal): Answer<object> => {
  const { key, body, md5, properties, refuseExisting } = request;
  const command = new PutObjectCommand({
    ...lane.target,
    Key: key,
    Body: body,
    ContentMD5: Buffer.from(md5).toString('base64'),
    ...(refuseExisting ? { IfNoneMatch: '*' } : {}),
  });
  command.middlewareStack.add(withHeaders({ ...propertyHeaders(properties), ...lane.payloadHeaders }), HEADERS_PLACE);
  const answer = await lane.client.send(command, {
    abortSignal: signal,
    requestTimeout: requestTimeoutMs(body.byteLength),
  });
  return judgeStored({ etag: answer.ETag, encryption: answer.ServerSideEncryption }, md5);
};

/** What an answer of success says of the stored object. */
interface StoredAnswer {
  readonly etag: string | undefined;
  readonly encryption: string | undefined;
}

/** Is it acknowledged with the MD5 that was sent? */
export const judgeStored = (answer: StoredAnswer, md5: Uint8Array): BucketProblem | { readonly kind: 'ok' } => {
  // Every S3 names the ETag of what it stored; a proxy's page, with whatever status, does not.
  if (answer.etag === undefined) return strangeAnswer('an object was stored and has no ETag');
  const etag = md5Etag(answer);
  if (etag !== undefined && etag !== Buffer.from(md5).toString('hex')) return otherDigest('MD5');
  return { kind: 'ok' };
};

/** The ETag where it is the MD5 of what was sent: not with a KMS key, and not in another form (S3, "ETag"). */
const md5Etag = ({ etag, encryption }: StoredAnswer): string | undefined => {
  if (encryption?.startsWith('aws:kms') === true) return undefined;
  return /^"?(?<md5>[0-9a-f]{32})"?$/iu.exec(etag ?? '')?.groups?.['md5']?.toLowerCase();
};
