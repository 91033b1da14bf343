// The folders that a walk has entered.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createFolderSet } from '#drive/folder-set.ts';

test('folder set: knows each folder that was added, of many, by device and inode', () => {
  const folders = createFolderSet();
  const inodes = Array.from({ length: 20_000 }, (_, index) => [BigInt(index + 3), BigInt(index + 1) << 33n]).flat();

  for (const ino of inodes) assert.ok(folders.add({ dev: 1n, ino }), `${String(ino)} is new`);
  for (const ino of inodes) assert.ok(!folders.add({ dev: 1n, ino }), `${String(ino)} is known`);

  assert.ok(folders.add({ dev: 2n, ino: 3n }), 'of another device');
});

test('folder set: takes no two for the same by the inode that btrfs gives to all places of left-out subvolumes', () => {
  const folders = createFolderSet();

  assert.deepEqual([folders.add({ dev: 1n, ino: 2n }), folders.add({ dev: 1n, ino: 2n })], [true, true]);
});
