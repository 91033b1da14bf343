// What a valid manifest's author should know before the drive is shipped.

import { quoteValue } from './field-reader.ts';
import type { Manifest } from './manifest.ts';

const DNS_BUCKET = /^[\da-z](?:[\da-z-]*[\da-z])?(?:\.[\da-z](?:[\da-z-]*[\da-z])?)*$/u;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/u;
const LONGEST_DNS_BUCKET = 63;

// The documented idiom and the two names that Windows writes (decision 6).
const RECYCLE_BIN = '\\$Recycle\\.bin';
const RECYCLE_BINS_OF_WINDOWS: readonly string[] = ['\\$RECYCLE\\.BIN', '\\$Recycle\\.Bin'];
const IGNORES_CASE = '(?i';

/**
 * Warnings of a manifest, whole sentences, printable; none of them hinders the job. `existing` is the account's setting
 * (decision 17), S3's own where no account is known.
 */
export const manifestWarnings = (manifest: Manifest, existing: 'replace' | 'refuse' = 'replace'): readonly string[] => [
  ...recycleBinWarnings(manifest),
  ...commentWarnings(manifest),
  ...commentAloneWarnings(manifest),
  ...bucketWarnings(manifest),
  ...eraseWarnings(manifest),
  existing === 'replace'
    ? `Objects that exist in ${quoteValue(manifest.bucket)} already are replaced where a file gets their key.`
    : `Objects that exist in ${quoteValue(manifest.bucket)} already stay: a file that would get their key is not loaded.`,
];

const recycleBinWarnings = ({ ignore }: Manifest): readonly string[] => {
  const patterns = ignore.map(({ value }) => value);
  const isMeant = patterns.some((pattern) => names(pattern, RECYCLE_BIN));
  const unnamed = RECYCLE_BINS_OF_WINDOWS.filter((bin) => !patterns.some((pattern) => names(pattern, bin)));
  if (!isMeant || unnamed.length === 0) return [];
  const bins = unnamed.map((bin) => bin.replaceAll('\\', '')).join(' or ');
  const additions = unnamed.map((bin) => `^${bin}/`).join(' and ');
  return [
    `The ignore pattern ^${RECYCLE_BIN}/ does not match ${bins}, as Windows writes it; add ${additions} to ignore it.`,
  ];
};

const names = (pattern: string, bin: string): boolean =>
  pattern.startsWith(IGNORES_CASE) ? pattern.toLowerCase().includes(bin.toLowerCase()) : pattern.includes(bin);

// An unquoted pattern is taken to the end of its line (spec 1.1).
const commentWarnings = ({ ignore }: Manifest): readonly string[] =>
  ignore
    .filter(({ value }) => /[\t ]#/u.test(value))
    .map(({ line }) => `The ignore pattern on line ${line} holds a blank and "#": that is part of it, not a comment.`);

const commentAloneWarnings = ({ commentsAlone = [] }: Manifest): readonly string[] =>
  commentsAlone.map(
    ({ value, line }) =>
      `The field ${quoteValue(value)} on line ${line} holds nothing but a comment, so it is not given; a value that begins with "#" needs quotes.`,
  );

const bucketWarnings = ({ bucket, logBucket }: Manifest): readonly string[] =>
  [...new Set([bucket, logBucket])]
    .filter((name) => !isDnsCompatible(name))
    .map((name) => `The bucket name ${quoteValue(name)} is not DNS-compatible: it can be reached by path style only.`);

const isDnsCompatible = (name: string): boolean =>
  name.length <= LONGEST_DNS_BUCKET && DNS_BUCKET.test(name) && !IP_ADDRESS.test(name);

// Decision 25.
const eraseWarnings = ({ eraseDevice }: Manifest): readonly string[] =>
  eraseDevice ? ['The drive is not erased by this station, although the manifest says "eraseDevice: yes".'] : [];
