// What may stand in an object key or a prefix of one (decisions 4 and 5).

/** Longest object key in bytes of UTF-8 (S3; spec 1.7). */
export const MAX_KEY_BYTES: number = 1024;

// XML 1.0, 2.2; lone surrogates are found apart.
const NOT_IN_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/u;

/** True where a listing of the bucket could not carry the text (decision 4). */
export const hasUnlistableCharacter = (text: string): boolean => NOT_IN_XML.test(text) || !text.isWellFormed();

/** True where a segment that is complete, so all but the last, is empty, `.` or `..` (decision 5). */
export const hasBadPrefixSegment = (prefix: string): boolean =>
  prefix
    .split('/')
    .slice(0, -1)
    .some((segment) => ['', '.', '..'].includes(segment));
