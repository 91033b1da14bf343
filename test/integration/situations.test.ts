// An ordinary month in the machine room, on real parts.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { DeleteBucketCommand } from '@aws-sdk/client-s3';

import { drivesSchema } from '#protocol/control.ts';
import { MIB } from '#language/units.ts';
import { changeStore } from '../support/change-store.ts';
import { makeDisk, makeImage, plug, withMounted, type Plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { addAccount, prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

const stack = new AsyncDisposableStack();
let station: Station;
let minio: Minio;
let folder: string;
let one: string;
let two: string;
let plugged: Plug[] = [];

const plugIn = async (image: string): Promise<Plug> => {
  const drive = await plug(image);
  plugged.push(drive);
  return drive;
};

before(async () => {
  minio = stack.use(await startMinio());
  folder = await mkdtemp(join(tmpdir(), 'situations-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  one = join(folder, 'one.img');
  two = join(folder, 'two.img');
  station = stack.use(
    await startStation({
      bays: [
        { name: 'Bay 1', image: one },
        { name: 'Bay 2', image: two },
      ],
    }),
  );
});

afterEach(async () => {
  for (const drive of plugged) await drive[Symbol.asyncDispose]();
  plugged = [];
  for (const bay of ['Bay 1', 'Bay 2'])
    await station.waitForBay(bay, 'is empty', ({ activity }) => activity === 'empty');
});

after(() => stack.disposeAsync());

const FILES = { 'a.txt': 'a', 'b/c.txt': 'c' };

test('station: loads two jobs of one customer side by side, from drives without a serial number', async () => {
  const first = await prepareDrive({ station, minio, image: one, files: FILES, manifestLines: ['prefix: one/'] });
  const second = await prepareDrive({ station, minio, image: two, files: FILES, manifestLines: ['prefix: two/'] });

  await Promise.all([plugIn(one), plugIn(two)]);
  await Promise.all([first, second].map(({ jobId }) => station.waitForJob(jobId, ['Completed'])));

  const keys = (await minio.listObjects('customer-data')).map(({ key }) => key);
  for (const key of ['one/a.txt', 'one/b/c.txt', 'two/a.txt', 'two/b/c.txt']) assert.ok(keys.includes(key), key);
});

test('station: goes on saying "take it out" after a restart, and "already loaded" when the drive comes back', async () => {
  const { jobId } = await prepareDrive({ station, minio, image: one, files: FILES });
  const drive = await plugIn(one);
  await station.waitForJob(jobId, ['Completed']);
  await station.waitForBay('Bay 1', 'is done', ({ activity }) => activity === 'done');
  const versions = (await minio.listObjects('customer-data')).length;

  await station.restartDaemon('SIGTERM');
  const bay = await station.waitForBay('Bay 1', 'is done again', ({ activity }) => activity === 'done');
  assert.match(bay.says, /take it out/u);
  assert.equal(bay.jobId, jobId);

  await drive[Symbol.asyncDispose]();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
  await plugIn(one);
  const back = await station.waitForHold('Bay 1', 'AlreadyLoaded');
  assert.match(back.hold?.happened ?? '', /already loaded on \d{4}-/u);
  assert.equal((await minio.listObjects('customer-data')).length, versions);
});

test('station: does not take the copy of a finished drive, with a SIGNATURE of its own, for that drive', async () => {
  const first = await prepareDrive({ station, minio, image: one, files: FILES });
  const second = await prepareJob({ station, minio });
  const copy = join(folder, 'copy.img');
  await run('cp', ['--sparse=always', one, copy]);
  await withMounted(copy, 'ext4', (mounted) => writeFile(join(mounted, 'SIGNATURE'), second.signature));
  const drive = await plugIn(one);
  await station.waitForJob(first.jobId, ['Completed']);
  await station.waitForBay('Bay 1', 'is done', ({ activity }) => activity === 'done');

  // As after a restart of the host while somebody changed the drives: the attachment is of another boot.
  await station.daemon().end('SIGTERM');
  await drive[Symbol.asyncDispose]();
  await changeStore(
    station,
    "UPDATE attachment SET attachment_id = 'f0e1d2c3-0000-4000-8000-000000000000:1' WHERE detached_at IS NULL",
  );
  await run('mv', [copy, one]);
  await plugIn(one);
  await station.startDaemon();

  await station.waitForJob(second.jobId, ['Completed']);
});

test('station: holds the whole job while its bucket is gone, and retry goes on once it is back', async () => {
  const prepared = await prepareDrive({ station, minio, image: one, bucket: 'goes-away', files: FILES });
  await minio.client.send(new DeleteBucketCommand({ Bucket: 'goes-away' }));
  await plugIn(one);

  const bay = await station.waitForHold('Bay 1', 'NoSuchBucket');
  assert.equal(bay.hold?.retryHelps, true);
  await minio.makeBucket('goes-away');
  await station.ask('retry', 'Bay 1');
  const job = await station.waitForJob(prepared.jobId, ['Completed']);

  assert.equal(job.counts?.failed.files, 0);
  assert.equal(job.counts.loaded.files, 2);
});

test('station: a log that the bucket refuses holds the job, lets the drive go, and is written on retry', async () => {
  await minio.makeBucket('log-refused');
  const prepared = await prepareDrive({
    station,
    minio,
    image: one,
    manifestLines: ['logBucket: log-refused', 'logPrefix: logs/'],
    files: FILES,
  });
  await minio.client.send(new DeleteBucketCommand({ Bucket: 'log-refused' }));
  const drive = await plugIn(one);

  const bay = await station.waitForHold('Bay 1', 'LogNotWritten');
  assert.match(bay.hold?.todo ?? '', /drive may be taken out/u);
  assert.equal((await station.job(prepared.jobId)).state.job, 'InProgress');
  await drive[Symbol.asyncDispose]();
  await station.waitForBay('Bay 1', 'is empty', ({ activity }) => activity === 'empty');
  const { holds } = await station.status();
  assert.ok(holds.some(({ code, jobId }) => code === 'LogNotWritten' && jobId === prepared.jobId));
  await minio.makeBucket('log-refused');
  await station.ask('retry', prepared.jobId);
  await station.waitForJob(prepared.jobId, ['Completed']);

  assert.ok((await minio.getObject('log-refused', `logs/import-log-${prepared.jobId}`)) !== undefined);
  assert.equal((await station.status()).holds.length, 0);
});

test('station: an account that refuses to replace gets 412 for the objects that exist', async () => {
  await addAccount({ station, minio, email: 'careful@example.com', options: ['--existing', 'refuse'] });
  await minio.makeBucket('careful');
  const first = await prepareDrive({
    station,
    minio,
    image: one,
    bucket: 'careful',
    email: 'careful@example.com',
    files: { 'a.txt': 'first' },
  });
  await plugIn(one);
  await station.waitForJob(first.jobId, ['Completed']);
  const second = await prepareDrive({
    station,
    minio,
    image: two,
    bucket: 'careful',
    email: 'careful@example.com',
    files: { 'a.txt': 'second', 'new.txt': 'new' },
  });

  await plugIn(two);
  const job = await station.waitForJob(second.jobId, ['SuccessWithErrors']);

  assert.deepEqual(job.counts?.failedByCode, { PreconditionFailed: 1 });
  assert.equal((await minio.getObject('careful', 'a.txt'))?.body.toString(), 'first');
});

test('station: everything ignored is nothing to load, and the job stays as it was', async () => {
  const { jobId } = await prepareDrive({
    station,
    minio,
    image: one,
    files: FILES,
    manifestLines: ['ignore:', '    - .*'],
  });
  await plugIn(one);

  await station.waitForHold('Bay 1', 'NothingToLoad');

  assert.equal((await station.job(jobId)).state.job, 'Pending');
});

for (const table of ['gpt', 'dos'] as const) {
  test(`station: finds the volume with SIGNATURE among partitions that do not count (${table})`, async () => {
    const prepared = await prepareJob({ station, minio });
    const volume = await makeImage({
      path: join(folder, 'volume.img'),
      fsType: 'ext4',
      files: { ...FILES, SIGNATURE: prepared.signature },
    });
    const efi = await makeImage({ path: join(folder, 'efi.img'), fsType: 'vfat' });
    const msr = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE';
    const small =
      table === 'gpt'
        ? [
            { sizeBytes: 16 * MIB, type: msr },
            { image: efi, type: 'uefi' },
          ]
        : [
            { image: efi, type: 'ef' },
            { sizeBytes: 8 * MIB, type: '82' },
          ];
    await makeDisk({ path: one, table, partitions: [...small, { image: volume }] });

    await plugIn(one);

    await station.waitForJob(prepared.jobId, ['Completed']);
  });
}

test('station: holds a drive that another program has mounted, leaves that mount alone, and goes on by retry', async () => {
  const { jobId } = await prepareDrive({
    station,
    minio,
    image: one,
    files: FILES,
    manifestLines: ['prefix: in-use/'],
  });
  await station.daemon().end('SIGTERM');
  const drive = await plugIn(one);
  const mounted = await mkdtemp(join(folder, 'desktop-'));
  await run('mount', ['-t', 'ext4', '-o', 'ro', drive.device, mounted]);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => run('umount', [mounted]).then(() => undefined));
  await station.startDaemon();

  const { hold } = await station.waitForHold('Bay 1', 'DriveInUse');
  assert.ok((hold?.happened ?? '').includes(mounted));
  assert.equal(await readFile(join(mounted, 'a.txt'), 'utf8'), 'a');
  await cleanUp.disposeAsync();
  await station.ask('retry', 'Bay 1');

  await station.waitForJob(jobId, ['Completed']);
});

test('station: shows a drive in a port that is no bay, and touches it not', async () => {
  const image = await makeImage({ path: join(folder, 'stranger.img'), fsType: 'ext4', files: FILES });
  const drive = await plugIn(image);

  const { drives } = await station
    .waitForBay('Bay 1', 'is empty', () => true)
    .then(async () => {
      let listed = drivesSchema.parse(JSON.parse(await station.ask('drives', '--json')));
      while (!listed.drives.some(({ device }) => device === drive.device)) {
        listed = drivesSchema.parse(JSON.parse(await station.ask('drives', '--json')));
      }
      return listed;
    });

  const shown = drives.find(({ device }) => device === drive.device);
  assert.equal(shown?.bay, undefined);
  assert.equal(shown?.port, image);
  assert.match(await station.ask('drives'), /not a bay/u);
  // Not even the read-only switch, which is the first thing that the station touches of a drive in a bay.
  assert.equal((await readFile(`/sys/block/${drive.kernelName}/ro`, 'utf8')).trim(), '0');
});

test('station: the key that the manifest names verifies and another one loads, and no key of an open job goes', async () => {
  const email = 'keys@example.com';
  const everything = { Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] };
  const signing = await minio.addUser([everything]);
  const loading = await minio.addUser([everything]);
  await minio.makeBucket('two-keys');
  await addAccount({ station, minio, email, key: signing });
  const secret = join(folder, 'loading.secret');
  await writeFile(secret, loading.secretAccessKey, { mode: 0o600 });
  await station.ask('account', 'key', 'add', email, '--key-id', loading.accessKeyId, '--secret-file', secret);
  const prepared = await prepareDrive({
    station,
    minio,
    image: one,
    email,
    key: signing,
    bucket: 'two-keys',
    files: FILES,
  });
  const refused = await station.cli('account', 'key', 'remove', email, signing.accessKeyId);
  assert.notEqual(refused.exitCode, 0);
  assert.match(refused.stderr, new RegExp(prepared.jobId, 'u'));

  await plugIn(one);
  await station.waitForJob(prepared.jobId, ['Completed']);

  assert.equal((await station.cli('account', 'key', 'remove', email, signing.accessKeyId)).exitCode, 0);
});
