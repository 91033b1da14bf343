// What a former loader has finished: a set of path hashes, compact, because there may be tens of millions.
//
// INVARIANTS
//   table  holds SLOT_WORDS words a slot; a slot of zeros is free, and the hash of zeros is kept apart
//   A hash lies in the slot that its first word names, or in the next free one after it; at least half are free.

import { PATH_HASH_BYTES } from '#import-log/path-hash.ts';

/** A set of 16-byte hashes. */
export interface DoneSet {
  /** Adds hashes that stand one after the other. Throws RangeError where the length is no multiple of 16. */
  addAll(hashes: Uint8Array): void;
  has(hash: Uint8Array): boolean;
  readonly size: number;
  /** Bytes of the table: 32 to 64 for each hash once it had to grow, 32 while it holds what was expected. */
  readonly tableBytes: number;
}

const SLOT_WORDS = 4;
const MIN_SLOTS = 16;
/** Slots for each hash: half of the table stays free, so that a search ends soon. */
const SLOTS_PER_HASH = 2;

interface Table {
  readonly words: Uint32Array;
  readonly slots: number;
}

/** Makes an empty set with room for `expected` hashes; it grows where more come. */
export const createDoneSet = (expected: number): DoneSet => {
  let table = createTable(expected);
  let inTable = 0;
  let hasZero = false;

  const add = (hash: Hash): void => {
    if (isZero(hash)) {
      hasZero = true;
      return;
    }
    if ((inTable + 1) * SLOTS_PER_HASH > table.slots) table = grown(table);
    if (insert(table, hash)) inTable += 1;
  };

  return {
    addAll: (hashes) => {
      if (hashes.length % PATH_HASH_BYTES !== 0) {
        throw new RangeError(`Cannot add hashes: ${String(hashes.length)} bytes, expected a multiple of 16`);
      }
      for (let at = 0; at < hashes.length; at += PATH_HASH_BYTES) add(hashAt(hashes, at));
    },
    has: (hash) => {
      const wanted = hashAt(hash, 0);
      return isZero(wanted) ? hasZero : isHashAt(table, find(table, wanted), wanted);
    },
    get size() {
      return inTable + (hasZero ? 1 : 0);
    },
    get tableBytes() {
      return table.words.byteLength;
    },
  };
};

type Hash = readonly [number, number, number, number];

const createTable = (expected: number): Table => {
  const slots = Math.max(MIN_SLOTS, Math.ceil(expected) * SLOTS_PER_HASH);
  return { words: new Uint32Array(slots * SLOT_WORDS), slots };
};

const grown = (old: Table): Table => {
  const table = createTable(old.slots);
  for (let slot = 0; slot < old.slots; slot += 1) {
    const hash = hashOf(old, slot);
    if (!isZero(hash)) insert(table, hash);
  }
  return table;
};

const insert = (table: Table, hash: Hash): boolean => {
  const slot = find(table, hash);
  if (isHashAt(table, slot, hash)) return false;
  table.words.set(hash, slot * SLOT_WORDS);
  return true;
};

/** The slot of a hash, or the free one where it would go. */
const find = (table: Table, hash: Hash): number => {
  let slot = hash[0] % table.slots;
  while (!isFree(table, slot) && !isHashAt(table, slot, hash)) slot = (slot + 1) % table.slots;
  return slot;
};

const isFree = ({ words }: Table, slot: number): boolean => {
  const at = slot * SLOT_WORDS;
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;
};

const isHashAt = ({ words }: Table, slot: number, [first, second, third, fourth]: Hash): boolean => {
  const at = slot * SLOT_WORDS;
  return words[at] === first && words[at + 1] === second && words[at + 2] === third && words[at + 3] === fourth;
};

const hashOf = ({ words }: Table, slot: number): Hash => {
  const at = slot * SLOT_WORDS;
  return [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0];
};

const isZero = ([first, second, third, fourth]: Hash): boolean =>
  first === 0 && second === 0 && third === 0 && fourth === 0;

const hashAt = (bytes: Uint8Array, at: number): Hash => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PATH_HASH_BYTES);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
};
