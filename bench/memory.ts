// `--memory`: what loads cost in memory, how long the loader's event loop is blocked in a wide folder, and how fast a load
// goes on whose log is long. All into the null sink.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULTS } from '#config/defaults.ts';
import { Secret } from '#language/secret.ts';
import { GIB, MIB, SECOND_MS } from '#language/units.ts';
import { startLoaderRun } from '../test/support/loader-daemon.ts';
import { formatManifest } from '../test/support/signed-drive.ts';
import type { Station } from '../test/support/station.ts';
import { until } from '../test/support/wait.ts';
import { emptyFiles, sparseFile, type DataSet } from './data-sets.ts';
import { makeDrive, withDrive } from './drive.ts';
import { buildOwn } from './go-programs.ts';
import { startSink, type Sink } from './sinks.ts';
import { LOAD_STARTED, sampleLoader, startStationUnderTest, waitForLine } from './station-run.ts';

/** One figure, with its name. */
export interface MemoryFigure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'MiB' | 'ms' | 's' | 'rows';
}

/** What the measurement tells while it runs. */
export interface MemoryDeps {
  readonly say: (line: string) => void;
  readonly onFigure: (figure: MemoryFigure) => void;
}

interface Scene extends MemoryDeps {
  readonly folder: string;
  readonly sink: Sink;
}

const FEW_FILES = 10_000;
const MANY_FILES = 1_000_000;
const FILES_PER_FOLDER = 1_000;
const WIDE_FILES = 200_000;
const SPARSE_BYTES = 20 * GIB;
/** Share of the files that have their row when the daemon is killed. */
const KILLED_AT = 0.95;
const DEADLINE_MS = 30 * 60 * SECOND_MS;

