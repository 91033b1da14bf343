// The key by which a bucket is asked whether a job may write: at creation, and when it refuses a file.

import type { Manifest } from '#job/manifest.ts';
import type { ObjectRules } from './contract.ts';

/** Name of no customer's file. Nothing is ever written under it: a probe creates an upload and aborts it. */
export const PROBE_NAME = 'import-station-probe';

/**
 * A key that no file of the job is likely to have, under the prefix as the substitutions leave it. The longest name is
 * taken that fits, for a prefix may leave one byte alone.
 */
export const probeKey = ({ prefix }: Pick<Manifest, 'prefix'>, rules: Pick<ObjectRules, 'keyOf'>): string => {
  for (let length = PROBE_NAME.length; length > 0; length -= 1) {
    const made = rules.keyOf(Buffer.from(PROBE_NAME.slice(0, length)));
    if (made.kind === 'key') return made.key;
  }
  // The substitutions may make no key of any such name; then the prefix as it stands is what is asked for.
  return prefix + PROBE_NAME.charAt(0);
};
