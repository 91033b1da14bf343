import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { MIB } from '#language/units.ts';
import { createDataSet, imageBytesOf, SET_NAMES, sparseFile, writeDataSet } from '../../../bench/data-sets.ts';
import { sha256 } from '../../support/loop.ts';

const makeFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'data-sets-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

for (const name of SET_NAMES) {
  test(`createDataSet: ${name} is the same in every run, no path twice, and small enough for a key`, () => {
    const set = createDataSet(name, 0.1);
    const files = [...set.files()];

    assert.deepEqual(files, [...createDataSet(name, 0.1).files()]);
    assert.equal(new Set(files.map(({ path }) => path)).size, set.fileCount);
    assert.equal(
      files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      set.totalBytes,
    );
    assert.ok(files.every(({ path }) => Buffer.byteLength(path) <= 1024));
    assert.ok(imageBytesOf(set) > set.totalBytes);
  });
}

test('createDataSet: the full sets are as large as they are said to be', () => {
  const sizes = Object.fromEntries(
    SET_NAMES.map((name) => {
      const { fileCount, totalBytes } = createDataSet(name, 1);
      return [name, [fileCount, totalBytes]];
    }),
  );

  assert.deepEqual(
    [sizes['M'], sizes['L'], sizes['W']],
    [
      [2_000, 2_000 * MIB],
      [4, 4_096 * MIB],
      [200_000, 0],
    ],
  );
  assert.equal(sizes['S']?.[0], 20_000);
  assert.ok(Math.abs((sizes['S'][1] ?? 0) - 20_000 * 10_240) < 3_000_000);
});

test('writeDataSet: writes what was planned, with content that is the same in every run and in no two files', async (t) => {
  const set = createDataSet('D', 0.01);
  const folders = [makeFolder(t), makeFolder(t)];

  for (const folder of folders) writeDataSet(set, join(folder, 'data'));

  const contents = new Set<string>();
  for (const { path, sizeBytes } of set.files()) {
    const [one = '', other = ''] = folders.map((folder) => join(folder, 'data', path));
    assert.equal(statSync(one).size, sizeBytes);
    assert.equal(await sha256(one), await sha256(other));
    if (sizeBytes > 4) contents.add(await sha256(one));
  }
  assert.equal(contents.size, [...set.files()].filter(({ sizeBytes }) => sizeBytes > 4).length);
});

test('writeDataSet: a sparse file is a hole', (t) => {
  const folder = makeFolder(t);

  writeDataSet(sparseFile(64 * MIB), folder);

  const [name = ''] = readdirSync(folder);
  const { size, blocks } = statSync(join(folder, name));
  assert.deepEqual([size, blocks], [64 * MIB, 0]);
});
