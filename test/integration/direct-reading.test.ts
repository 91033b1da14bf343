// Large files are read past the system's cache on the file systems that are known to bear it, and through it on all others;
// the bytes are the same.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, statfs, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import { KIB, MIB } from '#language/units.ts';
import { createBlockPool } from '#load/block-pool.ts';
import { canReadDirectly } from '#load/read-directly.ts';
import { createReader, type Reader } from '#load/reader.ts';
import { makeImage, plug, withMounted, type FsType } from '../support/loop.ts';
import { run } from '../support/run.ts';

const CONTENT = randomBytes(5 * MIB + 5);
/** The third part begins within a sector, where no direct read can. */
const PART_SIZES = [2 * MIB, MIB + 100, 2 * MIB - 95];
const SMALL = randomBytes(256 * KIB);
/** Few enough to be found out to the sector (read-in-pieces.ts). */
const LOST_BYTES = 64 * KIB;

const cachedBytes = async (path: string): Promise<number> =>
  Number(await run('fincore', ['--bytes', '--noheadings', '--raw', '--output', 'RES', path]));

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Reads a file of the folder whole, then by parts, and checks every byte. */
const checkReading = async (reader: Reader, folder: string, partSizes: readonly number[]): Promise<void> => {
  const signal = AbortSignal.timeout(60_000);
  const pool = createBlockPool(16 * MIB);
  await using directory = await open(folder);
  const file = { directoryFd: directory.fd, name: 'large', sizeBytes: CONTENT.length };
  using block = await pool.take(CONTENT.length, signal);
  const whole = await reader.readWhole(file, block);
  assert.ok(whole.kind === 'ok');
  assert.equal(whole.md5, md5Of(CONTENT));
  assert.ok(CONTENT.equals(block.bytes));

  const opened = await reader.open(file);
  assert.ok(opened.kind === 'ok');
  using reading = opened.reading;
  let from = 0;
  for (const size of partSizes) {
    using part = await pool.take(size, signal);
    const read = await reading.readPart(part);
    const wanted = CONTENT.subarray(from, from + size);
    assert.deepEqual(read, { kind: 'ok', crc32: crc32(wanted) });
    assert.ok(wanted.equals(part.bytes));
    from += size;
  }
  const finished = await reading.finish();
  assert.ok(finished.kind === 'ok');
  assert.equal(finished.md5, md5Of(CONTENT));
};

const onImage = async (fsType: FsType, work: (folder: string, isDirect: boolean) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'direct-'));
  try {
    const files = { large: CONTENT, small: SMALL };
    const image = await makeImage({ path: join(folder, 'drive.img'), fsType, files });
    await withMounted(image, fsType, async (root) => work(root, canReadDirectly((await statfs(root)).type)));
  } finally {
    await rm(folder, { recursive: true });
  }
};

for (const fsType of ['ext2', 'ext3', 'ext4', 'xfs'] as const) {
  test(`reader: reads a large file of ${fsType} past the cache`, () =>
    onImage(fsType, async (folder, isDirect) => {
      assert.ok(isDirect);
      await using reader = createReader({ threads: 2, isSigned: false, readsDirectly: isDirect });

      await checkReading(reader, folder, [4 * MIB, CONTENT.length - 4 * MIB]);

      assert.equal(await cachedBytes(join(folder, 'large')), 0);
    }));
}

test('reader: goes on through the cache where a direct read cannot be', () =>
  onImage('ext4', async (folder) => {
    await using reader = createReader({ threads: 1, isSigned: false, readsDirectly: true });

    await checkReading(reader, folder, PART_SIZES);

    assert.ok((await cachedBytes(join(folder, 'large'))) > 0);
  }));

for (const fsType of ['btrfs', 'ntfs', 'exfat'] as const) {
  test(`reader: reads a large file of ${fsType} through the cache`, () =>
    onImage(fsType, async (folder, isDirect) => {
      assert.ok(!isDirect);
      await using reader = createReader({ threads: 2, isSigned: false, readsDirectly: isDirect });

      await checkReading(reader, folder, PART_SIZES);

      assert.ok((await cachedBytes(join(folder, 'large'))) > 0);
    }));
}

test('reader: reads a small file through the cache, which costs no more', () =>
  onImage('ext4', async (folder) => {
    await using reader = createReader({ threads: 1, isSigned: false, readsDirectly: true });
    await using directory = await open(folder);
    using block = await createBlockPool(MIB).take(SMALL.length, AbortSignal.timeout(60_000));

    const read = await reader.readWhole({ directoryFd: directory.fd, name: 'small', sizeBytes: SMALL.length }, block);

    assert.equal(read.kind, 'ok');
    assert.ok(SMALL.equals(block.bytes));
    assert.equal(await cachedBytes(join(folder, 'small')), SMALL.length);
  }));

test('reader: names what cannot be read in the middle of a large file, and gives the part before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'direct-'));
  const root = join(folder, 'root');
  await mkdir(root);
  try {
    const image = await makeImage({ path: join(folder, 'drive.img'), fsType: 'ext4', files: { large: CONTENT } });
    const words = (await run('debugfs', ['-R', 'blocks /large', image])).trim().split(/\s+/u);
    const blocks = words.map(Number);
    const blockBytes = Number(/^Block size:\s+(\d+)$/mu.exec(await run('debugfs', ['-R', 'stats', image]))?.[1]);
    const firstLost = Math.max(...blocks) + 1 - LOST_BYTES / blockBytes;
    const isLost = blocks.map((block) => block >= firstLost);
    const [from, to] = [isLost.indexOf(true) * blockBytes, (isLost.lastIndexOf(true) + 1) * blockBytes];
    assert.equal(to - from, LOST_BYTES, 'what is cut off below lies together in the file');
    const firstBytes = MIB * Math.floor(from / MIB);
    assert.ok(firstBytes > 0 && to <= CONTENT.length, 'there is something before and behind it');
    await using drive = await plug(image);
    await run('mount', ['-t', 'ext4', '-o', 'ro', drive.device, root]);
    try {
      await truncate(image, firstLost * blockBytes);
      await using reader = createReader({ threads: 1, isSigned: false, readsDirectly: true });
      await using directory = await open(root);
      const signal = AbortSignal.timeout(60_000);
      const pool = createBlockPool(16 * MIB);
      const opened = await reader.open({ directoryFd: directory.fd, name: 'large', sizeBytes: CONTENT.length });
      assert.ok(opened.kind === 'ok');
      using reading = opened.reading;
      using first = await pool.take(firstBytes, signal);
      assert.equal((await reading.readPart(first)).kind, 'ok');
      assert.ok(CONTENT.subarray(0, firstBytes).equals(first.bytes));
      assert.equal(reader.inputErrors, 0);
      using last = await pool.take(CONTENT.length - firstBytes, signal);

      const read = await reading.readPart(last);

      assert.ok(read.kind === 'problem');
      assert.deepEqual([read.code, read.detail], ['ReadError', 'EIO']);
      assert.deepEqual(read.unread, { ranges: [{ from, to }], seenBytes: CONTENT.length });
      assert.ok(reader.inputErrors > 0);
    } finally {
      await run('umount', [root]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
