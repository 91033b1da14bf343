// How large the parts of a multipart upload are.

import { MIB } from '#language/units.ts';

/** S3: parts 1 to 10,000 (Amazon S3 multipart upload limits). */
export const MAX_PARTS: number = 10_000;

/**
 * Bytes of each part but the last: the configured size, or for a file that would have more than 10,000 of them the
 * smallest whole MiB with which it does not.
 */
export const partSizeFor = (sizeBytes: number, configuredBytes: number): number =>
  Math.max(configuredBytes, Math.ceil(sizeBytes / MAX_PARTS / MIB) * MIB);

/** Bytes of one part, numbered from 1. */
export const partLength = (partNumber: number, sizeBytes: number, partSizeBytes: number): number =>
  Math.min(partSizeBytes, sizeBytes - (partNumber - 1) * partSizeBytes);
