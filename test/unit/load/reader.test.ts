// Reading files in threads.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { createBlockPool, type BlockPool } from '#load/block-pool.ts';
import { createReader, type Reader } from '#load/reader.ts';
import type { FileToRead } from '#load/reader-messages.ts';

const never = new AbortController().signal;
const MIB = 1024 * 1024;

interface Setting {
  readonly root: string;
  readonly reader: Reader;
  readonly pool: BlockPool;
  file(name: string, sizeBytes: number): FileToRead;
}

const makeSetting = (t: TestContext): Setting => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'reader-'));
  const directoryFd = fs.openSync(root, fs.constants.O_DIRECTORY);
  const reader = createReader({ threads: 2, isSigned: false, readsDirectly: true });
  t.after(async () => {
    await reader[Symbol.asyncDispose]();
    fs.closeSync(directoryFd);
    fs.rmSync(root, { recursive: true });
  });
  return {
    root,
    reader,
    pool: createBlockPool(16 * MIB),
    file: (name, sizeBytes) => ({ directoryFd, name, sizeBytes }),
  };
};

const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_value, index) => (index * 7) % 251));

const descriptorsOf = (name: string): number =>
  fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === name;
    } catch {
      // Closed since it was listed.
      return false;
    }
  }).length;

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

for (const length of [0, 1, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 5]) {
  test(`readWhole: gives bytes and MD5 of a file of ${String(length)} bytes`, async (t) => {
    const { root, reader, pool, file } = makeSetting(t);
    const content = pattern(length);
    fs.writeFileSync(path.join(root, 'file'), content);
    using block = await pool.take(length, never);

    const read = await reader.readWhole(file('file', length), block);

    assert.ok(read.kind === 'ok');
    assert.equal(read.md5, md5Of(content));
    assert.ok(content.equals(block.bytes));
  });
}

test('readWhole: opens a name that is no UTF-8', async (t) => {
  const { root, reader, pool, file } = makeSetting(t);
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x41])]), 'abc');
  using block = await pool.take(3, never);

  assert.equal((await reader.readWhole(file('\xffA', 3), block)).kind, 'ok');
});

const problems: readonly (readonly [string, (file: string) => void, number, string])[] = [
  ['it has grown since the walk', (file) => fs.writeFileSync(file, 'abcd'), 3, 'FileChanged'],
  ['it has shrunk since the walk', (file) => fs.writeFileSync(file, 'ab'), 3, 'FileChanged'],
  ['it is gone', () => undefined, 3, 'ReadError'],
  ['a link is in its place', (file) => fs.symlinkSync('/etc/hostname', file), 3, 'ReadError'],
  ['a folder is in its place', (file) => fs.mkdirSync(file), 3, 'FileChanged'],
  ['a FIFO that nobody writes to is in its place', (file) => execFileSync('mkfifo', [file]), 0, 'FileChanged'],
];
for (const [what, make, sizeBytes, code] of problems) {
  test(`readWhole: gives ${code}, when ${what}`, async (t) => {
    const { root, reader, pool, file } = makeSetting(t);
    make(path.join(root, 'file'));
    using block = await pool.take(sizeBytes, never);

    const read = await reader.readWhole(file('file', sizeBytes), block);

    assert.equal(read.kind === 'problem' && read.code, code);
  });
}

test('readWhole: reads many files at once, each into its own block', async (t) => {
  const { root, reader, pool, file } = makeSetting(t);
  const contents = Array.from({ length: 60 }, (_value, index) => pattern(1000 + index * 17));
  for (const [index, content] of contents.entries()) fs.writeFileSync(path.join(root, String(index)), content);

  const results = await Promise.all(
    contents.map(async (content, index) => {
      using block = await pool.take(content.length, never);
      const read = await reader.readWhole(file(String(index), content.length), block);
      return read.kind === 'ok' && content.equals(block.bytes) && read.md5;
    }),
  );

  assert.deepEqual(results, contents.map(md5Of));
});

test('open: reads part after part, with CRC32 of each and MD5 of the whole', async (t) => {
  const { root, reader, pool, file } = makeSetting(t);
  const content = pattern(MIB + 300);
  fs.writeFileSync(path.join(root, 'file'), content);
  const cuts = [0, 600_000, MIB, content.length];

  const opened = await reader.open(file('file', content.length));
  assert.ok(opened.kind === 'ok');
  using reading = opened.reading;
  for (const [index, start] of cuts.slice(0, -1).entries()) {
    const part = content.subarray(start, cuts[index + 1]);
    using block = await pool.take(part.length, never);
    const read = await reading.readPart(block);
    assert.deepEqual(read, { kind: 'ok', crc32: crc32(part) });
    assert.ok(part.equals(block.bytes));
  }

  const finished = await reading.finish();
  assert.ok(finished.kind === 'ok');
  assert.equal(finished.md5, md5Of(content));
});

test('open: gives FileChanged, when the file ends too early or has grown by its end', async (t) => {
  const { root, reader, pool, file } = makeSetting(t);
  const name = path.join(root, 'file');
  fs.writeFileSync(name, pattern(2000));
  using block = await pool.take(1000, never);

  const shrinking = await reader.open(file('file', 2000));
  assert.ok(shrinking.kind === 'ok');
  assert.equal((await shrinking.reading.readPart(block)).kind, 'ok');
  fs.truncateSync(name, 1500);
  const cut = await shrinking.reading.readPart(block);
  assert.equal(cut.kind === 'problem' && cut.code, 'FileChanged');
  shrinking.reading[Symbol.dispose]();

  const growing = await reader.open(file('file', 1500));
  assert.ok(growing.kind === 'ok');
  assert.equal((await growing.reading.readPart(block)).kind, 'ok');
  fs.appendFileSync(name, 'more');
  const finished = await growing.reading.finish();
  assert.equal(finished.kind === 'problem' && finished.code, 'FileChanged');
});

test('open: closes the file at the end, or when it is let go of', async (t) => {
  const { root, reader, file } = makeSetting(t);
  fs.writeFileSync(path.join(root, 'file'), '');
  const name = path.join(root, 'file');

  for (const end of ['finish', 'dispose'] as const) {
    const opened = await reader.open(file('file', 0));
    assert.ok(opened.kind === 'ok');
    assert.equal(descriptorsOf(name), 1);
    if (end === 'finish') await opened.reading.finish();
    opened.reading[Symbol.dispose]();
    await t.waitFor(() => assert.equal(descriptorsOf(name), 0));
  }
});

test('answers: grows while files are read', async (t) => {
  const { root, reader, pool, file } = makeSetting(t);
  fs.writeFileSync(path.join(root, 'file'), 'abc');
  using block = await pool.take(3, never);
  const before = reader.answers;

  await reader.readWhole(file('file', 3), block);

  assert.ok(reader.answers > before);
});

test('createReader: rejects what is asked after its end', async (t) => {
  const { reader, file } = makeSetting(t);
  await reader[Symbol.asyncDispose]();

  await assert.rejects(reader.open(file('file', 0)), /has ended/u);
});
