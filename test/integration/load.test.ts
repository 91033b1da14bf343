// What a customer gets: objects, properties and the import log of whole loads through the real station.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { parse } from 'csv-parse/sync';

import { MIB } from '#language/units.ts';
import { plug, sha256 } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { formatManifest, prepareDrive, type DriveOptions, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

type Row = Readonly<Record<string, string>>;

const stack = new AsyncDisposableStack();
let station: Station;
let minio: Minio;
let image: string;

before(async () => {
  minio = stack.use(await startMinio());
  const folder = await mkdtemp(join(tmpdir(), 'load-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  image = join(folder, 'drive.img');
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }] }));
});

after(() => stack.disposeAsync());

interface Loaded {
  readonly prepared: PreparedJob;
  readonly rows: readonly Row[];
  readonly text: string;
  readonly row: (file: string) => Row;
}

const load = async (
  options: Omit<DriveOptions, 'station' | 'minio' | 'image'>,
  statuses: readonly string[],
): Promise<Loaded> => {
  const prepared = await prepareDrive({ station, minio, image, ...options });
  const before = await sha256(image);
  {
    await using drive = await plug(image);
    await station.waitForJob(prepared.jobId, statuses);
    const bay = await station.waitForBay('Bay 1', 'says take it out', ({ activity }) => activity === 'done');
    assert.match(bay.says, /take it out/u);
    await drive.unplug();
    await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
  }
  assert.equal(await sha256(image), before, 'not a byte of the drive has changed');
  const stored = await minio.getObject(prepared.job.logBucket, prepared.job.logKey);
  assert.ok(stored !== undefined, 'the import log is in the bucket');
  const text = stored.body.toString('utf8');
  const rows: readonly Row[] = parse(text, { columns: true });
  return {
    prepared,
    rows,
    text,
    row: (file) => rows.find(({ File }) => File === file) ?? assert.fail(`no row for ${file}`),
  };
};

test('station: loads the documented sample as its import log shows it', async () => {
  const samples = [
    'images/wookie1.jpg',
    'images/Notice.txt',
    'images/chewie.GIF',
    'images/resources/chewie.psd',
    'images/chewie.TIF',
  ];
  const { rows, prepared } = await load(
    {
      bucket: 'toady',
      email: 'toady@example.com',
      manifest: formatManifest(
        minio.accessKeyId,
        'toady',
        ['prefix: images/', 'substitutions:', '    "/" : "-"'],
        '1.0',
      ),
      files: Object.fromEntries(samples.map((name) => [name, `content of ${name}`])),
    },
    ['Completed'],
  );

  assert.deepEqual(
    rows[0] && [
      rows[0]['File'],
      rows[0]['Status'],
      rows[0]['Code'],
      rows[0]['Key'],
      rows[0]['MD5'],
      rows[0]['Bytes'],
      rows[0]['Content-Type'],
    ],
    ['SIGNATURE', '103', 'Ignored', '', '', '90', 'application/octet-stream'],
  );
  const found = rows.slice(1).map((row) => [row['File'], row['Status'], row['Code'], row['Key'], row['Content-Type']]);
  assert.deepEqual(
    new Set(found.map((one) => one.join(' '))),
    new Set([
      'images/wookie1.jpg 200 OK toady/images/images-wookie1.jpg image/jpeg',
      'images/Notice.txt 200 OK toady/images/images-Notice.txt text/plain',
      'images/chewie.GIF 200 OK toady/images/images-chewie.GIF image/gif',
      'images/resources/chewie.psd 200 OK toady/images/images-resources-chewie.psd application/octet-stream',
      'images/chewie.TIF 200 OK toady/images/images-chewie.TIF image/tiff',
      // What mkfs puts on every ext4; the sample's drive had none.
    ]),
  );
  assert.equal(prepared.job.logKey, `import-log-${prepared.jobId}`);
});

