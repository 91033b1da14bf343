// A corpus of damaged file systems through the whole station: each is loaded with rows that are true, or is a hold with a
// reason; nothing crashes, hangs, or is written.
//
// The images come in the order of the seed. Kernel log and output name each before it is plugged in, so that one that ends
// the host is known afterwards. `IMPORT_STATION_SEED` chooses another corpus, `IMPORT_STATION_IMAGE` one image of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { parse } from 'csv-parse/sync';

import { createSocketTransport } from '#cli/socket-transport.ts';
import { fileText } from '#import-log/published-row.ts';
import { parseJobId } from '#job/job-id.ts';
import { computeSignature, formatSignatureFile } from '#job/signature.ts';
import { Secret } from '#language/secret.ts';
import { jobCreatedSchema, type BayStatus, type JobView } from '#protocol/control.ts';
import { countOf } from '../support/counts.ts';
import {
  CORPUS_FILES,
  DAMAGED_KINDS,
  makeBase,
  planDamage,
  readByOthers,
  untouchedFiles,
  writeDamaged,
  type BaseImage,
  type Found,
} from '../support/damaged-images.ts';
import { loadRequest, startLauncher } from '../support/launcher.ts';
import { startLoader, usersOf } from '../support/loader.ts';
import { makeImage, plug, sha256 } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { addAccount, CUSTOMER, formatManifest } from '../support/signed-drive.ts';
import { startStation, type Station } from '../support/station.ts';

const SEED = process.env['IMPORT_STATION_SEED'] ?? 'damaged';
const ONE_IMAGE = process.env['IMPORT_STATION_IMAGE'];
const IMAGES = countOf({ usual: 200, long: 5000 });
const LANES = 3;
const IMAGE_DEADLINE_MS = 240_000;
/** What a hold must not be: the loader or the launcher has crashed, hangs, or counts wrong. */
const FAULTS_OF_OURS = [
  'LoaderFailed',
  'LoaderNotAnswering',
  'LauncherUnreachable',
  'LedgerDoesNotBalance',
  'WorkingLogDamaged',
];

type Row = Readonly<Record<string, string>>;

const stack = new AsyncDisposableStack();
let station: Station;
let minio: Minio;
let folder: string;

const bayOf = (lane: number): string => `Bay ${String(lane + 1)}`;
const imageOf = (lane: number): string => join(folder, `${String(lane)}.img`);

