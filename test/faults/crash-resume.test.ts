// kill -9 of loader, daemon, host part and bucket, again and again in the middle of the same load: afterwards one log with
// exactly one row per file, nothing missing, nothing left behind, and nothing that had its row is sent again.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { MIB, MINUTE_MS } from '#language/units.ts';
import { countOf, FIRST_SEED } from '../support/counts.ts';
import { createKiller, type KillScene } from '../support/killer.ts';
import { describePoint, drawKillPoints, POINTS_PER_LOAD } from '../support/kill-points.ts';
import { plug } from '../support/loop.ts';
import { startMinio } from '../support/minio.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { startStation } from '../support/station.ts';

const SMALL_FILES = 300;
const BIG_FILES = 3;
const PARTS = 8;
const PART_BYTES = 5 * MIB;
const BUCKET = 'customer-data';
const LATENCY_MS = 40;

const makeFiles = (): ReadonlyMap<string, Buffer> =>
  new Map([
    ...Array.from({ length: SMALL_FILES }, (_, index): [string, Buffer] => [
      `data/${String(index % 7)}/file-${String(index)}.bin`,
      randomBytes(200 + index),
    ]),
    ...Array.from({ length: BIG_FILES }, (_, index): [string, Buffer] => [
      `big/${String(index)}.bin`,
      randomBytes(PARTS * PART_BYTES),
    ]),
  ]);

interface Scene extends KillScene {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly image: string;
}

const setScene = async (stack: AsyncDisposableStack): Promise<Scene> => {
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
  const { jobId, job } = await prepareDrive({
    station,
    minio: { ...minio, endpoint: proxy.endpoint },
    bucket: BUCKET,
    image,
    sizeBytes: 192 * MIB,
    files: Object.fromEntries(files),
  });
  proxy.setLatency(LATENCY_MS);
  return { station, minio, proxy, image, jobId, files, logKey: job.logKey, bucket: BUCKET };
};

const checkEnd = async ({ station, minio, jobId, files, logKey }: Scene): Promise<void> => {
  await station.waitForJob(jobId, ['Completed'], 2 * MINUTE_MS);
  await station.waitForBay('Bay 1', 'says take it out', ({ activity }) => activity === 'done');
  const log = await minio.getObject(BUCKET, logKey);
  assert.ok(log !== undefined, 'the import log is in the bucket');
  const rows = parse<Readonly<Record<string, string>>>(log.body, { columns: true });
  assert.equal(rows[0]?.['File'], 'SIGNATURE');
  assert.deepEqual(rows.map(({ File }) => File).sort(), ['SIGNATURE', ...files.keys()].sort());
  for (const { File = '', MD5 = '', Status = '' } of rows.slice(1)) {
    const content = files.get(File) ?? Buffer.alloc(0);
    assert.equal(Status, '200', File);
    assert.equal(MD5, createHash('md5').update(content).digest('hex'), File);
  }
  for (const [name, content] of files) {
    const object = await minio.getObject(BUCKET, name);
    assert.ok(object?.body.equals(content) === true, `${name} is in the bucket as on the drive`);
  }
  const bigFiles = [...files.keys()].filter((name) => name.startsWith('big/'));
  assert.deepEqual(await minio.listUploads(BUCKET, ['', ...bigFiles]), [], 'no multipart upload is left');
};

const LOADS = countOf({ usual: 3, long: 30 });

for (let seed = FIRST_SEED; seed < FIRST_SEED + LOADS; seed += 1) {
  test(`station: one load goes on to its end over ${String(POINTS_PER_LOAD)} kills (seed ${String(seed)})`, async (t) => {
    await using stack = new AsyncDisposableStack();
    const scene = await setScene(stack);
    const parts = BIG_FILES * PARTS;
    const points = drawKillPoints(seed, { rows: SMALL_FILES, parts, completions: BIG_FILES });
    const killer = createKiller(scene, points);
    stack.use(await plug(scene.image));

    for (let kill = 1; kill <= points.length; kill += 1) {
      const { point, had } = await killer.next();
      const onDisk = `${String(had.rows.size)} rows and ${String(had.parts.size)} parts of open uploads on disk`;
      t.diagnostic(`kill of ${describePoint(point)}: ${onDisk}`);
    }

    await checkEnd(scene);
    killer.checkNothingAgain();
  });
}
