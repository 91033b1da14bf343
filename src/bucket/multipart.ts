// Multipart uploads: begin, send parts, complete, abort, and what the bucket knows of them.

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3ServiceException,
  UploadPartCommand,
  type ListMultipartUploadsCommandOutput,
  type ListPartsCommandOutput,
} from '@aws-sdk/client-s3';
import type { ObjectProperties } from '#object/contract.ts';
import type { FinishedPart, OpenUpload, PartRequest } from './contract.ts';
import type { Answer } from './guarded.ts';
import { encodeCrc32, sendPartChecked, type PartAnswer, type PartDigest } from './part-digest.ts';
import { propertyHeaders } from './property-headers.ts';
import { HEADERS_PLACE, withHeaders, type Lane } from './s3-client.ts';
import { strangeAnswer } from './translate.ts';
import { requestTimeoutMs } from './wire-rules.ts';

/** Begins an upload. Errors, here and below: as the SDK throws them. */
export const createUpload = async (
  lane: Lane,
  { key, properties }: { readonly key: string; readonly properties: ObjectProperties },
  signal: AbortSignal,
): Answer<{ readonly uploadId: string }> => {
  const command = new CreateMultipartUploadCommand({ ...lane.target, Key: key, ChecksumAlgorithm: 'CRC32' });
  command.middlewareStack.add(
    withHeaders({ ...propertyHeaders(properties), ...lane.encryptionHeaders }),
    HEADERS_PLACE,
  );
  const { UploadId: uploadId } = await lane.client.send(command, { abortSignal: signal });
  if (uploadId === undefined) return strangeAnswer('an upload was begun and has no ID');
  return { kind: 'ok', uploadId };
};

/** Sends a part; acknowledged only after the bucket has checked it. */
export const uploadPart = async (
  lane: Lane,
  request: PartRequest,
  signal: AbortSignal,
): Answer<{ readonly part: FinishedPart }> =>
  sendPartChecked(lane.state, request, (digest) => sendPart(lane, request, digest, signal));

const sendPart = async (
  lane: Lane,
  { key, uploadId, partNumber, body }: PartRequest,
  digest: PartDigest,
  signal: AbortSignal,
): Answer<PartAnswer> => {
  const command = new UploadPartCommand({
    ...lane.target,
    ...{ Key: key, UploadId: uploadId, PartNumber: partNumber, Body: body },
    ...('crc32' in digest ? { ChecksumCRC32: digest.crc32 } : { ContentMD5: digest.md5 }),
  });
  command.middlewareStack.add(withHeaders(lane.payloadHeaders), HEADERS_PLACE);
  const requestTimeout = requestTimeoutMs(body.byteLength);
  const { ETag: etag, ChecksumCRC32: crc32 } = await lane.client.send(command, { abortSignal: signal, requestTimeout });
  return { kind: 'ok', etag, crc32 };
};

/** Makes the object of its parts. The status comes before the work is done: only an answer with an ETag says that it is. */
export const completeUpload = async (
  lane: Lane,
  upload: OpenUpload & { readonly parts: readonly FinishedPart[]; readonly refuseExisting: boolean },
  signal: AbortSignal,
): Answer<object> => {
  const parts = upload.parts.toSorted((one, other) => one.partNumber - other.partNumber);
  const { ETag: etag } = await lane.client.send(
    new CompleteMultipartUploadCommand({
      ...lane.target,
      ...{ Key: upload.key, UploadId: upload.uploadId },
      MultipartUpload: {
        Parts: parts.map(({ partNumber, etag, crc32 }) => ({
          ...{ PartNumber: partNumber, ETag: etag },
          ...(lane.state.repeatsChecksum ? { ChecksumCRC32: encodeCrc32(crc32) } : {}),
        })),
      },
      ...(upload.refuseExisting ? { IfNoneMatch: '*' } : {}),
    }),
    { abortSignal: signal },
  );
  return etag === undefined ? strangeAnswer('an upload was completed and has no ETag') : { kind: 'ok' };
};

/** Gives an upload up; one that is gone already is as good. */
export const abortUpload = async (lane: Lane, { key, uploadId }: OpenUpload, signal: AbortSignal): Answer<object> => {
  const command = new AbortMultipartUploadCommand({ ...lane.target, Key: key, UploadId: uploadId });
  try {
    await lane.client.send(command, { abortSignal: signal });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return { kind: 'ok' };
};

/** Open uploads of one key: they come first among those that its letters begin. */
export const listUploads = async (
  lane: Lane,
  key: string,
  signal: AbortSignal,
): Answer<{ readonly uploads: readonly OpenUpload[] }> => {
  const uploads: OpenUpload[] = [];
  let place: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (place !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await lane.client.send(
      // As URL: an XML answer cannot carry every character of a key.
      new ListMultipartUploadsCommand({ ...lane.target, Prefix: key, EncodingType: 'url', ...place }),
      { abortSignal: signal },
    );
    const decode = page.EncodingType === 'url' ? decodeKey : (text: string): string => text;
    const found = (page.Uploads ?? []).map(({ Key = '', UploadId = '' }) => ({ key: decode(Key), uploadId: UploadId }));
    uploads.push(...found.filter((upload) => upload.key === key));
    place = found.every((upload) => upload.key === key) ? nextUploads(page, decode) : undefined;
  }
  return { kind: 'ok', uploads };
};

const nextUploads = (
  { IsTruncated, NextKeyMarker, NextUploadIdMarker }: ListMultipartUploadsCommandOutput,
  decode: (text: string) => string,
): { readonly KeyMarker: string; readonly UploadIdMarker?: string } | undefined => {
  if (IsTruncated !== true || NextKeyMarker === undefined) return undefined;
  return {
    KeyMarker: decode(NextKeyMarker),
    ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
  };
};

/** A key of a listing with `encoding-type=url`: a form's encoding, so that a blank may be `+`. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

/** Parts that the bucket holds, at most 10,000. */
export const listParts = async (
  lane: Lane,
  { key, uploadId }: OpenUpload,
  signal: AbortSignal,
): Answer<{ readonly gone: boolean; readonly parts: readonly Omit<FinishedPart, 'crc32'>[] }> => {
  const parts: Omit<FinishedPart, 'crc32'>[] = [];
  let place: { readonly PartNumberMarker?: string } | undefined = {};
  try {
    // By hand: MinIO names a next page on the last one too, which the SDK's paginator would ask for without end.
    while (place !== undefined) {
      const page: ListPartsCommandOutput = await lane.client.send(
        new ListPartsCommand({ ...lane.target, Key: key, UploadId: uploadId, ...place }),
        { abortSignal: signal },
      );
      for (const { PartNumber: partNumber, ETag: etag, Size: sizeBytes } of page.Parts ?? []) {
        if (partNumber === undefined || etag === undefined || sizeBytes === undefined) continue;
        parts.push({ partNumber, etag, sizeBytes });
      }
      const { IsTruncated, NextPartNumberMarker: marker } = page;
      place = IsTruncated === true && marker !== undefined ? { PartNumberMarker: marker } : undefined;
    }
  } catch (error) {
    if (!isGone(error)) throw error;
    return { kind: 'ok', gone: true, parts: [] };
  }
  return { kind: 'ok', gone: false, parts };
};

const isGone = (error: unknown): boolean => error instanceof S3ServiceException && error.name === 'NoSuchUpload';
