// The request headers that carry an object's properties and how it is encrypted, pure.

import type { ObjectProperties } from '#object/contract.ts';
import type { BucketAccess } from './contract.ts';

/** Header names in lower case, values as the manifest wrote them; what is absent in the properties is absent here. */
export const propertyHeaders = (properties: ObjectProperties): Readonly<Record<string, string>> => {
  const optional: readonly (readonly [string, string | undefined])[] = [
    ['content-encoding', properties.contentEncoding],
    ['cache-control', properties.cacheControl],
    ['content-disposition', properties.contentDisposition],
    ['content-language', properties.contentLanguage],
    ['expires', properties.expires],
    ['x-amz-acl', properties.acl],
    ['x-amz-storage-class', properties.storageClass],
  ];
  const headers: Record<string, string> = { 'content-type': properties.contentType };
  for (const [name, value] of optional) {
    if (value !== undefined) headers[name] = value;
  }
  for (const [name, value] of Object.entries(properties.metadata)) headers[`x-amz-meta-${name.toLowerCase()}`] = value;
  return headers;
};

/** Header of requests and answers that says how an object is encrypted. */
export const ENCRYPTION_HEADER = 'x-amz-server-side-encryption';
const ENCRYPTION_KEY_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id';

/** For PutObject and CreateMultipartUpload: parts take the encryption of their upload (S3, "UploadPart"). */
export const encryptionHeaders = ({ sse }: Pick<BucketAccess, 'sse'>): Readonly<Record<string, string>> => {
  if (sse === 'none') return {};
  if (sse === 's3') return { [ENCRYPTION_HEADER]: 'AES256' };
  const byKeyService = { [ENCRYPTION_HEADER]: 'aws:kms' };
  return sse === 'kms' ? byKeyService : { ...byKeyService, [ENCRYPTION_KEY_HEADER]: sse.slice('kms:'.length) };
};
