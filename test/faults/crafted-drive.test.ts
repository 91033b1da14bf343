// File systems that no mkfs and no kernel leaves behind, made by hand: folders with many names, names that stand twice in a
// folder, inodes that lie. The walk comes to its end, each name has one row, and nothing of the drive changes.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { KIB, TIB } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { sha256 } from '../support/loop.ts';
import { run } from '../support/run.ts';
import { prepareDrive, type DriveOptions, type PreparedJob } from '../support/signed-drive.ts';

let scene: BayScene;

before(async () => {
  scene = await openBayScene();
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

/** A drive whose image `craft` changes after it was filled. */
const prepare = async (
  craft: (image: string) => Promise<void>,
  options: Pick<DriveOptions, 'files' | 'populate' | 'manifestLines'>,
): Promise<PreparedJob> => {
  const { station, minio, image } = scene;
  const prepared = await prepareDrive({ station, minio, image, ...options });
  // What is changed by hand has no right checksum.
  await debugfs(image, 'feature -metadata_csum');
  await craft(image);
  return prepared;
};

const rowsOf = async ({ job }: PreparedJob): Promise<readonly string[]> =>
  (await scene.rowsOf(job.logKey)).map(({ File, Status, Code }) => `${Status} ${Code} ${File}`).toSorted();

const debugfs = (image: string, ...commands: readonly string[]): Promise<string> =>
  run('debugfs', ['-w', '-f', '-', image], { input: `${commands.join('\n')}\n` });

// In the folders alone: a name is there behind its length and its kind.
const renameEntry = async (image: string, from: string, to: string): Promise<void> => {
  const bytes = await readFile(image);
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    if (bytes[at - 2] !== from.length) continue;
    bytes.write(to, at, 'latin1');
    count += 1;
  }
  assert.ok(count > 0 && from.length === to.length, `${from} is a name on the drive`);
  await writeFile(image, bytes);
};

test('crafted drive: forty folders in each other, each with three names, are walked once each', async () => {
  const { station, image } = scene;
  const folders = Array.from({ length: 40 }, (_, index) => `d${String(index)}`);
  const links = folders
    .slice(1)
    .flatMap((inner, index) => ['a', 'b'].map((name) => `link ${inner} d${String(index)}/${name}`));
  const files = Object.fromEntries(folders.map((folder) => [`${folder}/file`, folder]));
  const prepared = await prepare(async (path) => void (await debugfs(path, ...links)), { files });
  const before = await sha256(image);

  await scene.plugIn();
  const { counts } = await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  const rows = await rowsOf(prepared);
  assert.equal(rows.filter((row) => /^200 OK .*\/file$/u.test(row)).length, folders.length);
  assert.equal(rows.filter((row) => /^500 ReadError .*\/$/u.test(row)).length, links.length);
  assert.equal(counts?.loaded.files, folders.length);
  assert.equal(new Set(rows).size, 1 + folders.length + links.length);
  await scene.clear();
  assert.equal(await sha256(image), before);
});

test('crafted drive: a name that stands twice in its folder has one row, and its folder a failed one', async () => {
  const { station, minio, image } = scene;
  const craft = async (path: string): Promise<void> => {
    await renameEntry(path, 'SIGNATURX', 'SIGNATURE');
    await renameEntry(path, 'files-2', 'files-1');
    await renameEntry(path, 'inner-2', 'inner-1');
  };
  const files = {
    'some/files-1': 'one',
    'some/files-2': 'two',
    'some/inner-1/a': 'a',
    'some/inner-2/b': 'b',
  };
  // Behind SIGNATURE, which is found first.
  const populate = (folder: string): Promise<void> => writeFile(join(folder, 'SIGNATURX'), 'not the one');
  const prepared = await prepare(craft, { files, populate });
  const before = await sha256(image);

  await scene.plugIn();
  await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  const rows = await rowsOf(prepared);
  const [inner = '', ...others] = rows.filter((row) => row.includes('inner'));
  assert.match(inner, /^200 OK some\/inner-1\/[ab]$/u);
  assert.deepEqual(others, []);
  assert.deepEqual(
    rows.filter((row) => row !== inner),
    ['103 Ignored SIGNATURE', '200 OK some/files-1', '500 ReadError ./', '500 ReadError some/'],
  );
  const { body } = (await minio.getObject(BUCKET, 'some/files-1')) ?? {};
  assert.match(body?.toString() ?? '', /^(?:one|two)$/u);
  await scene.clear();
  assert.equal(await sha256(image), before);
});

test('crafted drive: names are read as they are where the file system does not say what each is', async () => {
  const { station } = scene;
  const files = { grün: 'x', lost: 'v', 'größe/ä': 'y', 'größe/plain': 'z', 'größe/ö': 'w' };
  const craft = async (path: string): Promise<void> => {
    await debugfs(path, 'feature -filetype', 'sif lost size 0xffffffffffffffff', 'sif größe/ö size 0xffffffffffffffff');
  };
  const prepared = await prepare(craft, { files });

  await scene.plugIn();
  await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  assert.deepEqual(
    await rowsOf(prepared),
    [
      '103 Ignored SIGNATURE',
      '200 OK größe/plain',
      '200 OK größe/ä',
      '200 OK grün',
      '500 ReadError größe/ö',
      '500 ReadError lost',
    ].toSorted(),
  );
});

test('crafted drive: a file of 1 TiB is sparse, whatever its inode says that it takes; times of 1901 and 2446 are kept', async () => {
  const { station, minio } = scene;
  const craft = async (path: string): Promise<void> => {
    await debugfs(
      path,
      ...[
        'sif forged blocks 0xffffffff',
        'sif forged block[11] 0',
        'sif old mtime @0x80000000',
        'sif old mtime_extra 0',
      ],
      ...['sif new mtime @0x7fffffff', 'sif new mtime_extra 3', 'sif negative size 0xffffffffffffffff'],
    );
  };
  const prepared = await prepare(craft, {
    files: { old: 'x', new: 'y', negative: 'z' },
    manifestLines: ['diskTimestampMetadataKey: mtime'],
    populate: async (folder) => {
      await mkdir(join(folder, 'empty'));
      await writeFile(join(folder, 'forged'), '');
      await truncate(join(folder, 'forged'), TIB);
    },
  });

  await scene.plugIn();
  const { hold } = await station.waitForHold('Bay 1', 'SparseFile');

  assert.match(hold?.happened ?? '', /\(forged says 1\.0 TiB and takes \d+\.\d MiB\)/u);
  const old = await minio.getObject(BUCKET, 'old');
  assert.equal(old?.headers['x-amz-meta-mtime'], '1901-12-13T20:45:52Z');
  const late = await minio.getObject(BUCKET, 'new');
  assert.equal(late?.headers['x-amz-meta-mtime'], '2446-05-10T22:38:55Z');
  await station.ask('reject', 'Bay 1', '--code', 'SparseFile', '--why', 'the customer says so');
  await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);
  assert.deepEqual(await rowsOf(prepared), [
    '103 Ignored SIGNATURE',
    '200 OK new',
    '200 OK old',
    '400 EntityTooLarge forged',
    '500 ReadError negative',
  ]);
});

