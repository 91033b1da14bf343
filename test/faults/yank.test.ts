// A drive that is pulled in the middle of its load, and plugged in again elsewhere: the load goes on where it was.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { parse } from 'csv-parse/sync';

import { MIB } from '#language/units.ts';
import { readOnDisk, sentAgain, type OnDisk } from '../support/killer.ts';
import { makeImage, plug, type Files, type Plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run, tryRun } from '../support/run.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const BUCKET = 'customer-data';
const PARTS = 8;
const PART_BYTES = 5 * MIB;
// A hub tells of a drive that is gone after reads have failed already; the time is that of a slow one.
const HUB_DELAY_MS = 300;

const stack = new AsyncDisposableStack();
let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let folder: string;
let one: string;
let two: string;
let plugged: Plug[] = [];

before(async () => {
  minio = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(minio.endpoint));
  folder = await mkdtemp(join(tmpdir(), 'yank-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  one = join(folder, 'one.img');
  two = join(folder, 'two.img');
  station = stack.use(
    await startStation({
      bays: [
        { name: 'Bay 1', image: one },
        { name: 'Bay 2', image: two },
      ],
      config: {
        load: { multipart_threshold_mib: 16, part_size_mib: 5, max_in_flight_mib: 16, max_requests_in_flight: 2 },
      },
    }),
  );
});

afterEach(async () => {
  proxy.setLatency(0);
  for (const drive of plugged) await drive[Symbol.asyncDispose]();
  plugged = [];
  for (const bay of ['Bay 1', 'Bay 2']) {
    await station.waitForBay(bay, 'has no drive', ({ drive }) => drive === undefined);
  }
});

after(() => stack.disposeAsync());

const plugIn = async (image: string): Promise<Plug> => {
  const drive = await plug(image);
  plugged.push(drive);
  return drive;
};

interface Phase {
  readonly what: string;
  readonly files: Files;
  readonly isReached: (had: OnDisk, lines: number) => boolean;
}

const range = <Value>(count: number, make: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

const BIG = randomBytes(PARTS * PART_BYTES);
const PHASES: readonly Phase[] = [
  {
    what: 'while it is walked',
    files: Object.fromEntries([
      ...range(4000, (index): [string, string] => [`walk/${String(index % 800)}/${String(index)}.skip`, '']),
      ['walk/last.bin', 'last'],
    ]),
    isReached: (_, lines) => lines > 500,
  },
  {
    what: 'while small files are read',
    files: Object.fromEntries(
      range(300, (index): [string, Buffer] => [`data/${String(index % 9)}/${String(index)}.bin`, randomBytes(8000)]),
    ),
    isReached: ({ rows }) => rows.size >= 60,
  },
  {
    what: 'in the middle of a multipart file',
    files: { 'big.bin': BIG, 'data/small.bin': 'small' },
    isReached: ({ parts }) => parts.size >= 3,
  },
];

const prepare = async (files: Files): Promise<PreparedJob> => {
  const prepared = await prepareDrive({
    station,
    minio: { ...minio, endpoint: proxy.endpoint },
    image: one,
    sizeBytes: 96 * MIB,
    files,
    manifestLines: ['ignore:', '    - .*\\.skip$'],
  });
  await run('cp', ['--sparse=always', one, join(folder, 'whole.img')]);
  return prepared;
};

const countLines = async (jobId: string): Promise<number> =>
  (await readFile(join(station.stateDir, 'loads', jobId, 'working-log'), 'latin1').catch(() => '')).split('\n').length;

/** Waits until the load is there, pulls, and tells what the station had by then. */
const yank = async (
  { jobId }: PreparedJob,
  { drive, isReached, pull }: Pick<Phase, 'isReached'> & { readonly drive: Plug; readonly pull: Pull },
): Promise<{ readonly had: OnDisk; readonly asked: number }> => {
  await until(async () => isReached(await readOnDisk({ station, jobId }), await countLines(jobId)), {
    what: 'the load is in the middle',
    everyMs: 5,
    deadlineMs: 60_000,
    describe: () => station.journalText().slice(-2000),
  });
  await pull(drive);
  const { hold } = await station.waitForHold('Bay 1', 'Interrupted');
  assert.match(hold?.todo ?? '', /Plug the same drive in again, in any bay/u);
  assert.equal((await station.job(jobId)).state.job, 'InProgress');
  // The kernel has let go of it: whatever the loader had asked for is over.
  await drive[Symbol.asyncDispose]();
  return { had: await readOnDisk({ station, jobId }), asked: proxy.asked.length };
};

let strangers = 0;

const isInUse = async ({ kernelName }: Plug): Promise<boolean> =>
  (await tryRun('test', ['-e', `/sys/block/${kernelName}/loop/backing_file`])).exitCode === 0;

/** The drive comes back in the other bay, and as another device. */
const comeBack = async (former: Plug, image = join(folder, 'whole.img')): Promise<void> => {
  await run('mv', [image, two]);
  // Strangers take the numbers that have become free, until the former one is among them: other tests take numbers, too.
  for (let taken = ''; taken !== former.device && !(await isInUse(former));) {
    strangers += 1;
    const stranger = join(folder, `stranger-${String(strangers)}.img`);
    await run('truncate', ['--size', '1M', stranger]);
    taken = (await plugIn(stranger)).device;
  }
  const back = await plugIn(two);
  assert.notEqual(back.device, former.device);
};

type Pull = (drive: Plug) => Promise<void>;
const MANNERS: readonly { readonly how: string; readonly pull: Pull }[] = [
  { how: 'the device disappears', pull: (drive) => drive.unplug() },
  {
    how: 'reads fail, then the device disappears',
    pull: async (drive) => {
      await truncate(drive.image, 0);
      await delay(HUB_DELAY_MS);
      await drive.unplug();
    },
  },
];

for (const { what, files, isReached } of PHASES) {
  for (const { how, pull } of MANNERS) {
    test(`station: goes on in another bay with a drive that was pulled ${what}, when ${how}`, async () => {
      const prepared = await prepare(files);
      proxy.setLatency(60);
      const drive = await plugIn(one);
      const { had, asked } = await yank(prepared, { drive, isReached, pull });
      proxy.setLatency(0);

      await comeBack(drive);
      await station.waitForJob(prepared.jobId, ['Completed']);

      const log = await minio.getObject(BUCKET, prepared.job.logKey);
      const rows = parse<Readonly<Record<string, string>>>(log?.body ?? Buffer.alloc(0), { columns: true });
      assert.deepEqual(rows.map(({ File }) => File).sort(), ['SIGNATURE', ...Object.keys(files)].sort());
      for (const { File = '', MD5 = '', Status = '' } of rows) {
        if (File === 'SIGNATURE' || File.endsWith('.skip')) continue;
        const content = files[File] ?? '';
        assert.equal(Status, '200', File);
        assert.equal(MD5, createHash('md5').update(content).digest('hex'), File);
        assert.ok((await minio.getObject(BUCKET, File))?.body.equals(Buffer.from(content)), File);
      }
      assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, asked), [], 'nothing is sent again');
      assert.deepEqual(await minio.listUploads(BUCKET, ['', 'big.bin']), []);
    });
  }
}

