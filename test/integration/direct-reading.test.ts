// Large files are read past the system's cache on the file systems that are known to bear it, and through it on all others;
// the bytes are the same.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';

import { KIB, MIB } from '#language/units.ts';
import { createBlockPool } from '#load/block-pool.ts';
import { canReadDirectly } from '#load/read-directly.ts';
import { createReader, type Reader } from '#load/reader.ts';
import { makeImage, withMounted, type FsType } from '../support/loop.ts';
import { run } from '../support/run.ts';

const CONTENT = randomBytes(5 * MIB + 5);
/** Of a part: its second one begins within a sector, where no direct read can. */
const PART_SIZES = [2 * MIB, MIB + 100, 2 * MIB - 95];
const SMALL = randomBytes(256 * KIB);

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
  assert.equal(Buffer.from(whole.md5).toString('hex'), md5Of(CONTENT));
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
  assert.equal(Buffer.from(finished.md5).toString('hex'), md5Of(CONTENT));
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
