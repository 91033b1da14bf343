// gzip by content (spec 8.2; RFC 1952, 2.3.1).

const FIRST = 0x1f;
const SECOND = 0x8b;

/** True where the first bytes are those of gzip. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === FIRST && bytes[1] === SECOND;
