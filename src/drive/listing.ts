// The names of a directory, some at a time, in whatever order the file system gives them.

import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import type { NameToLookAt } from './look.ts';

/** An open listing. */
export interface Listing {
  /** The next name; undefined at the end. Errors: the system's. */
  read(): Promise<NameToLookAt | undefined>;
  close(): Promise<void>;
}

/** Opens the listing of a directory; the kernel is asked for `namesAtOnce`. Errors: the system's. */
export const openListing = async (path: string, namesAtOnce: number): Promise<Listing> => {
  // Not as text: where a file system does not say what a name is (ISO 9660, an XFS or ext of old), Node looks at the name itself
  // and would look for its text in UTF-8, which is not there.
  const dir = await opendir(path, { ...AS_BYTES, bufferSize: namesAtOnce });
  return {
    read: async () => {
      const next: Dirent<string | Buffer> | null = await dir.read();
      if (next === null) return undefined;
      const { name } = next;
      return { name: typeof name === 'string' ? name : name.toString('latin1'), isDirectory: next.isDirectory() };
    },
    close: () => dir.close(),
  };
};

// Node takes it, as its `readdir` does; the types do not say so.
const AS_BYTES = { encoding: 'buffer' } as unknown as { readonly encoding: BufferEncoding };