// Each folder is made in the one before it by a descriptor: no path may be this long.
const makeDeep = (root: string, names: readonly string[]): number => {
  let above = fs.openSync(root, 'r');
  for (const name of names) {
    const path = `/proc/self/fd/${String(above)}/${name}`;
    fs.mkdirSync(path);
    const inner = fs.openSync(path, 'r');
    fs.closeSync(above);
    above = inner;
  }
  fs.writeFileSync(`/proc/self/fd/${String(above)}/deep`, 'x');
  const { ino } = fs.statSync(`/proc/self/fd/${String(above)}/deep`);
  fs.closeSync(above);
  return ino;
};

// journald cuts a longer line, and reads what follows as a line of its own (journald.conf(5), LineMax).
const LONGEST_LINE = 48 * KIB;

test('crafted drive: a path of 64 KiB makes no line of the journal that journald would cut, and no long report', async () => {
  const { station } = scene;
  const name = `\u0001<0>${'\u202e'.repeat(80)}`;
  let inode = 0;
  const prepared = await prepare(
    async (path) => void (await debugfs(path, `sif <${String(inode)}> size 0xffffffffffffffff`)),
    {
      populate: (folder) => {
        inode = makeDeep(
          folder,
          Array.from({ length: 250 }, () => name),
        );
        return Promise.resolve();
      },
    },
  );

  await scene.plugIn();
  await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  const [row = ''] = (await rowsOf(prepared)).filter((one) => one.startsWith('500 '));
  assert.equal(row, `500 ReadError ${`${name}/`.repeat(250)}deep`);
  const unread = station.journal().filter(({ fields }) => fields['msg'] === 'not read from the drive');
  assert.ok(
    unread.some(({ fields }) => String(fields['file']).endsWith('/deep')),
    'its end is in the journal',
  );
  const lines = station.journalText().split('\n');
  assert.deepEqual(
    lines.filter((line) => Buffer.byteLength(line) > LONGEST_LINE).map((line) => line.length),
    [],
  );
  const report = await station.ask('job', 'report', prepared.jobId);
  assert.ok(report.length < LONGEST_LINE, `the report has ${String(report.length)} characters`);
});

test('crafted drive: a folder that says it is empty makes the walk one that is not trusted', async () => {
  const { station, minio } = scene;
  const files = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`lost/${name}.txt`, name]));
  const { job } = await prepare((drive) => debugfs(drive, 'set_inode_field lost size 0').then(() => undefined), {
    files: { ...files, 'kept.txt': 'kept' },
  });

  await scene.plugIn();
  const { hold } = await station.waitForHold('Bay 1', 'WalkNotTrusted');

  assert.match(hold?.happened ?? '', /about 4 files or folders more are in use on the file system/u);
  assert.equal(await minio.getObject(BUCKET, job.logKey), undefined);
});
