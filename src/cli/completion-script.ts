// What the completion scripts of the three shells have in common.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// The line of completion.bash, completion.zsh and completion.fish that the commands replace.
const MARK = /^ *# COMMANDS\n/mu;

/** The script of a shell, with the part that is made from the commands at its place. */
export const fillScript = (shell: 'bash' | 'zsh' | 'fish', commands: string): string =>
  readFileSync(join(import.meta.dirname, `completion.${shell}`), 'utf8').replace(MARK, () => commands);

/** Text in quotes for bash and zsh. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
