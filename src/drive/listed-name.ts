// Names as Node's listings of a directory give them.

import type { Dirent, OpenDirOptions } from 'node:fs';
import type { NameToLookAt } from './look.ts';

/**
 * Options of a listing that asks the kernel for so many names at once. As bytes, not as text: Node would look for the UTF-8 of
 * the text, which is not there. It takes this, as its `readdir` does; the types do not say so.
 */
export const asBytes = (bufferSize: number): OpenDirOptions =>
  ({ encoding: 'buffer', bufferSize }) as unknown as OpenDirOptions;

/** The name of an entry; undefined at the end. */
export const nameOf = (entry: Dirent<string | Buffer> | null): NameToLookAt | undefined => {
  if (entry === null) return undefined;
  const { name } = entry;
  return { name: typeof name === 'string' ? name : name.toString('latin1'), isDirectory: entry.isDirectory() };
};

const REPLACEMENT = '\ufffd';

/**
 * The name that Node could not look at, where the file system does not say what its names are. The error has it as text; one
 * that is not UTF-8 is lost, and the listing breaks off there.
 */
export const nameLookedAt = (error: unknown, folder: string): string | undefined => {
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'lstat' && 'path' in error)) return undefined;
  const path = String(error.path);
  if (path.includes(REPLACEMENT) || !path.startsWith(`${folder}/`)) return undefined;
  return Buffer.from(path.slice(folder.length + 1)).toString('latin1');
};
