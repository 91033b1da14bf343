// The same as listing.ts, with synchronous calls: for the thread of a walk.

import { opendirSync, readdirSync, type Dir, type Dirent } from 'node:fs';
import { asBytes, nameLookedAt, nameOf } from './listed-name.ts';
import type { NameToLookAt } from './look.ts';

/** An open listing. */
export interface ListingSync {
  /** The next name; undefined at the end. Errors: the system's. */
  read(): NameToLookAt | undefined;
  close(): void;
}

/**
 * Opens the listing of a directory; the kernel is asked for `namesAtOnce`. Errors: the system's.
 *
 * Where a file system does not say what a name is (ISO 9660, an XFS or ext of old), Node looks at the name by itself, and gives
 * up all names of one answer where it cannot look at one of them. From there on it is asked for one name at a time.
 */
export const openListingSync = (path: string, namesAtOnce: number): ListingSync => {
  let dir: Dir = opendirSync(path, asBytes(namesAtOnce));
  let isSingle = false;
  let given = 0;
  const readOneByOne = (): void => {
    dir.closeSync();
    isSingle = true;
    dir = opendirSync(path, asBytes(1));
    for (let skipped = 0; skipped < given; skipped += 1) dir.readSync();
  };
  const next = (): NameToLookAt | undefined => {
    try {
      return nameOf(dir.readSync());
    } catch (error: unknown) {
      const name = nameLookedAt(error, path);
      if (name === undefined) throw error;
      if (isSingle) return { name, isDirectory: false };
    }
    readOneByOne();
    return next();
  };
  return {
    read: () => {
      const name = next();
      given += 1;
      return name;
    },
    close: () => {
      dir.closeSync();
    },
  };
};

/**
 * All names of a directory by one call, for one that cannot have many: Node's open listing costs three times as much as all
 * else that is done for a small folder. What breaks off is opened as a listing, which gives the names before the error.
 */
export const listAtOnce = (path: string, namesAtOnce: number): ListingSync => {
  let entries: readonly Dirent<Buffer>[];
  try {
    entries = readdirSync(path, { encoding: 'buffer', withFileTypes: true });
  } catch {
    return openListingSync(path, namesAtOnce);
  }
  let next = 0;
  return {
    read: () => {
      const name = nameOf(entries[next] ?? null);
      next += 1;
      return name;
    },
    close: () => {
      entries = [];
    },
  };
};
