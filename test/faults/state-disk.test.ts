// The station's own disk: full, read-only, or its database held by another. Nothing is lost, nothing that has its row is
// sent twice, and what happened, who acts and what to do is said.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chmod, chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { KIB, MIB } from '#language/units.ts';
import { checkRefusal, failToStart } from '../support/failed-start.ts';
import { plug, type Plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run, tryRun } from '../support/run.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive, type PreparedJob } from '../support/signed-drive.ts';
import { startStation, STATION_UID, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const BAY = 'Bay 1';
const BUCKET = 'customer-data';
const DISK_BYTES = 96 * MIB;

type Contents = Readonly<Record<string, Uint8Array>>;

const stack = new AsyncDisposableStack();
let minio: Minio;
let proxy: S3Proxy;
let station: Station;
let folder: string;
let image: string;
let stateDir: string;
let stateDevice: string;
let plugged: Plug[] = [];

/** The state directory lies on a small file system of its own, which is made read-only at its first error. */
const mountState = async (): Promise<void> => {
  await run('mount', ['-t', 'ext4', '-o', 'errors=remount-ro', stateDevice, stateDir]);
};

before(async () => {
  minio = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(minio.endpoint));
  folder = await mkdtemp(join(tmpdir(), 'state-disk-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  image = join(folder, 'drive.img');
  const disk = join(folder, 'state.img');
  await run('truncate', ['--size', String(DISK_BYTES), '--', disk]);
  // No blocks for root alone, so that full is full for everyone.
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', disk]);
  stateDevice = stack.use(await plug(disk)).device;
  stateDir = join(folder, 'state');
  await run('mkdir', [stateDir]);
  await mountState();
  stack.defer(() => run('umount', [stateDir]).then(() => undefined));
  await chown(stateDir, STATION_UID, STATION_UID);
  await chmod(stateDir, 0o700);
  station = stack.use(
    await startStation({
      bays: [{ name: BAY, image }],
      config: {
        station: { state_dir: stateDir },
        load: { multipart_threshold_mib: 5, part_size_mib: 5, max_in_flight_mib: 10, max_requests_in_flight: 4 },
      },
    }),
  );
});

afterEach(async () => {
  await emptyDisk();
  proxy.breakBy(() => Promise.resolve(undefined));
  for (const drive of plugged) await drive[Symbol.asyncDispose]();
  plugged = [];
  await station.waitForBay(BAY, 'is empty', ({ activity }) => activity === 'empty');
});

after(() => stack.disposeAsync());

const plugIn = async (): Promise<void> => {
  plugged.push(await plug(image));
};

const contentOf = (name: string, bytes: number): Buffer =>
  Buffer.alloc(bytes, createHash('sha512').update(name).digest());

const smallFiles = (count: number): Contents =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const name = `data/file-${String(index)}-${'x'.repeat(80)}.bin`;
      return [name, contentOf(name, 100 + index)] as const;
    }),
  );

/** Its path makes its part in the parts journal cross a block of the disk every few lines. */
const LARGE_NAME = `${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(250)}.bin`;
const LARGE_PARTS = 12;
const largeFile = (): Contents => ({ [LARGE_NAME]: contentOf('large', LARGE_PARTS * 5 * MIB - 1) });

interface Prepared extends PreparedJob {
  readonly files: Contents;
  /** Acknowledged before this load. */
  readonly before: number;
}

let jobs = 0;

const prepare = async (files: Contents, manifestLines: readonly string[] = []): Promise<Prepared> => {
  jobs += 1;
  const through = { ...minio, endpoint: proxy.endpoint };
  const prepared = await prepareDrive({
    ...{ station, minio: through, image, sizeBytes: 128 * MIB, files, bucket: BUCKET },
    manifestLines: [`prefix: job-${String(jobs)}/`, ...manifestLines],
  });
  return { ...prepared, files, before: proxy.acknowledged.length };
};

const isOfFile = (write: string): boolean =>
  write.includes('partNumber=') ||
  (write.includes('/job-') && !write.includes('uploads') && !write.includes('uploadId'));

const acknowledged = ({ before }: Prepared): readonly string[] => proxy.acknowledged.slice(before).filter(isOfFile);

