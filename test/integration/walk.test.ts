// The walk on what only root can make: device nodes, other mounts, and a file system that was crafted to have no end.

import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { walk, type WalkEntry } from '#drive/walk.ts';
import { makeImage, withMounted } from '../support/loop.ts';
import { run } from '../support/run.ts';

const makeFolder = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'walk-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

const walkAll = (root: string): Promise<WalkEntry[]> =>
  Array.fromAsync(walk({ root, maxDepth: 20 }, AbortSignal.timeout(60_000)));

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
