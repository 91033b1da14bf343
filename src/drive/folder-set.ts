// The folders that a walk has entered: one that shows up under a second name would be walked again, and a few dozen of them
// in each other, each with two names, would be walked for ever.
//
// INVARIANTS
//   Memory: 8 to 32 bytes for a folder, outside of the heap, because a drive may have tens of millions.
//   slots  holds inode numbers, 0 where free; one lies in the slot of its hash, or in the next free one after it; at least
//          half are free.

import { randomInt } from 'node:crypto';

/** The folders of one walk. */
export interface FolderSet {
  /** Adds a folder by its device and inode; false where it was added before. */
  add(folder: { readonly dev: bigint; readonly ino: bigint }): boolean;
}

interface Table {
  slots: Float64Array;
  used: number;
}

const FIRST_SLOTS = 64;
const SLOTS_PER_FOLDER = 2;
const LOW_BITS = 2 ** 32;

/** btrfs gives it to every place of a subvolume that a snapshot has left out: all of them empty, none of them the same. */
const SHARED_INODE = 2n;

/** Makes an empty set. */
export const createFolderSet = (): FolderSet => {
  // The drive's maker knows its inode numbers, but must not know which of them meet.
  const factor = 2 * randomInt(LOW_BITS / 2) + 1;
  const place = (slots: Float64Array, inode: number): number => {
    const mixed = Math.imul((inode % LOW_BITS) ^ Math.floor(inode / LOW_BITS), factor) >>> 0;
    let at = Math.floor((mixed / LOW_BITS) * slots.length);
    while (slots[at] !== 0 && slots[at] !== inode) at = (at + 1) % slots.length;
    return at;
  };
  const grow = (table: Table): void => {
    const slots = new Float64Array(table.slots.length * 2);
    for (const inode of table.slots) if (inode !== 0) slots[place(slots, inode)] = inode;
    table.slots = slots;
  };
  const tables = new Map<bigint, Table>();
  return {
    add: ({ dev, ino }) => {
      if (ino === SHARED_INODE) return true;
      const table = tables.get(dev) ?? { slots: new Float64Array(FIRST_SLOTS), used: 0 };
      tables.set(dev, table);
      if ((table.used + 1) * SLOTS_PER_FOLDER > table.slots.length) grow(table);
      const inode = Number(ino);
      const at = place(table.slots, inode);
      if (table.slots[at] === inode) return false;
      table.slots[at] = inode;
      table.used += 1;
      return true;
    },
  };
};