/** Measures everything; `scale` 1 is the full size. */
export const measureMemory = async (scale: number, deps: MemoryDeps, signal: AbortSignal): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-station-bench-'));
  try {
    const nullSink = await buildOwn('null-sink', folder);
    await using sink = await startSink({ sink: 'null', case: 'warm', nullSink, folder });
    const scene = { ...deps, folder, sink };
    const scaled = (count: number): number => Math.max(1, Math.round(count * scale));
    for (const set of [
      emptyFiles(scaled(FEW_FILES), FILES_PER_FOLDER),
      sparseFile(Math.max(MIB, Math.round((SPARSE_BYTES * scale) / MIB) * MIB)),
    ]) {
      await measurePeak(scene, set, signal);
    }
    await measureBlocks(scene, emptyFiles(scaled(WIDE_FILES)), signal);
    await measureResume(scene, emptyFiles(scaled(MANY_FILES), FILES_PER_FOLDER), signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const prepareDrive = async ({ say, folder }: Scene, set: DataSet, signal: AbortSignal): Promise<string> => {
  signal.throwIfAborted();
  say(`making ${set.title}`);
  return makeDrive(set, folder);
};

const measurePeak = async (scene: Scene, set: DataSet, signal: AbortSignal): Promise<void> => {
  const image = await prepareDrive(scene, set, signal);
  await using tested = await startStationUnderTest({ sink: scene.sink, image, accountOptions: [] });
  const { jobId } = await tested.prepare(BUCKET);
  const { loaderPeakRssBytes, daemonPeakRssBytes } = await tested.load(jobId, signal);
  await scene.sink.removeBucket(BUCKET);
  scene.onFigure(peakFigure(`loader, ${set.title}`, loaderPeakRssBytes));
  scene.onFigure(peakFigure(`daemon, ${set.title}`, daemonPeakRssBytes));
};

const BUCKET = 'bench';

const peakFigure = (what: string, bytes: number): MemoryFigure => ({
  what: `peak memory of the ${what}`,
  value: bytes / MIB,
  unit: 'MiB',
});

/** The loader alone, on a mounted drive, with this process as its daemon: a station's loader tells nothing of its loop. */
const measureBlocks = async (scene: Scene, set: DataSet, signal: AbortSignal): Promise<void> => {
  const { folder, sink, onFigure } = scene;
  const image = await prepareDrive(scene, set, signal);
  const state = join(folder, 'state');
  await mkdir(state);
  await sink.makeBucket(BUCKET);
  const { endpoint, region, accessKeyId } = sink;
  const key = { accessKeyId, secretAccessKey: new Secret(sink.secretAccessKey) };
  const told = join(folder, 'longest-block');
  await withDrive(image, async (root) => {
    await using run = await startLoaderRun({
      ...{ root, state, manifest: formatManifest(accessKeyId, BUCKET), limits: DEFAULTS.load },
      access: { bucket: BUCKET, region, endpoint, forcePathStyle: true, isNetworkTrusted: true, sse: 'none', ...key },
      // The folder of the set has no SIGNATURE, and needs no row for it.
      order: { signatureLogged: true },
      program: { path: join(import.meta.dirname, 'programs', 'watched-loader.ts'), args: [told] },
    });
    const kill = (): void => {
      run.kill();
    };
    signal.addEventListener('abort', kill);
    const end = await run.end.finally(() => {
      signal.removeEventListener('abort', kill);
    });
    signal.throwIfAborted();
    if (end.kind !== 'finished')
      throw new Error(`Cannot measure the loader's loop: it ended with ${JSON.stringify(end)}`);
    await run.exited;
  });
  await sink.removeBucket(BUCKET);
  const what = `longest block of the loader's event loop, ${set.title} in one folder`;
  onFigure({ what, value: Number(await readFile(told, 'utf8')), unit: 'ms' });
};

const peakDuring = async (launcherPid: number, work: () => Promise<void>): Promise<number> => {
  const sampler = sampleLoader(launcherPid);
  let peak = 0;
  try {
    await work();
  } finally {
    peak = (await sampler.stop()).peakRssBytes;
  }
  return peak;
};

/** A load whose daemon is killed near its end: from the next daemon's start to the loader's order, log and all. */
const measureResume = async (scene: Scene, set: DataSet, signal: AbortSignal): Promise<void> => {
  const image = await prepareDrive(scene, set, signal);
  await using tested = await startStationUnderTest({ sink: scene.sink, image, accountOptions: [] });
  const { station } = tested;
  const { jobId } = await tested.prepare(BUCKET);
  const pluggedAt = Date.now();
  await using drive = await tested.plug();
  const { launcher } = station;
  const formerPeak = await peakDuring(launcher().pid, async () => {
    await waitForLine(station, { jobId, message: LOAD_STARTED }, signal);
    await until(() => isNearItsEnd(station, set, signal), {
      ...{ what: 'most files have their row', deadlineMs: DEADLINE_MS },
    });
  });
  const former = startsOf(station, jobId);
  const firstSeconds = ((former[0]?.at ?? Number.NaN) - pluggedAt) / SECOND_MS;
  scene.onFigure({ what: 'from the plug to the order to the first loader', value: firstSeconds, unit: 's' });
  scene.onFigure(peakFigure(`loader, ${set.title}`, formerPeak));
  const killedAt = Date.now();
  await station.restartDaemon('SIGKILL');
  const resumed = await until(() => startsOf(station, jobId)[former.length], {
    ...{ what: 'the load goes on', deadlineMs: DEADLINE_MS, describe: () => station.journalText().slice(-4_000) },
  });
  scene.onFigure({ what: 'rows in the log of a load that goes on', value: resumed.files, unit: 'rows' });
  const seconds = (resumed.at - killedAt) / SECOND_MS;
  scene.onFigure({ what: 'from the kill of the daemon to the order to the next loader', value: seconds, unit: 's' });
  // The former loader is gone by now, and the next one has what it needs to know of the former one's files.
  const nextPeak = await peakDuring(launcher().pid, async () => {
    await waitForLine(station, { jobId, message: 'import log in the bucket' }, signal);
  });
  scene.onFigure(peakFigure('next loader, to which these rows are known', nextPeak));
  const { counts } = await station.job(jobId);
  if (counts?.loaded.files !== set.fileCount) throw new Error(`Cannot use the load: ${JSON.stringify(counts)}`);
  await drive[Symbol.asyncDispose]();
  await scene.sink.removeBucket(BUCKET);
};

const isNearItsEnd = async (station: Station, set: DataSet, signal: AbortSignal): Promise<boolean> => {
  signal.throwIfAborted();
  const { activity, progress } = await station.bay('Bay 1');
  if (activity !== 'loading') throw new Error('Cannot interrupt the load: it ended before, expected a larger --scale');
  return (progress?.finished.files ?? 0) >= set.fileCount * KILLED_AT;
};

const startsOf = (station: Station, jobId: string): readonly { readonly at: number; readonly files: number }[] =>
  station
    .journal()
    .filter(({ fields }) => fields['msg'] === LOAD_STARTED && fields['jobId'] === jobId)
    .map(({ fields }) => ({ at: Date.parse(String(fields['time'])), files: Number(fields['finishedFiles']) }));

/** A figure for people. */
export const formatFigure = ({ what, value, unit }: MemoryFigure): string =>
  `${what}: ${value.toLocaleString('en', { maximumFractionDigits: unit === 'rows' ? 0 : 1 })} ${unit}`;
