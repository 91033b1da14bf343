// `npm run bench -- --quick`: whole loads through the real station into a real MinIO on this machine, from the plug to the
// log in the bucket. MinIO shares the cores with the station: the figures compare versions of this product on one machine,
// they are no promise for another.

import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { GIB, MIB } from '#language/units.ts';
import { plug } from '../test/support/loop.ts';
import { startMinio, type Minio } from '../test/support/minio.ts';
import { loadersOf } from '../test/support/loader.ts';
import { prepareDrive } from '../test/support/signed-drive.ts';
import { startStation } from '../test/support/station.ts';
import { usageOf, type Usage } from './process-usage.ts';

interface DataSet {
  readonly name: string;
  readonly imageBytes: number;
  readonly write: (folder: string) => Promise<void>;
}

interface Figures {
  readonly set: string;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly daemon: Usage;
  readonly loader: Usage;
}

const SMALL_MIN_BYTES = 4 * 1024;
const SMALL_MAX_BYTES = 16 * 1024;
const PER_FOLDER = 500;
const SAMPLE_EVERY_MS = 50;
const LOAD_DEADLINE_MS = 30 * 60_000;

const smallFiles = (count: number): DataSet => ({
  name: `${String(count)} files of 4 to 16 KiB`,
  imageBytes: Math.ceil((count * 20 * 1024) / MIB) * MIB + 256 * MIB,
  write: async (folder) => {
    const content = randomFillSync(Buffer.alloc(SMALL_MAX_BYTES));
    for (let index = 0; index < count; index += 1) {
      const directory = join(folder, `d${String(Math.floor(index / PER_FOLDER))}`);
      if (index % PER_FOLDER === 0) await mkdir(directory);
      // Sizes from the index, so that every run loads the same set.
      const sizeBytes = SMALL_MIN_BYTES + ((index * 7919) % (SMALL_MAX_BYTES - SMALL_MIN_BYTES));
      content.writeUInt32LE(index, 0);
      await writeFile(join(directory, `f${String(index)}.bin`), content.subarray(0, sizeBytes));
    }
  },
});

const largeFiles = (count: number, sizeBytes: number): DataSet => ({
  name: `${String(count)} files of ${String(sizeBytes / MIB)} MiB`,
  imageBytes: count * sizeBytes + 256 * MIB,
  write: async (folder) => {
    const block = randomFillSync(Buffer.alloc(4 * MIB));
    for (let index = 0; index < count; index += 1) {
      await using file = await open(join(folder, `large${String(index)}.bin`), 'w');
      for (let at = 0; at < sizeBytes; at += block.length) {
        block.writeUInt32LE(index * 100_000 + at / block.length, 0);
        await file.write(block, 0, Math.min(block.length, sizeBytes - at));
      }
    }
  },
});

const measure = async (minio: Minio, set: DataSet): Promise<Figures> => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const image = join(folder, 'drive.img');
  const station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }] }));
  process.stderr.write(`${set.name}: making the drive\n`);
  const bucket = `bench-${String(Date.now())}`;
  const prepared = await prepareDrive({
    station,
    minio,
    bucket,
    image,
    sizeBytes: set.imageBytes,
    populate: set.write,
  });
  const daemonBefore = await usageOf(station.daemon().pid);
  process.stderr.write(`${set.name}: loading\n`);
  const started = performance.now();
  const drive = stack.use(await plug(image));
  const sampler = sampleLoader(station.launcher().pid);
  const job = await station.waitForJob(prepared.jobId, ['Completed', 'SuccessWithErrors'], LOAD_DEADLINE_MS);
  const seconds = (performance.now() - started) / 1000;
  const loader = await sampler.stop();
  const daemon = await usageOf(station.daemon().pid);
  if (daemon === undefined || daemonBefore === undefined) throw new Error(`The daemon ended; drive ${drive.device}`);
  const { loaded } = job.counts ?? { loaded: { files: 0, bytes: 0 } };
  return {
    set: set.name,
    ...loaded,
    seconds,
    daemon: { ...daemon, cpuSeconds: daemon.cpuSeconds - daemonBefore.cpuSeconds },
    loader,
  };
};

const sampleLoader = (launcherPid: number): { readonly stop: () => Promise<Usage> } => {
  let last: Usage = { cpuSeconds: 0, peakRssBytes: 0 };
  let pid: number | undefined;
  let pending: Promise<void> = Promise.resolve();
  const sample = async (): Promise<void> => {
    pid ??= (await loadersOf(launcherPid))[0];
    const usage = pid === undefined ? undefined : await usageOf(pid);
    if (usage === undefined) return;
    // An ended process that nobody has waited for yet has its CPU time still, and no memory.
    last = { ...usage, peakRssBytes: Math.max(usage.peakRssBytes, last.peakRssBytes) };
  };
  const timer = setInterval(() => {
    pending = pending.then(sample);
  }, SAMPLE_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await pending;
      return last;
    },
  };
};

const formatFigures = ({ set, files, bytes, seconds, daemon, loader }: Figures): string =>
  [
    `${set}: ${String(files)} files, ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s`,
    `  ${(files / seconds).toFixed(0)} files/s, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    `  CPU: loader ${loader.cpuSeconds.toFixed(1)} s, daemon ${daemon.cpuSeconds.toFixed(1)} s`,
    `  peak RSS: loader ${(loader.peakRssBytes / MIB).toFixed(0)} MiB, daemon ${(daemon.peakRssBytes / MIB).toFixed(0)} MiB`,
  ].join('\n');

const HELP = `Usage: npm run bench -- [--quick | --memory] [--json FILE]

  --quick   5,000 small files, then 1 GiB of large ones (the default)
  --memory  5,000 files, then 100,000: what a file costs in memory
  --json    writes the figures to FILE, too
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const sets = values.memory ? [smallFiles(5_000), smallFiles(100_000)] : [smallFiles(5_000), largeFiles(4, GIB / 4)];
  await using minio = await startMinio();
  const all: Figures[] = [];
  for (const set of sets) {
    const figures = await measure(minio, set);
    all.push(figures);
    process.stdout.write(`${formatFigures(figures)}\n`);
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
}
