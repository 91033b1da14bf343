// Files that a command is given: manifests, certificates, secrets. Bounded, because the name may be mistaken.

import { closeSync, openSync, readSync } from 'node:fs';
import { Secret } from '#language/secret.ts';
import { MIB } from '#language/units.ts';
import type { CliContext } from './context.ts';
import { refused, type Answer } from './refusal.ts';
import { promptSecret } from './prompt-secret.ts';

const MAX_INPUT_BYTES = MIB;

const FILE_PROBLEMS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'a part of its path is no folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'you may not do that'],
  ['EROFS', 'it lies on a medium that cannot be written'],
  ['ENOSPC', 'the disk is full'],
]);

/** Reads a whole file of at most 1 MiB. */
export const readInputFile = (path: string): Answer<Buffer> => {
  try {
    const bytes = readBounded(path);
    return bytes === undefined
      ? refused('FileUnreadable', { file: path, message: 'it is larger than 1 MiB, expected a small text file' })
      : { kind: 'ok', value: bytes };
  } catch (error: unknown) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return refused('FileUnreadable', { file: path, message: fileProblem(error) });
  }
};

/** What the system says of a file, in words. */
export const fileProblem = (error: Error & { readonly code?: unknown }): string =>
  FILE_PROBLEMS.get(error.code) ?? error.message;

/** Reads a secret from a file without what editors put around it, or asks for it where there is a terminal. */
export const readSecret = async (
  context: CliContext,
  { path, prompt, option }: { readonly path: string | undefined; readonly prompt: string; readonly option: string },
): Promise<Answer<Secret>> => {
  const answer = path === undefined ? await askSecret(context, prompt, option) : readSecretFile(path);
  if (answer.kind === 'refused') return answer;
  return answer.value.reveal() === ''
    ? refused('UsageError', { message: `the secret is empty, expected text in the file of ${option} or typed in` })
    : answer;
};

const BYTE_ORDER_MARK = /^\uFEFF/u;
// A signature made with a key in UTF-16, or with a second line, is told from a right one only after the drive was mailed.
const UNTYPABLE = /[\p{Cc}\uFFFD]/u;

const readSecretFile = (path: string): Answer<Secret> => {
  const file = readInputFile(path);
  if (file.kind === 'refused') return file;
  const secret = file.value.toString('utf8').replace(BYTE_ORDER_MARK, '').trimEnd();
  return UNTYPABLE.test(secret)
    ? refused('UsageError', { message: `${path} holds no secret: expected one line of text in UTF-8` })
    : { kind: 'ok', value: new Secret(secret) };
};

const askSecret = async (context: CliContext, prompt: string, option: string): Promise<Answer<Secret>> => {
  if (context.io.stdin.isTTY !== true) {
    return refused('UsageError', { message: `${option} is missing, and there is no terminal to ask for the secret` });
  }
  return { kind: 'ok', value: await promptSecret(context, prompt) };
};

// Read in pieces instead of by size: a pipe such as /dev/stdin has none.
const readBounded = (path: string): Buffer | undefined => {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_INPUT_BYTES + 1);
    let filled = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      filled += count;
      if (count === 0) return buffer.subarray(0, filled);
      if (filled === buffer.length) return undefined;
    }
  } finally {
    closeSync(descriptor);
  }
};
