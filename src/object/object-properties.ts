// What is sent with an object beside its bytes (spec 1.6, 8.2, 8.3; decision 24). The values themselves were checked when
// the manifest was parsed.

import type { Manifest } from '#job/manifest.ts';
import type { ContentTypeOf } from './content-types.ts';
import type { ObjectProperties } from './contract.ts';

/** What the properties of a file depend on. */
export interface FileFacts {
  readonly path: string;
  /** The first bytes are 1F 8B. */
  readonly isGzip: boolean;
  readonly modifiedAt: Date;
}

/** Makes the function that gives every file its properties. */
export const createPropertiesOf = (
  manifest: Manifest,
  contentTypeOf: ContentTypeOf,
): ((file: FileFacts) => ObjectProperties) => {
  const headers = headersOf(manifest);
  const { setContentEncodingForGzFiles, diskTimestampMetadataKey } = manifest;
  // S3 keeps the names in lower case.
  const metadata = Object.fromEntries(
    Array.from(manifest.staticMetadata, ([name, value]) => [name.toLowerCase(), value]),
  );
  const make = (contentType: string, isEncoded: boolean): ObjectProperties => ({
    contentType,
    ...(isEncoded ? { contentEncoding: 'gzip' } : {}),
    ...headers,
    metadata,
  });
  // One for each type, which are few: whoever makes something of them does so once for many files.
  const made = { plain: new Map<string, ObjectProperties>(), encoded: new Map<string, ObjectProperties>() };
  return ({ path, isGzip, modifiedAt }) => {
    const contentType = contentTypeOf(path, isGzip);
    const isEncoded = setContentEncodingForGzFiles && isGzip;
    const known = isEncoded ? made.encoded : made.plain;
    let properties = known.get(contentType);
    if (properties === undefined) {
      properties = make(contentType, isEncoded);
      known.set(contentType, properties);
    }
    if (diskTimestampMetadataKey === undefined) return properties;
    return { ...properties, metadata: { ...metadata, ...timestamp(diskTimestampMetadataKey, modifiedAt) } };
  };
};

type Headers = Omit<ObjectProperties, 'contentType' | 'contentEncoding' | 'metadata'>;

const headersOf = ({
  cacheControl,
  contentDisposition,
  contentLanguage,
  expires,
  acl,
  storageClass,
}: Manifest): Headers => ({
  ...(cacheControl === undefined ? {} : { cacheControl }),
  ...(contentDisposition === undefined ? {} : { contentDisposition }),
  ...(contentLanguage === undefined ? {} : { contentLanguage }),
  ...(expires === undefined ? {} : { expires }),
  ...(acl === 'private' ? {} : { acl }),
  ...(storageClass === undefined ? {} : { storageClass }),
});

// `2009-02-03T21:57:43Z` (spec 8.3). Drives hold times that no Date can: such a file has no time rather than a wrong one.
const timestamp = (name: string, modifiedAt: Date): Readonly<Record<string, string>> =>
  Number.isNaN(modifiedAt.getTime()) ? {} : { [name.toLowerCase()]: modifiedAt.toISOString().replace(/\.\d+Z$/u, 'Z') };