/** Does `act` once, before the request that follows this many acknowledged ones; requests wait for it. */
const actAfter = (prepared: Prepared, count: number, act: () => Promise<unknown>): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let acting: Promise<unknown> | undefined;
  proxy.breakBy(async () => {
    if (acting === undefined && acknowledged(prepared).length < count) return undefined;
    if (acting === undefined) {
      acting = act();
      acting.then(() => {
        resolve();
      }, reject);
    }
    await acting;
    return undefined;
  });
  return promise;
};

const FILLER = 'filler';

/** Takes every free block. */
const fillDisk = async (): Promise<void> => {
  await using file = await open(join(stateDir, FILLER), 'w');
  for (const size of [MIB, 4 * KIB]) {
    for (;;) {
      try {
        await file.appendFile(Buffer.alloc(size));
      } catch (error: unknown) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        break;
      }
    }
  }
};

const emptyDisk = (): Promise<void> => rm(join(stateDir, FILLER), { force: true });

const waitForHold = async (codes: readonly string[]): Promise<string> => {
  const { hold } = await station.waitForBay(BAY, `holds with ${codes.join(' or ')}`, (bay) =>
    codes.includes(bay.hold?.code ?? ''),
  );
  assert.ok(hold !== undefined);
  assert.equal(hold.actor, 'operator');
  assert.ok(hold.retryHelps);
  return hold.code;
};

const checkEnd = async (prepared: Prepared): Promise<void> => {
  const done = await station.waitForJob(prepared.jobId, ['Completed', 'SuccessWithErrors']);
  assert.deepEqual(done.counts?.failedByCode, {});
  const log = await minio.getObject(BUCKET, prepared.job.logKey);
  const rows: readonly Readonly<Record<string, string>>[] = parse(log?.body ?? Buffer.alloc(0), { columns: true });
  assert.deepEqual(
    rows.map(({ File = '' }) => File).toSorted(),
    ['SIGNATURE', ...Object.keys(prepared.files)].toSorted(),
  );
  for (const { File = '', MD5 = '', Status = '' } of rows.slice(1)) {
    const md5 = createHash('md5')
      .update(prepared.files[File] ?? '')
      .digest('hex');
    assert.deepEqual([Status, MD5], ['200', md5], File);
  }
  assert.deepEqual(await minio.listUploads(BUCKET), []);
};

/** Sent more than once although it was acknowledged; what had no row yet when its row could not be written is sent again. */
const sentAgain = (prepared: Prepared): readonly string[] => {
  const sent = acknowledged(prepared).map((write) => /partNumber=\d+/u.exec(write)?.[0] ?? write.split('?')[0] ?? '');
  return [...new Set(sent.filter((one, index) => sent.indexOf(one) !== index))];
};

const workingLog = ({ jobId }: Prepared): string => join(stateDir, 'loads', jobId, 'working-log');

/** Small files whose rows stand whole in the working log. */
const loggedFiles = async (prepared: Prepared): Promise<readonly string[]> => {
  const text = await readFile(workingLog(prepared), 'latin1').catch(() => '');
  return [...text.matchAll(/"(data\/[^"]+)",200[^\n]*\n/gu)].map(([, name]) => name ?? '');
};

describe('station: a full state disk', () => {
  const rows = [
    { what: 'while rows are written', files: () => smallFiles(200), at: 20 },
    { what: 'while parts are noted', files: largeFile, at: 2 },
    {
      what: 'while keys are claimed',
      files: () => smallFiles(200),
      at: 20,
      lines: ['substitutions:', '    "x": "y"'],
    },
    { what: 'at the end of the load', files: () => smallFiles(60), at: 59 },
  ] as const;
  for (const { what, files, at, ...more } of rows) {
    test(`${what} is a hold that loses nothing, and retry goes on once there is room`, async () => {
      const prepared = await prepare(files(), 'lines' in more ? more.lines : []);
      const full = actAfter(prepared, at, fillDisk);
      await plugIn();

      await full;
      await waitForHold(['StateDiskFull', 'StoreFull']);
      const logged = await loggedFiles(prepared);
      await emptyDisk();
      await station.ask('retry', BAY);

      await checkEnd(prepared);
      const again = sentAgain(prepared);
      assert.deepEqual(
        again.filter((write) => logged.some((name) => decodeURIComponent(write).endsWith(name))),
        [],
        'what had its row is not sent again',
      );
    });
  }

  test('before the load is a hold, too', async () => {
    const prepared = await prepare(smallFiles(10));
    await fillDisk();
    await plugIn();

    await waitForHold(['NoRoomForLog', 'StateDiskFull', 'StoreFull']);
    // A drive that leaves meanwhile frees its bay, though nothing can be noted of it.
    await plugged.pop()?.unplug();
    await station.waitForBay(BAY, 'is empty', ({ drive }) => drive === undefined);
    await plugIn();
    await waitForHold(['NoRoomForLog', 'StateDiskFull', 'StoreFull']);
    await emptyDisk();
    await station.ask('retry', BAY);

    await checkEnd(prepared);
    assert.deepEqual(sentAgain(prepared), []);
  });
});

