// The request headers that carry an object's properties, pure.

import type { ObjectProperties } from '#object/contract.ts';

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
