// The walk on what only root can make: device nodes, other mounts, and a file system that was crafted to have no end.

import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { WalkEntry } from '#drive/walk-volume.ts';
import { makeImage, withMounted } from '../support/loop.ts';
import { run } from '../support/run.ts';
import { walkEach } from '../support/walk-each.ts';

const makeFolder = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'walk-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

const walkAll = (root: string): Promise<WalkEntry[]> =>
  Array.fromAsync(walkEach({ root, maxDepth: 20 }, AbortSignal.timeout(60_000)));

const summary = (entries: readonly WalkEntry[]): string[] =>
  entries.map(({ kind, path: name, errno }) => `${kind} ${name.toString('latin1')} ${errno ?? ''}`.trim()).sort();

test('walk: gives a device node as what it is', async () => {
  await using root = await makeFolder();
  await run('mknod', [path.join(root.path, 'zero'), 'c', '1', '5']);
  await run('mknod', [path.join(root.path, 'disk'), 'b', '7', '0']);

  assert.deepEqual(summary(await walkAll(root.path)), ['device disk', 'device zero']);
});

test('walk: gives another mount as unlistable, and nothing of what it holds', async () => {
  await using root = await makeFolder();
  const inner = path.join(root.path, 'inner');
  await mkdir(inner);
  await run('mount', ['-t', 'tmpfs', 'tmpfs', inner]);
  try {
    await writeFile(path.join(inner, 'file'), '');

    assert.deepEqual(summary(await walkAll(root.path)), ['unlistable inner/ EXDEV']);
  } finally {
    await run('umount', [inner]);
  }
});

test('walk: comes to an end, when a crafted ext4 has a folder that holds itself', async () => {
  await using folder = await makeFolder();
  const image = await makeImage({
    path: path.join(folder.path, 'loop.img'),
    fsType: 'ext4',
    files: { 'a/b/file': 'x' },
  });
  await run('debugfs', ['-w', '-R', 'link a a/b/again', image]);

  await withMounted(image, 'ext4', async (root) => {
    const entries = summary(await walkAll(root));

    assert.deepEqual(entries, ['file a/b/file', 'unlistable a/b/again/ ELOOP']);
  });
});

// exFAT specification 7: an entry set is a file's entry (0x85), its stream (0xc0) with the first cluster, and its name (0xc1).
const ENTRY_BYTES = 32;
const NAME_BYTES = 30;
const FIRST_CLUSTER = 20;

interface EntrySet {
  readonly at: number;
  readonly length: number;
  readonly name: string;
  readonly cluster: number;
}

const placeOfCluster = (image: Buffer, cluster: number): { readonly start: number; readonly length: number } => {
  const sectorBytes = 2 ** image.readUInt8(108);
  const length = sectorBytes * 2 ** image.readUInt8(109);
  return { start: image.readUInt32LE(88) * sectorBytes + (cluster - 2) * length, length };
};

const entrySets = (image: Buffer, folder: number): readonly EntrySet[] => {
  const { start, length } = placeOfCluster(image, folder);
  const sets: EntrySet[] = [];
  for (let at = start; at < start + length; at += ENTRY_BYTES) {
    if (image[at] !== 0x85) continue;
    const further = image.readUInt8(at + 1);
    const names = Array.from({ length: further - 1 }, (_, index) => {
      const from = at + (index + 2) * ENTRY_BYTES + 2;
      return image.toString('utf16le', from, from + NAME_BYTES);
    });
    const cluster = image.readUInt32LE(at + ENTRY_BYTES + FIRST_CLUSTER);
    sets.push({ at, length: (further + 1) * ENTRY_BYTES, name: names.join('').replaceAll('\0', ''), cluster });
  }
  return sets;
};

// Folders of the root's folder `outer` become `outer` itself.
const makeEndless = async (path: string): Promise<void> => {
  const image = await readFile(path);
  const outer = entrySets(image, image.readUInt32LE(96)).find(({ name }) => name === 'outer')?.cluster ?? 0;
  for (const { at, length, name } of entrySets(image, outer)) {
    if (!name.startsWith('inner')) continue;
    image.writeUInt32LE(outer, at + ENTRY_BYTES + FIRST_CLUSTER);
    let checksum = 0;
    for (let index = 0; index < length; index += 1) {
      const isChecksum = index === 2 || index === 3;
      if (!isChecksum) checksum = (((checksum >> 1) | ((checksum & 1) << 15)) + image.readUInt8(at + index)) & 0xffff;
    }
    image.writeUInt16LE(checksum, at + 2);
  }
  await writeFile(path, image);
};

test('walk: comes to an end, when a crafted exFAT, which has no inodes, has a folder that holds itself twice', async () => {
  await using folder = await makeFolder();
  const files = { 'outer/file': 'x', 'outer/inner-1/': '', 'outer/inner-2/': '' };
  const image = await makeImage({ path: path.join(folder.path, 'endless.img'), fsType: 'exfat', files });
  await makeEndless(image);

  await withMounted(image, 'exfat', async (root) => {
    const entries = summary(await walkAll(root));

    assert.ok(
      entries.some((entry) => /^file outer\/inner-\d\/inner-\d\/file/u.test(entry)),
      'the folder holds itself',
    );
    assert.ok(entries.some((entry) => entry.startsWith('unlistable ') && entry.endsWith(' ELOOP')));
    assert.ok(entries.length < 10_000, `${String(entries.length)} entries`);
  });
});
