// kill -9 in the middle of a load: afterwards one log with exactly one row per file, and nothing that had its row is sent
// again.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { MIB } from '#language/units.ts';
import { countOf } from '../support/counts.ts';
import { plug } from '../support/loop.ts';
import { startMinio } from '../support/minio.ts';
import { loadersOf } from '../support/loader.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const SMALL_FILES = 300;
const BIG_BYTES = 40 * MIB;
const PART_BYTES = 5 * MIB;
const BUCKET = 'customer-data';
const LATENCY_MS = 40;

type Row = Readonly<Record<string, string>>;

const makeFiles = (): ReadonlyMap<string, Buffer> =>
  new Map([
    ...Array.from({ length: SMALL_FILES }, (_, index): [string, Buffer] => [
      `data/${String(index % 7)}/file-${String(index)}.bin`,
      randomBytes(200 + index),
    ]),
    ['big.bin', randomBytes(BIG_BYTES)],
  ]);

const workingRows = async (station: Station, jobId: string): Promise<number> => {
  const text = await readFile(join(station.stateDir, 'loads', jobId, 'working-log'), 'latin1').catch(() => '');
  return text.split('\n').length;
};

/** Numbers of the parts that the daemon has on disk as acknowledged. */
const notedParts = async ({ station, jobId }: Scene): Promise<readonly number[]> => {
  const text = await readFile(join(station.stateDir, 'loads', jobId, 'parts'), 'utf8').catch(() => '');
  return [...text.matchAll(/"kind":"part-finished".*"partNumber":(\d+)/gu)].map(([, part]) => Number(part));
};

const keyOf = (write: string): string => decodeURIComponent(write.split('?')[0] ?? '').replace(`/${BUCKET}/`, '');

interface Scene extends AsyncDisposable {
  readonly station: Station;
  readonly proxy: S3Proxy;
  readonly image: string;
  readonly jobId: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly log: () => Promise<readonly Row[]>;
  readonly openUploads: () => Promise<number>;
}

