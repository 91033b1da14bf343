// One object in one request, its MD5 checked by the bucket and compared with what the bucket says it has.

import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { PutRequest } from './contract.ts';
import type { Answer } from './guarded.ts';
import { judgeStored } from './judge-stored.ts';
import { propertyHeaders } from './property-headers.ts';
import { HEADERS_PLACE, withHeaders, type Lane } from './s3-client.ts';
import { requestTimeoutMs } from './wire-rules.ts';

/** Writes an object. Errors: as the SDK throws them. */
export const putObject = async (lane: Lane, request: PutRequest, signal: AbortSignal): Answer<object> => {
  const { key, body, md5, properties, refuseExisting } = request;
  const command = new PutObjectCommand({
    ...lane.target,
    Key: key,
    Body: body,
    ContentMD5: Buffer.from(md5, 'hex').toString('base64'),
    ...(refuseExisting ? { IfNoneMatch: '*' } : {}),
  });
  command.middlewareStack.add(
    withHeaders({ ...propertyHeaders(properties), ...lane.encryptionHeaders, ...lane.payloadHeaders }),
    HEADERS_PLACE,
  );
  const answer = await lane.client.send(command, {
    abortSignal: signal,
    requestTimeout: requestTimeoutMs(body.byteLength),
  });
  return judgeStored({ etag: answer.ETag, encryption: answer.ServerSideEncryption }, md5);
};
