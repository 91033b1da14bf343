// From the raw bytes of a path to text: file systems do not promise UTF-8.

import { isUtf8 as isUtf8Bytes } from 'node:buffer';

/** True where the path is valid UTF-8, so that it can be an object key (spec 5). */
export const isUtf8 = (path: Uint8Array): boolean => isUtf8Bytes(path);

/**
 * The path as text for patterns, extensions and people; what is not UTF-8 becomes U+FFFD, so two paths may have one
 * text: never compare files by it (decision 15).
 */
export const pathText = (path: Uint8Array): string =>
  Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('utf8');