const setScene = async (): Promise<Scene> => {
  await using stack = new AsyncDisposableStack();
  const minio = stack.use(await startMinio());
  const proxy = stack.use(await startS3Proxy(minio.endpoint));
  const folder = await mkdtemp(join(tmpdir(), 'crash-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const image = join(folder, 'drive.img');
  const station = stack.use(
    await startStation({
      bays: [{ name: 'Bay 1', image }],
      config: { load: { multipart_threshold_mib: 16, part_size_mib: 5, max_requests_in_flight: 4 } },
    }),
  );
  const files = makeFiles();
  const through = { ...minio, endpoint: proxy.endpoint, pid: 0 };
  const prepared = await prepareDrive({
    station,
    minio: through,
    bucket: BUCKET,
    image,
    sizeBytes: 96 * MIB,
    files: Object.fromEntries(files),
  });
  proxy.setLatency(LATENCY_MS);
  const rest = stack.move();
  return {
    station,
    proxy,
    image,
    jobId: prepared.jobId,
    files,
    log: async () => {
      const stored = await minio.getObject(BUCKET, prepared.job.logKey);
      assert.ok(stored !== undefined, 'the import log is in the bucket');
      for (const [name, content] of files) {
        const object = await minio.getObject(BUCKET, name);
        assert.ok(object?.body.equals(content) === true, `${name} is in the bucket as on the drive`);
      }
      return parse(stored.body, { columns: true });
    },
    openUploads: async () => (await minio.listUploads(BUCKET, ['', 'big.bin'])).length,
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
};

const checkEnd = async (scene: Scene, rowsAtKill: number): Promise<void> => {
  const { station, proxy, jobId, files, log, openUploads } = scene;
  await station.waitForJob(jobId, ['Completed']);
  const rows = await log();
  const names = rows.map(({ File }) => File);
  assert.equal(names[0], 'SIGNATURE');
  assert.deepEqual([...names].sort(), ['SIGNATURE', ...files.keys()].sort());
  for (const { File = '', MD5 = '', Status = '' } of rows.slice(1)) {
    assert.equal(Status, '200', File);
    assert.equal(
      MD5,
      createHash('md5')
        .update(files.get(File) ?? '')
        .digest('hex'),
      File,
    );
  }
  assert.equal(await openUploads(), 0, 'no multipart upload is left');
  const whole = proxy.writes.filter((write) => !write.includes('?') || write.includes('x-id=PutObject'));
  const sent = whole.map(keyOf).filter((key) => key.startsWith('data/'));
  assert.ok(rowsAtKill > 1, 'the kill came after some rows');
  const repeatedKeys = sent.filter((key, index) => sent.indexOf(key) !== index);
  const logged = new Set(killedLogs.get(scene));
  assert.ok(logged.size > 0, 'some files had their rows');
  assert.deepEqual(
    repeatedKeys.filter((key) => logged.has(key)),
    [],
    'no file that had its row is sent again',
  );
};

const killedLogs = new WeakMap<Scene, readonly string[]>();

const waitForRows = async (scene: Scene, count: number): Promise<number> =>
  until(
    async () => {
      const rows = await workingRows(scene.station, scene.jobId);
      return rows > count ? rows : undefined;
    },
    { what: `${String(count)} rows are on disk`, describe: () => scene.station.journalText().slice(-3000) },
  );

// What had its row at the moment of the kill is what the log says after it, before anything goes on.
const noteRows = async (scene: Scene): Promise<void> => {
  const text = await readFile(join(scene.station.stateDir, 'loads', scene.jobId, 'working-log'), 'latin1');
  killedLogs.set(
    scene,
    [...text.matchAll(/"(data\/[^"]+)",200/gu)].map((match) => match[1] ?? ''),
  );
};

// Rows after which something is killed, spread over the whole load.
const KILLS = countOf({ usual: 3, long: 150 });
const KILL_ROWS = Array.from({ length: KILLS }, (_, index) => 20 + Math.floor((index * (SMALL_FILES - 60)) / KILLS));

for (const seed of KILL_ROWS) {
  test(`station: goes on after kill -9 of the loader at row ${String(seed)}`, async () => {
    await using scene = await setScene();
    await using _drive = await plug(scene.image);
    const rows = await waitForRows(scene, seed);

    const running = await loadersOf(scene.station.launcher().pid);
    assert.equal(running.length, 1);
    process.kill(running[0] ?? 0, 'SIGKILL');
    await scene.station.waitForHold('Bay 1', 'LoaderFailed');
    await noteRows(scene);
    await scene.station.ask('retry', 'Bay 1');

    await checkEnd(scene, rows);
  });

  test(`station: goes on after kill -9 of the daemon at row ${String(seed)}`, async () => {
    await using scene = await setScene();
    await using _drive = await plug(scene.image);
    const rows = await waitForRows(scene, seed);

    await scene.station.daemon().end('SIGKILL');
    await noteRows(scene);
    await scene.station.startDaemon();

    await checkEnd(scene, rows);
    assert.ok((await loadersOf(scene.station.launcher().pid)).length <= 1, 'never two loaders');
  });
}

test('station: goes on after the whole host part was killed in the middle of a multipart upload', async () => {
  await using scene = await setScene();
  await using _drive = await plug(scene.image);
  const rows = await waitForRows(scene, 1);
  await until(async () => (await notedParts(scene)).length >= 2, { what: 'two parts are noted' });

  await scene.station.daemon().end('SIGKILL');
  await scene.station.launcher().end('SIGKILL');
  await noteRows(scene);
  const noted = await notedParts(scene);
  await scene.station.startLauncher();
  await scene.station.startDaemon();

  await checkEnd(scene, rows);
  const sent = scene.proxy.writes.flatMap((write) => (/partNumber=(\d+)/u.exec(write)?.slice(1) ?? []).map(Number));
  const parts = Array.from({ length: BIG_BYTES / PART_BYTES }, (_, index) => index + 1);
  assert.deepEqual(
    [...new Set(sent)].toSorted((a, b) => a - b),
    parts,
    'every part is sent',
  );
  assert.ok(noted.length < parts.length, 'the kill came within the file');
  const timesSent = noted.map((part) => sent.filter((one) => one === part).length);
  assert.deepEqual(
    timesSent,
    noted.map(() => 1),
    'no part that was noted is sent again',
  );
});
