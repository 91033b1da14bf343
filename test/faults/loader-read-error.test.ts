// A drive with unreadable sectors: what lies on them fails, and everything else is loaded.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KIB, MIB } from '#language/units.ts';
import { startLoaderRun } from '../support/loader-daemon.ts';
import { setLoaderScene, short } from '../support/loader-scene.ts';
import { makeImage, plug } from '../support/loop.ts';
import { startMinio } from '../support/minio.ts';
import { run } from '../support/run.ts';

const debugfs = (image: string, request: string): Promise<string> => run('debugfs', ['-R', request, image]);

const lastBlockOf = async (image: string, file: string): Promise<number> =>
  Number((await debugfs(image, `blocks ${file}`)).trim().split(/\s+/u).at(-1));

const blockBytesOf = async (image: string): Promise<number> =>
  Number(/^Block size:\s+(\d+)$/mu.exec(await debugfs(image, 'stats'))?.[1]);

test('runLoader: gives a file with an unreadable sector ReadError, and loads the others', async (t) => {
  await using minio = await startMinio();
  const { options, rows } = await setLoaderScene(t, minio);
  const folder = await mkdtemp(join(tmpdir(), 'sector-'));
  t.after(() => rm(folder, { recursive: true }));
  const image = await makeImage({
    path: join(folder, 'drive.img'),
    fsType: 'ext4',
    sizeBytes: 128 * MIB,
    files: { SIGNATURE: 'x', 'a/good': 'good', 'small.bin': randomBytes(MIB), 'large.bin': randomBytes(20 * MIB) },
  });
  // What is cut off from that block on is the end of the file that lies last, and nothing else.
  const bad = Math.max(await lastBlockOf(image, '/small.bin'), await lastBlockOf(image, '/large.bin'));
  const victim = bad === (await lastBlockOf(image, '/large.bin')) ? 'large.bin' : 'small.bin';
  await using drive = await plug(image);
  await run('mount', ['-t', 'ext4', '-o', 'ro', drive.device, options.root]);
  try {
    await truncate(image, bad * (await blockBytesOf(image)));

    await using loader = await startLoaderRun(options);
    const end = await loader.end;

    assert.equal(end.kind, 'finished');
    const found = await rows();
    assert.match(short(found.get(victim)), new RegExp(`^500 ReadError ${victim} - \\d+$`, 'u'));
    assert.equal(found.get('a/good')?.status, 200);
    assert.equal(found.get(victim === 'large.bin' ? 'small.bin' : 'large.bin')?.status, 200);
    assert.deepEqual(await minio.listUploads(options.access.bucket), []);
    // Once more after a while: it may have been on its way out.
    assert.equal(loader.messages.filter(({ kind }) => kind === 'drive-check').length, 2);
  } finally {
    await run('umount', [options.root]);
  }
});

test('runLoader: names the unreadable bytes of a file, and fails a folder that cannot be listed', async (t) => {
  await using minio = await startMinio();
  const { options, rows } = await setLoaderScene(t, minio);
  const folder = await mkdtemp(join(tmpdir(), 'sector-'));
  t.after(() => rm(folder, { recursive: true }));
  const content = randomBytes(12 * KIB);
  const image = await makeImage({
    path: join(folder, 'drive.img'),
    fsType: 'ext2',
    files: { SIGNATURE: 'x', good: content, holed: content, 'lost/file': 'x' },
  });
  const blockBytes = await blockBytesOf(image);
  assert.equal(blockBytes, KIB, 'the blocks of this file system are smaller than a page');
  const blocks = (await stat(image)).size / blockBytes;
  // Places at the end of the drive, which is cut off below: two of the file, and all of the folder.
  for (const [index, request] of ['holed block[1]', 'holed block[9]', 'lost block[0]'].entries()) {
    await run('debugfs', ['-w', '-R', `set_inode_field ${request} ${String(blocks - 1 - index)}`, image]);
  }
  await using drive = await plug(image);
  await run('mount', ['-t', 'ext2', '-o', 'ro', drive.device, options.root]);
  try {
    await truncate(image, (blocks - 4) * blockBytes);

    await using loader = await startLoaderRun(options);
    const end = await loader.end;

    assert.ok(end.kind === 'finished', JSON.stringify(end));
    const found = await rows();
    assert.equal(short(found.get('good')), `200 OK good md5 ${String(content.length)}`);
    assert.equal(short(found.get('holed')), `500 ReadError holed - ${String(content.length)}`);
    assert.equal(short(found.get('lost/')), '500 ReadError  - 0');
    const unread = loader.messages.filter((message) => message.kind === 'unread');
    assert.deepEqual(
      unread.map(({ file, detail, ranges, seenBytes }) => [file, detail, ranges, seenBytes]).toSorted(),
      [
        ['holed', 'EIO', ['1024-2047', '9216-10239'], content.length],
        ['lost/', 'EIO', undefined, undefined],
      ],
    );
    assert.ok(end.evidence.inputErrors > 0);
  } finally {
    await run('umount', [options.root]);
  }
});
