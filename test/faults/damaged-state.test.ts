// A state directory that is damaged, or that another daemon has: the daemon does not start on it and says what to do, and
// a load whose record is damaged holds. Nothing is lost or made worse by the attempt.

import assert from 'node:assert/strict';
import { copyFile, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { KIB, MINUTE_MS } from '#language/units.ts';
import { BUCKET, openBayScene, type BayScene } from '../support/bay-scene.ts';
import { checkRefusal, failToStart } from '../support/failed-start.ts';
import { readOnDisk, sentAgain } from '../support/killer.ts';
import { prepareDrive, prepareJob } from '../support/signed-drive.ts';
import { until } from '../support/wait.ts';

const FILES = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [`${String(index)}.txt`, 'x'.repeat(index)]),
);
const SLOW_MS = 50;

let scene: BayScene;

before(async () => {
  scene = await openBayScene({ load: { max_requests_in_flight: 2 } });
});

afterEach(() => scene.clear());

after(() => scene[Symbol.asyncDispose]());

const overwrite = async (path: string, from: number, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.byteLength, from);
};

const untilRows = (jobId: string, count: number): Promise<true> =>
  until(async () => (await readOnDisk({ station: scene.station, jobId })).rows.size >= count, {
    what: `${String(count)} rows are on disk`,
    deadlineMs: MINUTE_MS,
    describe: () => scene.station.journalText().slice(-2000),
  });

describe('daemon: does not start with a store', () => {
  const flip = async (path: string, from: number, to: number): Promise<void> => {
    const bytes = (await readFile(path)).subarray(from, to);
    await overwrite(
      path,
      from,
      bytes.map((byte) => byte ^ 0xff),
    );
  };
  const damages: readonly { readonly what: string; readonly damage: (path: string) => Promise<void> }[] = [
    // The first page holds the schema; the others hold tables.
    { what: 'in which every byte after its first page is flipped', damage: (path) => flip(path, 4 * KIB, Infinity) },
    { what: 'in which the bytes of one page are flipped', damage: (path) => flip(path, 8 * KIB, 12 * KIB) },
    { what: 'in which the bytes of its head are flipped', damage: (path) => flip(path, 0, 100) },
    { what: 'that was cut off within a page', damage: (path) => truncate(path, 9 * KIB) },
    { what: 'that was cut off after its first page', damage: (path) => truncate(path, 4 * KIB) },
    { what: 'that is no database', damage: (path) => writeFile(path, 'Dear customer,\n'.repeat(1000)) },
  ];
  for (const { what, damage } of damages) {
    test(`${what}, leaves it as it is, and starts with the backup`, async () => {
      const { station, minio, folder } = scene;
      const { jobId } = await prepareJob({ station, minio });
      const path = join(station.stateDir, 'station.db');
      const backup = join(folder, 'backup.db');
      assert.equal(await station.daemon().end('SIGTERM'), 0);
      assert.equal(await stat(`${path}-wal`).catch(() => undefined), undefined, 'all of it is in the one file');
      assert.ok((await stat(path)).size > 12 * KIB);
      await copyFile(path, backup);
      try {
        await damage(path);
        const damaged = await readFile(path);

        checkRefusal(await failToStart(station), 1, 'StoreDamaged');

        assert.ok(damaged.equals(await readFile(path)), 'it may still be repaired');
      } finally {
        await copyFile(backup, path);
        await station.startDaemon();
      }
      assert.equal((await station.job(jobId)).jobId, jobId);
    });
  }
});

test('station: garbage in the middle of a working log is a hold; retry goes on with the backup, and nothing is lost', async () => {
  const { station, minio, proxy, folder, image } = scene;
  const prefix = 'garbage/';
  const { jobId, job } = await prepareDrive({
    station,
    minio,
    image,
    files: FILES,
    manifestLines: [`prefix: ${prefix}`],
  });
  const log = join(station.stateDir, 'loads', jobId, 'working-log');
  const backup = join(folder, 'backup-log');
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await untilRows(jobId, 40);
  await station.daemon().end('SIGKILL');
  const had = await readOnDisk({ station, jobId });
  const asked = proxy.asked.length;
  await copyFile(log, backup);
  await overwrite(log, Math.floor((await stat(log)).size / 2), Buffer.alloc(64, 0xff));
  const damaged = await readFile(log);
  await station.startDaemon();

  const { hold } = await station.waitForHold('Bay 1', 'WorkingLogDamaged');
  assert.equal(hold?.actor, 'operator');
  assert.match(hold.happened, /damaged/u);
  assert.match(hold.todo, /backup[^]*retry/u);
  assert.ok(damaged.equals(await readFile(log)), 'it may still be repaired');
  await copyFile(backup, log);
  await station.ask('retry', 'Bay 1');
  const { counts } = await station.waitForJob(jobId, ['Completed']);

  assert.equal(counts?.loaded.files, Object.keys(FILES).length);
  const rows = await scene.rowsOf(job.logKey);
  assert.deepEqual(rows.map(({ File }) => File).toSorted(), ['SIGNATURE', ...Object.keys(FILES)].toSorted());
  assert.deepEqual(sentAgain({ proxy, bucket: BUCKET }, had, asked), []);
});

test('daemon: refuses to be the second on one state directory; the first goes on with its load', async () => {
  const { station, minio, proxy, image } = scene;
  const { jobId, job } = await prepareDrive({
    station,
    minio,
    image,
    files: FILES,
    manifestLines: ['prefix: second/'],
  });
  proxy.setLatency(SLOW_MS);
  await scene.plugIn();
  await untilRows(jobId, 10);
  const { pid } = station.daemon();

  checkRefusal(await failToStart(station), 1, 'DaemonRunning');

  const { size } = (await readOnDisk({ station, jobId })).rows;
  assert.ok(station.daemon().isRunning());
  assert.equal(station.daemon().pid, pid);
  await untilRows(jobId, size + 10);
  const { counts } = await station.waitForJob(jobId, ['Completed']);
  assert.equal(counts?.loaded.files, Object.keys(FILES).length);
  assert.equal((await scene.rowsOf(job.logKey)).length, Object.keys(FILES).length + 1);
});
