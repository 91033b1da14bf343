// The names of a directory, some at a time, in whatever order the file system gives them.

import type { Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { asBytes, nameLookedAt, nameOf } from './listed-name.ts';
import type { NameToLookAt } from './look.ts';

/** An open listing. */
export interface Listing {
  /** The next name; undefined at the end. Errors: the system's. */
  read(): Promise<NameToLookAt | undefined>;
  close(): Promise<void>;
}

/**
 * Opens the listing of a directory; the kernel is asked for `namesAtOnce`. Errors: the system's.
 *
 * Where a file system does not say what a name is (ISO 9660, an XFS or ext of old), Node looks at the name by itself, and gives
 * up all names of one answer where it cannot look at one of them. From there on it is asked for one name at a time.
 */
export const openListing = async (path: string, namesAtOnce: number): Promise<Listing> => {
  let dir: Dir = await opendir(path, asBytes(namesAtOnce));
  let isSingle = false;
  let given = 0;
  const readOneByOne = async (): Promise<void> => {
    await dir.close();
    isSingle = true;
    dir = await opendir(path, asBytes(1));
    for (let skipped = 0; skipped < given; skipped += 1) await dir.read();
  };
  const next = async (): Promise<NameToLookAt | undefined> => {
    try {
      return nameOf(await dir.read());
    } catch (error: unknown) {
      const name = nameLookedAt(error, path);
      if (name === undefined) throw error;
      if (isSingle) return { name, isDirectory: false };
    }
    await readOneByOne();
    return next();
  };
  return {
    read: async () => {
      const name = await next();
      given += 1;
      return name;
    },
    close: () => dir.close(),
  };
};
