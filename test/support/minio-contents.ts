// What lies in a MinIO, seen by its owner and not through the product: buckets to load into, objects to compare.

import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';

/** What a bucket does beyond keeping objects. */
export interface MakeBucketOptions {
  readonly versioned?: boolean;
  /** Versioned too: every object is kept for a day (GOVERNANCE), so that writes need a digest. */
  readonly objectLock?: boolean;
  /** Every object is encrypted, whether or not its request asks for it; the server must have a key. */
  readonly encryption?: 's3' | { readonly kmsKey: string };
  /** Bucket policy: a JSON document as S3 takes it. */
  readonly policy?: object;
}

/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** One unfinished upload of a listing. */
export interface ListedUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** An object read back. */
export interface StoredObject {
  readonly body: Buffer;
  /** All headers of the answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The owner's view. */
export interface MinioContents {
  makeBucket(name: string, options?: MakeBucketOptions): Promise<void>;
  /** All objects, in the order of their keys as S3 lists them. */
  listObjects(bucket: string): Promise<readonly ListedObject[]>;
  /** Undefined where there is none. */
  getObject(bucket: string, key: string): Promise<StoredObject | undefined>;
  /** Versions of all objects, delete markers not counted. */
  countVersions(bucket: string): Promise<number>;
  /** Unfinished multipart uploads. After a restart MinIO tells those of a whole key only: then name the keys. */
  listUploads(bucket: string, keys?: readonly string[]): Promise<readonly ListedUpload[]>;
}

/** The view of `client`, which must be its owner's. */
export const createMinioContents = (client: S3Client): MinioContents => ({
  makeBucket: async (name, options = {}) => {
    await client.send(
      new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: options.objectLock === true }),
    );
    await configureBucket(client, name, options);
  },

  listObjects: async (bucket) => {
    const objects: ListedObject[] = [];
    // As URL: an XML answer cannot carry every character of a key.
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, EncodingType: 'url' })) {
      for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
        objects.push({ key: decodeKey(Key), sizeBytes: Size, etag: ETag.replaceAll('"', '') });
      }
    }
    return objects;
  },

  getObject: (bucket, key) => getObject(client, bucket, key),

  countVersions: async (bucket) => {
    const { Versions = [], IsTruncated } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    if (IsTruncated === true) throw new Error(`Cannot count the versions of ${bucket}: more than one page`);
    return Versions.length;
  },

  listUploads: async (bucket, keys = ['']) => {
    const uploads: ListedUpload[] = [];
    for (const key of keys) uploads.push(...(await listUploadsUnder(client, bucket, key)));
    return uploads;
  },
});

const configureBucket = async (client: S3Client, bucket: string, options: MakeBucketOptions): Promise<void> => {
  if (options.versioned === true) {
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
  }
  if (options.objectLock === true) {
    const retention = { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } as const;
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: retention },
      }),
    );
  }
  if (options.encryption !== undefined) {
    const rule =
      options.encryption === 's3'
        ? ({ SSEAlgorithm: 'AES256' } as const)
        : ({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: options.encryption.kmsKey } as const);
    const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: rule }] };
    await client.send(new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration }));
  }
  if (options.policy !== undefined) {
    await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(options.policy) }));
  }
};

const listUploadsUnder = async (client: S3Client, bucket: string, prefix: string): Promise<readonly ListedUpload[]> => {
  const { Uploads = [], IsTruncated } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url' }),
  );
  if (IsTruncated === true) throw new Error(`Cannot list the uploads of ${bucket}: more than one page`);
  return Uploads.map(({ Key = '', UploadId = '' }) => ({ key: decodeKey(Key), uploadId: UploadId }));
};

const getObject = async (client: S3Client, bucket: string, key: string): Promise<StoredObject | undefined> => {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  const headers: Record<string, string> = {};
  // The headers as they came: the SDK's own fields are parsed, and leave out what they do not know.
  command.middlewareStack.add(
    (next) => async (input) => {
      const answer = await next(input);
      Object.assign(headers, parseHeaders(answer.response));
      return answer;
    },
    { step: 'deserialize', priority: 'low' },
  );
  try {
    const { Body } = await client.send(command);
    return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), headers };
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined;
    throw error;
  }
};

const parseHeaders = (response: unknown): Readonly<Record<string, string>> => {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return {};
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
};

/** A key of a listing with `encoding-type=url`: a form's encoding, so that a blank is `+`. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));
