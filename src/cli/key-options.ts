// The options that name an access key, the same for `account add` and `account key add`. Secrets come from files or
// from a terminal, never as an argument: the process list and the shell's history would keep them.

import type { Command } from 'commander';
import type { z } from 'zod';
import type { keyInputSchema } from '#protocol/control.ts';
import type { CliContext } from './context.ts';
import { readInputFile, readSecret } from './read-input.ts';
import type { Answer } from './refusal.ts';

/** What the options give. */
export interface KeyOptions {
  readonly keyId: string;
  readonly secretFile?: string;
  readonly sessionTokenFile?: string;
  readonly signs?: boolean;
  readonly loads?: boolean;
}

/** A key as the control protocol sends it, its secrets revealed. */
export type KeyInput = z.infer<typeof keyInputSchema>;

/** Adds the options of a key to a command. */
export const addKeyOptions = (command: Command): Command =>
  command
    .requiredOption('--key-id <id>', 'access key ID')
    .option('--secret-file <file>', 'file with the secret access key; asked for at a terminal where not given')
    .option('--session-token-file <file>', 'file with the session token of a temporary key')
    .option('--signs', 'the key may verify SIGNATURE files (with --loads: both; neither given: both)')
    .option('--loads', 'the key may load objects');

/** Reads the key that the options name. */
export const readKey = async (context: CliContext, options: KeyOptions): Promise<Answer<KeyInput>> => {
  const secret = await readSecret(context, {
    path: options.secretFile,
    prompt: `Secret access key of ${options.keyId}`,
    option: '--secret-file',
  });
  if (secret.kind === 'refused') return secret;
  const token = options.sessionTokenFile === undefined ? undefined : readInputFile(options.sessionTokenFile);
  if (token?.kind === 'refused') return token;
  const isLimited = options.signs === true || options.loads === true;
  return {
    kind: 'ok',
    value: {
      accessKeyId: options.keyId,
      secretAccessKey: secret.value.reveal(),
      ...(token === undefined ? {} : { sessionToken: token.value.toString('utf8').trimEnd() }),
      signs: options.signs === true || !isLimited,
      loads: options.loads === true || !isLimited,
    },
  };
};
