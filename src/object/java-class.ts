// A character class of a Java pattern, `[...]`, in the syntax of RE2. What both engines accept but read differently is
// refused or translated (decision 6): Java has unions (`[a[b]]`), intersections (`&&`) and its own `\s`.

import { printable } from '#language/printable.ts';
import { readEscape } from './java-escape.ts';

/** A class in RE2's syntax with the length that it had in Java's, or why there is none. */
export type ClassResult =
  | { readonly kind: 'ok'; readonly text: string; readonly length: number }
  | { readonly kind: 'problem'; readonly message: string };

// What stands before the next element decides whether `-` makes a range: only after a single character that is no
// end of a range itself.
type Before = 'nothing' | 'character' | 'dash';

/** Translates the class that begins with the `[` at the start of `source`. A class without its `]` is left to RE2. */
export const translateClass = (source: string): ClassResult => {
  const head = source.startsWith('[^') ? '[^' : '[';
  // Directly behind the head a `]` is a character, to Java and to RE2.
  const literal = source.startsWith(']', head.length) ? ']' : '';
  let text = `${head}${literal === '' ? '' : '\\]'}`;
  let at = head.length + literal.length;
  let before: Before = literal === '' ? 'nothing' : 'character';
  while (at < source.length) {
    const rest = source.slice(at);
    if (rest.startsWith(']')) return { kind: 'ok', text: `${text}]`, length: at + 1 };
    const element = readElement(rest);
    if (element.kind === 'problem') return element;
    if (before === 'dash' && element.kind === 'set') {
      return { kind: 'problem', message: `a range that ends with "${printable(rest.slice(0, element.length))}"` };
    }
    text += element.text;
    at += element.length;
    before = nextBefore(before, element);
  }
  return { kind: 'ok', text, length: source.length };
};

type Element =
  | { readonly kind: 'character' | 'set'; readonly text: string; readonly length: number }
  | { readonly kind: 'problem'; readonly message: string };

const readElement = (rest: string): Element => {
  if (rest.startsWith('&&')) return { kind: 'problem', message: 'an intersection "&&" inside a class' };
  if (rest.startsWith('[')) return { kind: 'problem', message: 'a "[" inside a class (write "\\[" for the character)' };
  if (rest.startsWith('\\')) return readEscape(rest, 'inside-class');
  const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  return { kind: 'character', text: character, length: character.length };
};

const nextBefore = (before: Before, element: Element): Before => {
  if (element.kind === 'set' || before === 'dash') return 'nothing';
  return before === 'character' && element.kind === 'character' && element.text === '-' ? 'dash' : 'character';
};
