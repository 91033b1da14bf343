// How large the program of a pattern is, reckoned before it is compiled: counted repeats are written out by the engine, so
// a hundred characters can ask for a million instructions.

/** What a piece of a pattern adds to its program. */
export type PatternPart =
  /** A character, a class or an assertion; 0 for what leaves no instruction. */
  | { readonly kind: 'atom'; readonly size: number }
  /** A row of characters, of which a quantifier takes the last one only. */
  | { readonly kind: 'text'; readonly size: number }
  /** `*`, `+` or `?`. */
  | { readonly kind: 'single' }
  /** `{n,m}`: what stands before is written out so often. */
  | { readonly kind: 'repeat'; readonly times: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' };

// The two ends of a group.
const GROUP_SIZE = 2;
// A `*` behind what can be empty becomes `(?:x+)?`.
const LOOP_SIZE = 2;

/** Instructions of the program, an upper bound; Infinity is possible. Unbalanced groups are no concern of this count. */
export const programSize = (parts: readonly PatternPart[]): number => {
  const enclosing: number[] = [];
  let total = 0;
  let last = 0;
  for (const part of parts) {
    switch (part.kind) {
      case 'atom':
        last = part.size;
        total += last;
        break;
      case 'text':
        last = Math.min(part.size, 1);
        total += part.size;
        break;
      case 'single':
        last += LOOP_SIZE;
        total += LOOP_SIZE;
        break;
      case 'repeat':
        // Each copy of `x{n,m}` may be an optional one: an instruction more. The last one may be a loop.
        total += (last + 1) * part.times + LOOP_SIZE - last;
        last = (last + 1) * part.times + LOOP_SIZE;
        break;
      case 'open':
        enclosing.push(total);
        total = 0;
        break;
      case 'close':
        last = total + GROUP_SIZE;
        total = (enclosing.pop() ?? 0) + last;
        break;
    }
  }
  return enclosing.reduce((sum, outer) => sum + outer, total);
};
