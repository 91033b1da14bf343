// The S3 side as the load and the station need it: one contract, any lane behind it.

import type { Secret } from '#language/secret.ts';
import type { ObjectProperties } from '#object/contract.ts';

/** How a bucket is reached, and as whom. */
export interface BucketAccess {
  readonly bucket: string;
  readonly region: string;
  /** URL of the service; absent means AWS. */
  readonly endpoint?: string;
  readonly forcePathStyle: boolean;
  /** PEM of a private certificate authority. */
  readonly certificateAuthority?: string;
  readonly expectedBucketOwner?: string;
  /** Nobody can change what is sent on its way: over plain http, bodies are then not signed. */
  readonly isNetworkTrusted: boolean;
  /** Encryption asked for with every object: the service's own keys, or those of its key service, which may be named. */
  readonly sse: 'none' | 's3' | 'kms' | `kms:${string}`;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** Codes of the holds that a bucket can cause (decision 11). */
export type BucketHoldCode =
  | 'NoSuchBucket'
  | 'InvalidAccessKeyId'
  | 'SignatureDoesNotMatch'
  | 'ExpiredToken'
  | 'AccountProblem'
  | 'RequestTimeTooSkewed'
  | 'WrongRegion'
  | 'AccessControlListNotSupported'
  | 'InvalidStorageClass'
  | 'EncryptionKeyProblem'
  | 'BucketFull'
  | 'AccessDenied'
  | 'BucketUnreachable'
  | 'NotS3Answer';

/** A refusal, translated at the border (decision 11). */
export interface BucketProblem {
  readonly kind: 'problem';
  /**
   * `file`: this object alone, a row. `bucket`: every object would fail, a hold. `transient`: to be waited out.
   * `access-denied`: a row or a hold, which a probe under the same prefix decides.
   */
  readonly scope: 'file' | 'bucket' | 'transient' | 'access-denied';
  /** HTTP status as S3 said it; 0 where there was no answer. */
  readonly status: number;
  /** S3's own code; for a broken connection the system's code. */
  readonly code: string;
  /**
   * Set for scope `bucket` and `access-denied`; with `transient` it names the hold that the problem becomes where waiting
   * does not help.
   */
  readonly holdCode?: BucketHoldCode;
  /** The bucket asks for fewer requests; whatever it is that is asked for. */
  readonly isThrottling?: true;
  /** Set by the retry: an earlier attempt got no clear answer, so that what it asked for may have been done. */
  readonly isAfterTrouble?: boolean;
  /** S3's message, printable. */
  readonly message: string;
}

/** One object that goes out in one request. */
export interface PutRequest {
  readonly key: string;
  /** Whole body; the memory stays untouched until the promise settles. */
  readonly body: Uint8Array;
  /** MD5 of the body, 32 lower-case hex digits; sent as Content-MD5, compared with the ETag where that is an MD5. */
  readonly md5: string;
  /** SHA-256 of the body in hex where it is known already; needed where `isBodySigned`. */
  readonly sha256?: string;
  readonly properties: ObjectProperties;
  /** Send `If-None-Match: *`. */
  readonly refuseExisting: boolean;
}

/** One part of a multipart upload. */
export interface PartRequest {
  readonly key: string;
  readonly uploadId: string;
  /** 1 to 10,000. */
  readonly partNumber: number;
  readonly body: Uint8Array;
  /** CRC32 of the body, unsigned; sent as x-amz-checksum-crc32. */
  readonly crc32: number;
  /** As in PutRequest. */
  readonly sha256?: string;
}

/** A part that the bucket acknowledged. */
export interface FinishedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** An object as the bucket describes it. */
export interface StoredObject {
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
}

/** An unfinished multipart upload as the bucket lists it. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
}

type Answer<Value> = Promise<({ readonly kind: 'ok' } & Value) | BucketProblem>;

/** No call retries by itself: `bucket/retry.ts` decides that for all of them. Every call stops promptly with the signal. */
export interface Bucket extends AsyncDisposable {
  /** Resolves only after the bucket acknowledged the object with the same MD5. */
  putObject(request: PutRequest, signal: AbortSignal): Answer<object>;
  createUpload(
    request: { readonly key: string; readonly properties: ObjectProperties },
    signal: AbortSignal,
  ): Answer<{ readonly uploadId: string }>;
  uploadPart(request: PartRequest, signal: AbortSignal): Answer<{ readonly part: FinishedPart }>;
  completeUpload(
    request: {
      readonly key: string;
      readonly uploadId: string;
      readonly parts: readonly FinishedPart[];
      readonly refuseExisting: boolean;
    },
    signal: AbortSignal,
  ): Answer<object>;
  /** An upload that is gone already is ok. */
  abortUpload(upload: OpenUpload, signal: AbortSignal): Answer<object>;
  /** Open uploads of exactly this key. */
  listUploads(key: string, signal: AbortSignal): Answer<{ readonly uploads: readonly OpenUpload[] }>;
  /** Parts that the bucket holds; a vanished upload is `gone`. */
  listParts(
    upload: OpenUpload,
    signal: AbortSignal,
  ): Answer<{ readonly gone: boolean; readonly parts: readonly Omit<FinishedPart, 'crc32'>[] }>;
  /**
   * May objects with these properties be written under this key? Creates a multipart upload and aborts it: leaves
   * nothing behind.
   */
  probe(request: { readonly key: string; readonly properties: ObjectProperties }, signal: AbortSignal): Answer<object>;
  /** What lies under a key, for the few cases in which an answer left that open. */
  findObject(key: string, signal: AbortSignal): Answer<{ readonly object: StoredObject | undefined }>;
  /**
   * Uploads a file of any size through lib-storage, replacing what is there: the import log. Resolves only after the
   * bucket has said that an object of this size lies there; a key that may only write has to be content with an ETag.
   */
  putFile(
    request: { readonly key: string; readonly path: string; readonly contentType: string },
    signal: AbortSignal,
  ): Answer<object>;
}
