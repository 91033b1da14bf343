// The request headers that carry an object's properties and how it is encrypted, pure.

import type { ObjectProperties } from '#object/contract.ts';
import type { BucketAccess } from './contract.ts';

/** Header names in lower case, values as the manifest wrote them; what is absent in the properties is absent here. */
export const propertyHeaders = (properties: ObjectProperties): Record<string, string> => {
  const headers: Record<string, string> = { 'content-type': properties.contentType };
  if (properties.contentEncoding !== undefined) headers['content-encoding'] = properties.contentEncoding;
  if (properties.cacheControl !== undefined) headers['cache-control'] = properties.cacheControl;
  if (properties.contentDisposition !== undefined) headers['content-disposition'] = properties.contentDisposition;
  if (properties.contentLanguage !== undefined) headers['content-language'] = properties.contentLanguage;
  if (properties.expires !== undefined) headers['expires'] = properties.expires;
  if (properties.acl !== undefined) headers['x-amz-acl'] = properties.acl;
  if (properties.storageClass !== undefined) headers['x-amz-storage-class'] = properties.storageClass;
  const { metadata } = properties;
  for (const name of Object.keys(metadata)) headers[`x-amz-meta-${name.toLowerCase()}`] = metadata[name] ?? '';
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
