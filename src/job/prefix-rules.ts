// The rules of `prefix` and `logPrefix`: what would fail every file, or the log, is refused at job creation (decision 5).

import type { Substitution } from './manifest.ts';
import type { Checked, Rule } from './field-reader.ts';
import { JOB_ID_LENGTH } from './job-id.ts';
import { MAX_KEY_BYTES, hasBadPrefixSegment, hasUnlistableCharacter } from './key-text.ts';
import { substitute } from './substitute.ts';

const LOG_NAME_BYTES = 'import-log-'.length + JOB_ID_LENGTH;
const SHORTEST_PATH_BYTES = 1;

const checkPrefix = (text: string, bytesBehind: number): Checked<string> => {
  if (Buffer.byteLength(text) > MAX_KEY_BYTES - bytesBehind) return tooLong(bytesBehind);
  if (hasUnlistableCharacter(text)) return { expected: 'no character that a bucket listing cannot carry' };
  if (hasBadPrefixSegment(text)) return { expected: 'no leading slash and no part that is empty, "." or ".."' };
  return { value: text };
};

const tooLong = (bytesBehind: number): { readonly expected: string } => ({
  expected: `at most ${MAX_KEY_BYTES - bytesBehind} bytes, so that a key has at most ${MAX_KEY_BYTES}`,
});

/** `prefix`, put before the path as it stands; at least one byte of a path must fit behind it. */
export const prefixRule: Rule<string> = (text) => checkPrefix(text, SHORTEST_PATH_BYTES);

/** `logPrefix`, with which the log's key must not exceed 1,024 bytes (spec 1.3). */
export const logPrefixRule: Rule<string> = (text) => checkPrefix(text, LOG_NAME_BYTES);

/**
 * What is wrong with a 2.0 prefix once the substitutions have changed it (spec 1.7: they apply to prefix and path);
 * undefined where nothing is.
 */
export const substitutedPrefixProblem = (
  prefix: string,
  substitutions: readonly Substitution[],
): string | undefined => {
  // An empty text in front of a replacement is told as a finding of its own.
  const substituted = substitute(
    prefix,
    substitutions.filter(({ from }) => from !== ''),
  );
  // An empty rest is fine, the path follows it. What grows beyond all bounds is refused even where later substitutions
  // would shorten it again: no file would get a key.
  const isTooLong = substituted.kind === 'problem' && substituted.code === 'KeyTooLong';
  const checked = isTooLong ? tooLong(SHORTEST_PATH_BYTES) : prefixRule(substituted.text);
  return 'expected' in checked ? `expected ${checked.expected}, found otherwise after the substitutions` : undefined;
};
