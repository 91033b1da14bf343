// Units by name, so that no bare large number stands in the code.

/** Bytes in 1 KiB (IEC 80000-13). */
export const KIB: number = 1024;
/** Bytes in 1 MiB. */
export const MIB: number = 1024 * KIB;
/** Bytes in 1 GiB. */
export const GIB: number = 1024 * MIB;
/** Bytes in 1 TiB. */
export const TIB: number = 1024 * GIB;
/** Milliseconds in a second. */
export const SECOND_MS: number = 1000;
/** Milliseconds in a minute. */
export const MINUTE_MS: number = 60 * SECOND_MS;
/** Milliseconds in an hour. */
export const HOUR_MS: number = 60 * MINUTE_MS;
/** Milliseconds in a day. */
export const DAY_MS: number = 24 * HOUR_MS;

/** The largest number of bytes that is told exactly; a sparse file may claim more. */
export const MOST_BYTES: number = Number.MAX_SAFE_INTEGER;

/** A sum of bytes that stays at MOST_BYTES once it is there, in whatever order it is made. */
export const addBytes = (sum: number, bytes: number): number => Math.min(sum + bytes, MOST_BYTES);
