// What a former loader has finished: a set of path hashes, compact, because there may be tens of millions.
//
// INVARIANTS
//   table  holds SLOT_WORDS words a slot; a slot of zeros is free, and the hash of zeros is kept apart
//   A hash lies in the slot that its first word names, or in the next free one after it; at least a fifth are free.

import { PATH_HASH_BYTES } from '#import-log/path-hash.ts';

/** A set of 16-byte hashes. */
export interface DoneSet {
  /** Adds hashes that stand one after the other. Throws RangeError where the length is no multiple of 16. */
  addAll(hashes: Uint8Array): void;
  has(hash: Uint8Array): boolean;
  readonly size: number;
  /** Bytes of the table: 20 to 40 for each hash once it had to grow, 20 while it holds what was expected. */
  readonly tableBytes: number;
}

const WORD_BYTES = 4;
const SLOT_WORDS = 4;
const MIN_SLOTS = 16;
/** Slots for each hash: a fifth of the table stays free, so that a search ends soon (13 slots on average for what is not there). */
const SLOTS_PER_HASH = 1.25;

interface Table {
  readonly words: Uint32Array;
  readonly slots: number;
}

/** Makes an empty set with room for `expected` hashes; it grows where more come. */
export const createDoneSet = (expected: number): DoneSet => {
  let table = createTable(expected);
  let inTable = 0;
  let hasZero = false;

  const add = (words: Uint32Array, at: number): void => {
    if (isZero(words, at)) {
      hasZero = true;
      return;
    }
    if ((inTable + 1) * SLOTS_PER_HASH > table.slots) table = grown(table);
    if (insert(table, words, at)) inTable += 1;
  };

  return {
    addAll: (hashes) => {
      if (hashes.length % PATH_HASH_BYTES !== 0) {
        throw new RangeError(`Cannot add hashes: ${String(hashes.length)} bytes, expected a multiple of 16`);
      }
      const words = wordsOf(hashes);
      for (let at = 0; at < words.length; at += SLOT_WORDS) add(words, at);
    },
    has: (hash) => {
      const words = wordsOf(hash);
      return isZero(words, 0) ? hasZero : isSame(table.words, find(table, words, 0), words, 0);
    },
    get size() {
      return inTable + (hasZero ? 1 : 0);
    },
    get tableBytes() {
      return table.words.byteLength;
    },
  };
};

// In the machine's own order of bytes: all that counts is that equal hashes give equal words.
const wordsOf = (hashes: Uint8Array): Uint32Array =>
  hashes.byteOffset % WORD_BYTES === 0
    ? new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length / WORD_BYTES)
    : new Uint32Array(new Uint8Array(hashes).buffer);

const createTable = (expected: number): Table => {
  const slots = Math.max(MIN_SLOTS, Math.ceil(expected * SLOTS_PER_HASH));
  return { words: new Uint32Array(slots * SLOT_WORDS), slots };
};

const grown = ({ words, slots }: Table): Table => {
  const table = createTable((2 * slots) / SLOTS_PER_HASH);
  for (let at = 0; at < words.length; at += SLOT_WORDS) {
    if (!isZero(words, at)) insert(table, words, at);
  }
  return table;
};

const insert = (table: Table, words: Uint32Array, at: number): boolean => {
  const place = find(table, words, at);
  if (!isZero(table.words, place)) return false;
  for (let word = 0; word < SLOT_WORDS; word += 1) table.words[place + word] = words[at + word] ?? 0;
  return true;
};

/** Where in the table a hash stands, or the free slot where it would go. */
const find = ({ words: table, slots }: Table, words: Uint32Array, at: number): number => {
  let place = ((words[at] ?? 0) % slots) * SLOT_WORDS;
  while (!isZero(table, place) && !isSame(table, place, words, at)) place = (place + SLOT_WORDS) % table.length;
  return place;
};

const isZero = (words: Uint32Array, at: number): boolean =>
  words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0;

const isSame = (one: Uint32Array, at: number, other: Uint32Array, otherAt: number): boolean =>
  one[at] === other[otherAt] &&
  one[at + 1] === other[otherAt + 1] &&
  one[at + 2] === other[otherAt + 2] &&
  one[at + 3] === other[otherAt + 3];
