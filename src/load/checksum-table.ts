// What a second reading compares with: the MD5 of every loaded file by its path hash, compact, because there may be tens of
// millions.
//
// INVARIANTS
//   records  holds RECORD_BYTES for each file, in the order in which they came
//   slots    number of a record plus one, or 0; a record lies in the slot that its first word names, or in the next free
//            one after it; at least half are free

import { PATH_HASH_BYTES } from '#import-log/path-hash.ts';

const MD5_BYTES = 16;

/** Bytes of one record: path hash, then MD5. */
export const RECORD_BYTES: number = PATH_HASH_BYTES + MD5_BYTES;

/** Loaded files, and what a second reading gave of them. */
export interface ChecksumTable {
  /** Adds records that stand one after the other. Throws RangeError for half ones, and for more than were announced. */
  addAll(records: Uint8Array): void;
  /** True for a file that was loaded. */
  has(pathHash: Uint8Array): boolean;
  /** Notes what a file of the table gave, in hex; true where it is what was loaded. */
  agree(pathHash: Uint8Array, md5: string): boolean;
  /** Path hashes of the files that did not agree, or were never read. */
  others(): IterableIterator<Uint8Array>;
  /** Records that were added. */
  readonly size: number;
}

const SLOTS_PER_RECORD = 2;
const MIN_SLOTS = 16;

/** Makes an empty table for at most `expected` files. */
export const createChecksumTable = (expected: number): ChecksumTable => {
  const records = Buffer.alloc(expected * RECORD_BYTES);
  const agreed = new Uint8Array(expected);
  const slots = new Uint32Array(Math.max(MIN_SLOTS, expected * SLOTS_PER_RECORD));
  let size = 0;

  const hashOf = (record: number): Uint8Array =>
    records.subarray(record * RECORD_BYTES, record * RECORD_BYTES + PATH_HASH_BYTES);
  const find = (hash: Uint8Array): { readonly slot: number; readonly record: number | undefined } => {
    let slot = firstWord(hash) % slots.length;
    for (let number = slots[slot] ?? 0; number !== 0; number = slots[slot] ?? 0) {
      if (Buffer.compare(hashOf(number - 1), hash) === 0) return { slot, record: number - 1 };
      slot = (slot + 1) % slots.length;
    }
    return { slot, record: undefined };
  };

  return {
    addAll: (added) => {
      if (added.length % RECORD_BYTES !== 0 || size + added.length / RECORD_BYTES > expected) {
        throw new RangeError(
          `Cannot add ${String(added.length)} bytes of records to ${String(size)} of ${String(expected)}`,
        );
      }
      records.set(added, size * RECORD_BYTES);
      for (let at = 0; at < added.length; at += RECORD_BYTES) {
        slots[find(hashOf(size)).slot] = size + 1;
        size += 1;
      }
    },
    has: (hash) => find(hash).record !== undefined,
    agree: (hash, md5) => {
      const { record } = find(hash);
      if (record === undefined) return false;
      const wanted = records.subarray(record * RECORD_BYTES + PATH_HASH_BYTES, (record + 1) * RECORD_BYTES);
      if (Buffer.compare(wanted, Buffer.from(md5, 'hex')) !== 0) return false;
      agreed[record] = 1;
      return true;
    },
    *others() {
      for (let record = 0; record < size; record += 1) if (agreed[record] !== 1) yield hashOf(record);
    },
    get size() {
      return size;
    },
  };
};

const firstWord = (hash: Uint8Array): number => new DataView(hash.buffer, hash.byteOffset).getUint32(0);