before(async () => {
  minio = stack.use(await startMinio());
  folder = await mkdtemp(join(tmpdir(), 'corpus-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const bays = Array.from({ length: LANES }, (_, lane) => ({ name: bayOf(lane), image: imageOf(lane) }));
  station = stack.use(
    await startStation({ bays, config: { jobs: { per_day: 1_000_000 }, load: { sparse_hold_mib: 64 } } }),
  );
  await addAccount({ station, minio });
});

after(() => stack.disposeAsync());

let areErrorsHarmless = true;

for (const fsType of ['ext2', 'ext3', 'ext4'] as const) {
  test(`load: mounts an ${fsType} that wants the host to panic on errors so that it does not`, async () => {
    areErrorsHarmless = false;
    const image = await makeImage({ path: join(folder, `${fsType}.img`), fsType, files: { SIGNATURE: 'x' } });
    await run('tune2fs', ['-e', 'panic', image]);
    await using launcher = await startLauncher([image]);
    await using drive = await plug(image);

    await using loader = await startLoader(launcher, await loadRequest(drive, fsType));

    const mount = loader.looked.mounts.split('\n').find((line) => line.includes(' /drive '));
    assert.match(mount?.split(' ').at(-1) ?? '', /(?:^|,)errors=(?:remount-ro|continue)(?:,|$)/u);
    areErrorsHarmless = true;
  });
}

test(`station: gives each of ${String(IMAGES)} damaged file systems true rows or a reason (seed ${SEED})`, async (t) => {
  assert.ok(areErrorsHarmless, 'no damaged image is mounted where it might end the host');
  const queue = (
    ONE_IMAGE === undefined ? Array.from({ length: IMAGES }, (_, index) => index) : [Number(ONE_IMAGE)]
  ).values();
  const ends = new Map<string, number>();
  const failures: Error[] = [];
  const lane = async (number: number): Promise<void> => {
    // Bases of its own: two file systems with one UUID are not mounted at once.
    const bases = new Map<string, BaseImage>();
    for (const kind of DAMAGED_KINDS) bases.set(kind, await makeBase(await mkdtemp(join(folder, 'base-')), kind));
    for (const index of queue) {
      try {
        const end = await tryImage(number, index, bases);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      } catch (error: unknown) {
        announce(`image-corpus: image ${String(index)} has failed: ${String(error).split('\n')[0] ?? ''}`);
        failures.push(new Error(`seed ${SEED}, image ${String(index)}`, { cause: error }));
        // Whatever the bay does now, it is no bay for another image.
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));

  t.diagnostic(JSON.stringify(Object.fromEntries([...ends].toSorted())));
  if (failures.length > 0)
    throw new AggregateError(failures, failures.map((one) => `${one.message}: ${String(one.cause)}`).join('\n'));
  const sum = [...ends.values()].reduce((all, one) => all + one, 0);
  assert.equal(sum, ONE_IMAGE === undefined ? IMAGES : 1);
  assert.ok(station.daemon().isRunning() && station.launcher().isRunning(), 'the station lives');
});

/** One image from its job to the empty bay; gives how it ended. */
const tryImage = async (lane: number, index: number, bases: ReadonlyMap<string, BaseImage>): Promise<string> => {
  const [bay, path] = [bayOf(lane), imageOf(lane)];
  const base = bases.get(planDamage(SEED, index).kind) ?? assert.fail('every kind has a base');
  const { job, signature } = await makeJob(index);
  const damage = await writeDamaged(base, { path, signature, seed: SEED, index });
  announce(`image-corpus: seed ${SEED}, image ${String(index)}, ${bay}: ${damage}`);
  const before = await sha256(path);
  const drive = await plug(path);
  let end: string;
  try {
    let ended = await station.waitForBay(bay, 'has a reason or is done', isOver, IMAGE_DEADLINE_MS);
    // So many drives one after another that could not be read: for the station it is the cable, and this one was not read.
    if (ended.hold?.code === 'BadContact') {
      await station.ask('retry', bay);
      const isRead = (status: BayStatus): boolean => isOver(status) && status.hold?.code !== 'BadContact';
      ended = await station.waitForBay(bay, 'has another reason or is done', isRead, IMAGE_DEADLINE_MS);
    }
    end = ended.hold?.code ?? (await station.job(job.jobId)).state.job;
    if (ended.hold !== undefined) checkHold(ended.hold);
  } finally {
    await drive[Symbol.asyncDispose]();
  }
  await station.waitForBay(bay, 'is empty', ({ drive: inside }) => inside === undefined);
  assert.equal(await sha256(path), before, 'not a byte of the image has changed');
  assert.deepEqual(await usersOf(drive.device), [], 'nobody has it mounted');
  if (['Completed', 'SuccessWithErrors'].includes(end)) await checkRows(job, path, base);
  return end;
};

const isOver = ({ activity, hold }: BayStatus): boolean => hold !== undefined || activity === 'done';

const announce = (line: string): void => {
  process.stdout.write(`${line}\n`);
  // The kernel's own log is what is left on the console of a host that has ended.
  appendFileSync('/dev/kmsg', line);
};

const checkHold = ({ code, happened, todo }: NonNullable<BayStatus['hold']>): void => {
  assert.ok(!FAULTS_OF_OURS.includes(code), `${code}: ${happened}`);
  assert.match(happened, /\S/u);
  assert.match(todo, /\S/u);
};

const makeJob = async (index: number): Promise<{ readonly job: JobView; readonly signature: Uint8Array }> => {
  const bucket = `corpus-${String(index)}`;
  await minio.makeBucket(bucket);
  const manifest = Buffer.from(formatManifest(minio.accessKeyId, bucket));
  const transport = createSocketTransport(join(station.runDir, 'control', 'operator.sock'));
  const body = { account: CUSTOMER, manifest: manifest.toString('base64') };
  const answer = await transport.send({ method: 'POST', path: '/jobs', body }, AbortSignal.timeout(IMAGE_DEADLINE_MS));
  const { job } = jobCreatedSchema.parse(answer.body, { error: () => JSON.stringify(answer) });
  const jobId = parseJobId(job.jobId) ?? assert.fail('a job has an ID');
  const secret = new Secret(minio.secretAccessKey);
  const signature = formatSignatureFile({
    version: '2.0',
    jobId,
    signature: computeSignature({ jobId, manifest, secret }),
  });
  return { job, signature };
};

// What somebody else reads of the same image decides what is true; where damage has a checksum against it, so do the bytes
// that were written.
const checkRows = async (job: JobView, path: string, base: BaseImage): Promise<void> => {
  const log = await minio.getObject(job.logBucket, job.logKey);
  const rows: readonly Row[] = parse(log?.body ?? '', { columns: true });
  const objects = new Map((await minio.listObjects(job.logBucket)).map(({ key, etag }) => [key, etag]));
  const others = await readByOthers(path);
  // A mount that was possible a moment ago is possible now.
  assert.ok(others !== undefined, 'somebody else can mount it too');
  checkNothingLost(others, new Map(rows.map((row) => [row['File'] ?? '', row])));
  const untouched = base.kind === 'ext4-plain' ? new Set<string>() : await untouchedFiles(base, path);
  for (const { File = '', Key = '', MD5 } of rows.filter(({ Status }) => Status === '200')) {
    assert.equal(objects.get(Key.slice(job.logBucket.length + 1)), MD5, `the bucket has ${File}`);
    if (!untouched.has(File)) continue;
    const content = CORPUS_FILES.get(File) ?? '';
    assert.equal(MD5, createHash('md5').update(content).digest('hex'), `${File} is what was written`);
  }
};

const checkNothingLost = (others: Found, rows: ReadonlyMap<string, Row>): void => {
  for (const [latin1, { md5, isFolder }] of others) {
    const path = Buffer.from(latin1, 'latin1');
    if (latin1 === 'SIGNATURE' || latin1 === '') continue;
    const file = fileText(path);
    const row = rows.get(file) ?? rows.get(`'${file}`) ?? aboveOf(file, rows);
    assert.ok(row !== undefined, `${file} has a row`);
    if (row['Status'] === '200' && !isFolder) assert.equal(row['MD5'], md5, `${file} is what others read`);
  }
};

// A folder that cannot be listed has one row for all that is below it.
const aboveOf = (file: string, rows: ReadonlyMap<string, Row>): Row | undefined => {
  const parts = file.split('/');
  const above = parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
  return ['./', ...above].map((one) => rows.get(one)).find((one) => one !== undefined);
};
