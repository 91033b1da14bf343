// What names of a directory are: one lstat each, for many names at once. Synchronous, so that a thread of its own can do it;
// the answer is compact, because it crosses threads.

import { lstatSync, type Stats } from 'node:fs';

import { MOST_BYTES } from '#language/units.ts';
import { pathInDirectory } from './held-directory.ts';
import { systemCode } from './system-code.ts';

/** A name of a directory as its listing has it. `name` is latin1: each byte. */
export interface NameToLookAt {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What a look can find; `unlistable` is a directory that cannot be looked at. */
const KINDS = ['file', 'directory', 'link', 'fifo', 'socket', 'device', 'unreadable', 'unlistable'] as const;

/** See KINDS. */
type LookKind = (typeof KINDS)[number];

/** What was seen of names, in their order. */
export interface Looks {
  /** Places in KINDS. */
  readonly kinds: Uint8Array;
  /** Five for each name: size in bytes, time of change in ms, inode, bytes that it occupies, names that its inode has. */
  readonly facts: Float64Array;
  /** The system's code, by place, where it does not say what a name is. */
  readonly errnos: ReadonlyMap<number, string>;
}

/** One of them. */
export interface Look {
  readonly kind: LookKind;
  /** Apparent size of a regular file, at most MOST_BYTES; else 0. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
  readonly allocatedBytes: number;
  /** Hard links of the inode (stat(2), `st_nlink`); 0 where it was not looked at. */
  readonly links: number;
  readonly errno?: string;
}

const FACTS = 5;
/** Unit of `st_blocks` (stat(2)), whatever the file system's own blocks are. */
export const STAT_BLOCK_BYTES = 512;

/** Looks at names of an open directory. `onAnswer` is called with each answer of the system. */
export const lookAtAll = (
  directoryFd: number,
  names: readonly NameToLookAt[],
  onAnswer: (() => void) | undefined,
): Looks => {
  const kinds = new Uint8Array(names.length);
  const facts = new Float64Array(names.length * FACTS);
  const errnos = new Map<number, string>();
  for (const [place, { name, isDirectory }] of names.entries()) {
    try {
      const stats = lstatSync(pathInDirectory(directoryFd, name));
      const kind = kindOf(stats);
      kinds[place] = KINDS.indexOf(kind);
      facts[place * FACTS] = kind === 'file' ? Math.min(stats.size, MOST_BYTES) : 0;
      facts[place * FACTS + 1] = stats.mtimeMs;
      facts[place * FACTS + 2] = stats.ino;
      facts[place * FACTS + 3] = stats.blocks * STAT_BLOCK_BYTES;
      facts[place * FACTS + 4] = stats.nlink;
    } catch (error: unknown) {
      kinds[place] = KINDS.indexOf(isDirectory ? 'unlistable' : 'unreadable');
      errnos.set(place, systemCode(error));
    }
    onAnswer?.();
  }
  return { kinds, facts, errnos };
};

/** What was seen of the name at a place. */
export const lookAt = ({ kinds, facts, errnos }: Looks, place: number): Look => {
  const errno = errnos.get(place);
  return {
    kind: KINDS[kinds[place] ?? KINDS.length] ?? 'unreadable',
    sizeBytes: facts[place * FACTS] ?? 0,
    modifiedMs: facts[place * FACTS + 1] ?? 0,
    inode: facts[place * FACTS + 2] ?? 0,
    allocatedBytes: facts[place * FACTS + 3] ?? 0,
    links: facts[place * FACTS + 4] ?? 0,
    ...(errno === undefined ? {} : { errno }),
  };
};

const kindOf = (stats: Stats): LookKind => {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  if (stats.isBlockDevice() || stats.isCharacterDevice()) return 'device';
  return 'unreadable';
};
