// Asks for a secret at a terminal without showing what is typed.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Secret } from '#language/secret.ts';
import type { CliContext } from './context.ts';

/** Asks on stderr; needs a terminal on stdin. */
export const promptSecret = async ({ io, signal }: CliContext, prompt: string): Promise<Secret> => {
  // readline echoes into its output: one that swallows everything keeps the secret off the screen.
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  // The terminal's own echo goes off with the interface: nothing is asked before that.
  const lines = createInterface({ input: io.stdin, output: silent, terminal: true });
  io.stderr.write(`${prompt}: `);
  try {
    return new Secret(await lines.question('', { signal }));
  } finally {
    lines.close();
    io.stderr.write('\n');
  }
};