test('station: gives every file of an odd drive its row, opens no special file and follows no link', async () => {
  const big = randomBytes(20 * MIB);
  const { rows, row, prepared } = await load(
    {
      bucket: 'odd-files',
      sizeBytes: 96 * MIB,
      manifestLines: ['ignore:', '    - \\.tmp$', '    - ^skip/'],
      files: {
        empty: '',
        'big.bin': big,
        'ünïcode/日本語.txt': 'names',
        'work.tmp': 'ignored',
        'skip/deep/file': 'ignored',
        'kept.txt': 'kept',
        'secret.txt': 'only the owner may read this',
        'closed/inside.txt': 'in a closed folder',
      },
      populate: async (folder) => {
        await symlink('/etc/shadow', join(folder, 'link'));
        await symlink('.', join(folder, 'loop'));
        await run('mkfifo', [join(folder, 'fifo')]);
        await run('mknod', [join(folder, 'device'), 'b', '7', '0']);
        await link(join(folder, 'kept.txt'), join(folder, 'hard.txt'));
        await writeFile(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff])]), 'x');
        await writeFile(join(folder, 'control\u0001.txt'), 'x');
        await chown(join(folder, 'secret.txt'), 12345, 12345);
        await chmod(join(folder, 'secret.txt'), 0o000);
        await chown(join(folder, 'closed'), 12345, 12345);
        await chmod(join(folder, 'closed'), 0o700);
      },
    },
    ['SuccessWithErrors'],
  );

  const brief = (file: string): string => {
    const { Status, Code } = row(file);
    return `${String(Status)} ${String(Code)}`;
  };
  assert.equal(row('big.bin')['MD5'], createHash('md5').update(big).digest('hex'));
  assert.equal(row('empty')['MD5'], 'd41d8cd98f00b204e9800998ecf8427e');
  for (const file of [
    'empty',
    'big.bin',
    'ünïcode/日本語.txt',
    'kept.txt',
    'hard.txt',
    'secret.txt',
    'closed/inside.txt',
  ]) {
    assert.equal(brief(file), '200 OK', file);
    assert.ok((await minio.getObject('odd-files', file)) !== undefined, file);
  }
  for (const file of ['work.tmp', 'skip/deep/file']) assert.equal(brief(file), '103 Ignored', file);
  for (const file of ['link', 'loop', 'fifo', 'device']) assert.equal(brief(file), '415 UnsupportedFileType', file);
  assert.equal(brief('bad%FF'), '400 InvalidFileName');
  assert.equal(brief('control\u0001.txt'), '400 InvalidKeyCharacter');
  assert.equal(new Set(rows.map(({ File }) => File)).size, rows.length, 'one row per file');
  const keys = (await minio.listObjects('odd-files')).map(({ key }) => key);
  assert.deepEqual(
    [...keys].sort(),
    [...rows.filter(({ Status }) => Status === '200').map(({ File = '' }) => File), prepared.job.logKey].sort(),
  );
  const job = await station.job(prepared.jobId);
  assert.equal(job.counts?.loaded.files, 7);
  assert.equal(job.counts?.failed.files, 6);
  assert.equal(job.counts?.ignored.files, 3);
});

test('station: sends the properties that the manifest names', async () => {
  const page = gzipSync('<p>page</p>');
  await load(
    {
      bucket: 'properties',
      manifestLines: [
        'prefix: in/',
        'cacheControl: max-age=3600',
        'contentDisposition: attachment',
        'contentLanguage: es',
        'expires: tomorrow',
        'setContentEncodingForGzFiles: yes',
        'contentTypes:',
        '    dat: application/x-dat',
        'defaultContentType: application/x-unknown',
        'staticMetadata:',
        '    owner: archive team',
        'diskTimestampMetadataKey: disk-mtime',
        'logPrefix: logs/',
      ],
      files: { 'page.html.gz': page, 'a.dat': 'x', 'no-extension': 'x' },
      populate: async (folder) => {
        await run('touch', ['--date=2009-02-03T21:57:43Z', join(folder, 'a.dat')]);
      },
    },
    ['Completed'],
  );

  const dat = await minio.getObject('properties', 'in/a.dat');
  assert.equal(dat?.headers['content-type'], 'application/x-dat');
  assert.equal(dat.headers['cache-control'], 'max-age=3600');
  assert.equal(dat.headers['content-disposition'], 'attachment');
  assert.equal(dat.headers['content-language'], 'es');
  assert.equal(dat.headers['x-amz-meta-owner'], 'archive team');
  assert.equal(dat.headers['x-amz-meta-disk-mtime'], '2009-02-03T21:57:43Z');
  assert.equal(dat.headers['content-encoding'], undefined);
  const html = await minio.getObject('properties', 'in/page.html.gz');
  assert.equal(html?.headers['content-type'], 'text/html');
  assert.equal(html.headers['content-encoding'], 'gzip');
  const none = await minio.getObject('properties', 'in/no-extension');
  assert.equal(none?.headers['content-type'], 'application/x-unknown');
});

