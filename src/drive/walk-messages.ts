// What a walk's thread says: some entries in one message, in columns, because a message of objects costs more than a look.

import type { SeenNames, VolumeToWalk, WalkEntry, WalkKind } from './walk-volume.ts';

/** What the thread works on. */
export interface WalkThreadData {
  readonly volume: VolumeToWalk;
  /** Memory of an AnswerCount. */
  readonly answers: SharedArrayBuffer;
  /** One Int32: not 0 once the walk is to stop. */
  readonly stop: SharedArrayBuffer;
}

/** What the thread is asked: the next batch, or to stop, close what it has open, and end. */
export type WalkRequest = 'more' | 'stop';

/** A directory that gives entries from now on. Its descriptor is the receiver's to close, once the thread has left it. */
export interface ToldFolder {
  readonly id: number;
  readonly fd: number;
}

/** Some entries, perhaps none. */
export interface WalkBatch {
  readonly folders: readonly ToldFolder[];
  /** As latin1, each followed by NUL. */
  readonly paths: string;
  /** Places in WALK_KINDS. */
  readonly kinds: Uint8Array;
  /** Those of packFacts, one entry after the other. */
  readonly facts: Float64Array;
  /** By place. */
  readonly errnos: ReadonlyMap<number, string>;
  /** Ids of folders that the thread has left; all of their entries were given. */
  readonly left: readonly number[];
  /** What the names of the windows took that were read for this batch. */
  readonly seen: SeenNames;
  readonly isEnded: boolean;
  /** The system's, where the root cannot be opened or the process itself is short of something. */
  readonly failure?: { readonly message: string; readonly code: string; readonly syscall: string };
}

/** The numbers of an entry. */
export interface EntryFacts extends Pick<WalkEntry, 'sizeBytes' | 'inode' | 'allocatedBytes'> {
  readonly folderId: number;
  readonly modifiedMs: number;
}

/** Memory of a thread that walks, in MiB: a window of the root's entries and one of each folder on the way to the deepest. */
export const WALK_THREAD_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 2 } as const;

const FACTS = 5;

/** FACTS numbers, in the order in which `unpackFacts` has them. */
export const packFacts = (
  { sizeBytes, modifiedAt, inode, allocatedBytes }: WalkEntry,
  folderId: number,
): readonly number[] => [folderId, sizeBytes, modifiedAt.getTime(), inode, allocatedBytes];

/** The facts of the entry at a place. */
export const unpackFacts = (facts: Float64Array, place: number): EntryFacts => {
  const first = place * FACTS;
  return {
    folderId: facts[first] ?? 0,
    sizeBytes: facts[first + 1] ?? 0,
    modifiedMs: facts[first + 2] ?? 0,
    inode: facts[first + 3] ?? 0,
    allocatedBytes: facts[first + FACTS - 1] ?? 0,
  };
};

/** Kinds by their places. */
export const WALK_KINDS: readonly WalkKind[] = [
  'file',
  'link',
  'fifo',
  'socket',
  'device',
  'unlistable',
  'too-deep',
  'unreadable',
];
