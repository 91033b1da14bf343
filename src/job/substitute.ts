// The substitutions of a manifest at work on a text: literal, in manifest order, each seeing what the one before made
// (spec 1.7).

import type { Substitution } from './manifest.ts';

// Substitutions may lengthen what earlier ones made; ten of them would turn a name into gigabytes. What is longer than
// this many UTF-16 units on the way is not pursued: only a key of 1,024 bytes can be the end of it.
const LONGEST_ON_THE_WAY = 65_536;

/** What substituting gives, or why it stopped: with the text as far as it was made, empty where nothing is left. */
export type Substituted =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly code: 'InvalidSubstitution' | 'KeyTooLong'; readonly text: string };

/** Replaces all occurrences, one substitution after the other; no text in between has more than 65,536 UTF-16 units. */
export const substitute = (text: string, substitutions: readonly Substitution[]): Substituted => {
  let current = text;
  for (const { from, to } of substitutions) {
    const pieces = current.split(from);
    const length = current.length + (pieces.length - 1) * (to.length - from.length);
    if (length > LONGEST_ON_THE_WAY) return { kind: 'problem', code: 'KeyTooLong', text: current };
    current = pieces.join(to);
    if (current === '') return { kind: 'problem', code: 'InvalidSubstitution', text: '' };
  }
  return { kind: 'text', text: current };
};