test('station: gives later files with a claimed key 409, and each key is one file', async () => {
  const { rows } = await load(
    {
      bucket: 'collisions',
      manifestLines: ['substitutions:', '    "B" : "b"'],
      files: { 'b.txt': 'one', 'B.txt': 'two', 'other.txt': 'three' },
    },
    ['SuccessWithErrors'],
  );

  const same = rows.filter(({ File }) => File === 'b.txt' || File === 'B.txt');
  assert.deepEqual(same.map(({ Status }) => Status).sort(), ['200', '409']);
  const winner = same.find(({ Status }) => Status === '200');
  const stored = await minio.getObject('collisions', 'b.txt');
  assert.equal(stored?.body.toString(), winner?.['File'] === 'b.txt' ? 'one' : 'two');
});

test('station: keeps names apart that the log has to change, over a kill in between', async () => {
  const names = ['=a', "'=a", '%FF', 'a\nb', 'a', '+1', '@x'];
  const prepared = await prepareDrive({
    station,
    minio,
    image,
    bucket: 'hard-names',
    sizeBytes: 96 * MIB,
    files: { ...Object.fromEntries(names.map((name) => [name, name])), 'zz-big.bin': randomBytes(40 * MIB) },
    populate: (folder) => writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), 'x'),
  });
  await using _drive = await plug(image);
  await station.waitForJob(prepared.jobId, ['InProgress']);
  await station.restartDaemon('SIGKILL');
  await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  const stored = await minio.getObject('hard-names', prepared.job.logKey);
  const rows: readonly Row[] = parse(stored?.body.toString('utf8') ?? '', { columns: true });
  const files = rows.map(({ File = '' }) => File);
  // The formula guard and %XX may make two names look alike (decisions 3 and 13); keys and statuses tell them apart.
  const shown = ['SIGNATURE', "'=a", "'=a", '%FF', '%FF', 'a\nb', 'a', "'+1", "'@x", 'zz-big.bin'];
  assert.deepEqual(files.toSorted(), shown.toSorted());
  const loaded = rows.filter(({ Status }) => Status === '200').map(({ Key = '' }) => Key);
  assert.deepEqual(loaded.toSorted(), [...names, 'zz-big.bin'].map((name) => `hard-names/${name}`).toSorted());
  assert.deepEqual(
    rows
      .filter(({ File }) => File === '%FF')
      .map(({ Status, Code }) => `${Status ?? ''} ${Code ?? ''}`)
      .sort(),
    ['200 OK', '400 InvalidFileName'],
  );
  const keys = (await minio.listObjects('hard-names')).map(({ key }) => key);
  for (const name of names) assert.ok(keys.includes(name), `object ${JSON.stringify(name)}`);
});

test('station: gives a file that claims 7 EiB its row, and loads the others', async () => {
  const { row } = await load(
    {
      bucket: 'sparse',
      fsType: 'xfs',
      sizeBytes: 320 * MIB,
      files: { 'a.txt': 'a' },
      populate: (folder) => run('truncate', ['-s', '7E', join(folder, 'huge')]).then(() => undefined),
    },
    ['SuccessWithErrors'],
  );

  assert.equal(row('a.txt')['Status'], '200');
  assert.equal(row('huge')['Code'], 'EntityTooLarge');
  assert.equal(row('huge')['Bytes'], String(Number.MAX_SAFE_INTEGER));
});

test('station: writes no secret and no control character into its journal', async () => {
  await mkdir(tmpdir(), { recursive: true });
  const text = station.journalText();

  assert.ok(text.length > 0);
  assert.equal(text.includes(minio.secretAccessKey), false);
  assert.match(text, /^[\P{Cc}\n]*$/u);
});