/** What ext4 does at an error of its own: every write is refused from now on. */
const makeReadOnly = async (): Promise<void> => {
  await writeFile(`/sys/fs/ext4/${stateDevice.replace('/dev/', '')}/trigger_fs_error`, 'a test');
  await until(
    () =>
      appendFile(join(stateDir, FILLER), 'x').then(
        () => false,
        () => true,
      ),
    {
      what: 'the state disk is read-only',
    },
  );
};

const repairDisk = async (): Promise<void> => {
  await run('umount', [stateDir]);
  // 1: errors were corrected. A mount namespace that was copied before, by any launcher of this host, keeps the disk in use
  // for a moment longer.
  let said = '';
  await until(
    async () => {
      const { exitCode, stdout, stderr } = await tryRun('e2fsck', ['-f', '-y', stateDevice]);
      said = `${String(exitCode)}\n${stdout}${stderr}`;
      return exitCode <= 1;
    },
    { what: 'the state disk is repaired', describe: () => said },
  );
  await mountState();
};

test('station: a state disk that becomes read-only in the middle is a hold; after its repair the load goes on', async () => {
  const prepared = await prepare(smallFiles(200));
  const broken = actAfter(prepared, 20, async () => {
    await until(async () => (await loggedFiles(prepared)).length > 0, { what: 'rows stand in the working log' });
    await run('sync', ['--', workingLog(prepared)]);
    await makeReadOnly();
  });
  await plugIn();

  await broken;
  await waitForHold(['StateDiskFailed', 'StoreUnreadable']);
  await station.daemon().end('SIGTERM');
  checkRefusal(await failToStart(station), 69, 'StoreUnreadable');
  await repairDisk();
  // Not before: rows whose sync failed can be read until the disk is unmounted, and are gone after it.
  const logged = await loggedFiles(prepared);
  assert.notEqual(logged.length, 0);
  await station.startDaemon();

  await checkEnd(prepared);
  const again = sentAgain(prepared);
  assert.deepEqual(
    again.filter((write) => logged.some((name) => write.endsWith(name))),
    [],
  );
});

/** Another process that holds a lock of the store until it is ended. */
const holdStore = async (statement: string): Promise<AsyncDisposable> => {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1], { timeout: 20000 });
    database.exec(process.argv[2]);
    console.log('held');
    setInterval(() => database, 1e6);`;
  const child = spawn(process.execPath, ['-e', script, join(stateDir, 'station.db'), statement], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
};

test('station: a store that another process holds for long is a hold, and retry goes on once it is free', async () => {
  const prepared = await prepare(smallFiles(60));
  let lock: AsyncDisposable | undefined;
  const held = actAfter(prepared, 50, async () => {
    lock = await holdStore('BEGIN IMMEDIATE');
  });
  await plugIn();

  await held;
  await waitForHold(['StoreBusy']);
  await lock?.[Symbol.asyncDispose]();
  await station.ask('retry', BAY);

  await checkEnd(prepared);
  assert.deepEqual(sentAgain(prepared), []);
});

test('daemon: does not start while another process has the store for itself', async () => {
  await station.daemon().end('SIGTERM');
  {
    await using _lock = await holdStore('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    checkRefusal(await failToStart(station), 69, 'StoreBusy');
  }
  await station.startDaemon();
});