test('station: fails a file whose acknowledged part reads otherwise when its drive is back, and aborts its upload', async () => {
  const prepared = await prepare({ 'changed.bin': BIG, 'data/small.bin': 'small' });
  // So late that the file is not through when its drive is pulled, however slow the pull: its object would be made.
  proxy.setLatency(1_000);
  const drive = await plugIn(one);
  const isReached = ({ parts }: OnDisk): boolean => parts.has('changed.bin 1') && parts.size >= 3;
  const { had, asked } = await yank(prepared, { drive, isReached, pull: (plugOf) => plugOf.unplug() });
  proxy.setLatency(0);
  const image = join(folder, 'whole.img');
  const at = (await readFile(image)).indexOf(BIG.subarray(0, 64));
  assert.ok(at > 0, 'the file lies in the image as it is');
  {
    await using file = await open(image, 'r+');
    await file.write(Uint8Array.of(BIG.readUInt8(7) ^ 1), 0, 1, at + 7);
  }

  await comeBack(drive, image);
  const { counts } = await station.waitForJob(prepared.jobId, ['SuccessWithErrors']);

  assert.deepEqual(counts?.failedByCode, { FileChanged: 1 });
  assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, asked), []);
  assert.equal((await minio.getObject(BUCKET, 'changed.bin'))?.body.length, undefined);
  assert.deepEqual(await minio.listUploads(BUCKET, ['', 'changed.bin']), []);
});

test('station: holds another drive with the same SIGNATURE, and goes on with the one whose load has begun', async () => {
  const files = PHASES[1]?.files ?? {};
  const prepared = await prepare(files);
  proxy.setLatency(60);
  const drive = await plugIn(one);
  const pull: Pull = (plugOf) => plugOf.unplug();
  const { had, asked } = await yank(prepared, { drive, isReached: ({ rows }) => rows.size >= 60, pull });
  const copy = join(folder, 'copy.img');
  await makeImage({
    path: copy,
    fsType: 'ext4',
    sizeBytes: 96 * MIB,
    files: { ...files, SIGNATURE: prepared.signature },
  });
  await comeBack(drive, copy);

  await station.waitForHold('Bay 2', 'DifferentDrive');

  const sent = proxy.asked.slice(asked).filter(({ method }) => method === 'PUT' || method === 'POST');
  assert.deepEqual(sent, []);
  proxy.setLatency(0);
  await run('mv', [join(folder, 'whole.img'), one]);
  await plugIn(one);
  const { counts } = await station.waitForJob(prepared.jobId, ['Completed']);
  assert.equal(counts?.loaded.files, Object.keys(files).length);
  assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, asked), []);
});
