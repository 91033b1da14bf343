// The key of a file: prefix, path and substitutions (spec 1.7, 5; decisions 4, 5, 10), each with what can go wrong.

import { MAX_KEY_BYTES, hasUnlistableCharacter } from '#job/key-text.ts';
import type { Manifest } from '#job/manifest.ts';
import { type Substituted, substitute } from '#job/substitute.ts';
import type { KeyProblemCode, KeyResult } from './contract.ts';
import { isUtf8, pathText } from './path-text.ts';

// A segment that is empty, `.` or `..` (decision 5).
const BAD_SEGMENT = /(?:^|\/)\.{0,2}(?:\/|$)/u;

/** Makes the function that gives every raw path its key, or the row's code and the key as far as it could be made. */
export const createKeyOf = ({
  majorVersion,
  prefix,
  substitutions,
}: Pick<Manifest, 'majorVersion' | 'prefix' | 'substitutions'>): ((path: Uint8Array) => KeyResult) => {
  // Decision 10: before the prefix in 1.x, on prefix and path together in 2.0.
  const join =
    majorVersion === 1
      ? (path: string): Substituted => withPrefix(prefix, substitute(path, substitutions))
      : (path: string): Substituted => substitute(`${prefix}${path}`, substitutions);
  return (path) => {
    if (!isUtf8(path)) return problem('InvalidFileName', '');
    const made = join(pathText(path));
    return made.kind === 'problem' ? problem(made.code, made.text) : checkKey(made.text);
  };
};

const withPrefix = (prefix: string, substituted: Substituted): Substituted =>
  substituted.kind === 'problem' && substituted.code === 'InvalidSubstitution'
    ? substituted
    : { ...substituted, text: `${prefix}${substituted.text}` };

const checkKey = (key: string): KeyResult => {
  if (hasUnlistableCharacter(key)) return problem('InvalidKeyCharacter', key);
  if (BAD_SEGMENT.test(key)) return problem('InvalidKeySegment', key);
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return problem('KeyTooLong', key);
  return { kind: 'key', key };
};

const problem = (code: KeyProblemCode, key: string): KeyResult => ({ kind: 'problem', status: 400, code, key });
