// The last look at a text of the daemon before it reaches a terminal.

import { printable } from './printable.ts';

/**
 * Makes a text of the daemon safe to show. The station has made most of them printable already, and their backslashes
 * must not double: only a text that still holds something else than printable characters is escaped.
 */
export const shown = (text: string): string => {
  const plain = text.replaceAll('\\', '');
  return printable(plain) === plain ? text : printable(text);
};
