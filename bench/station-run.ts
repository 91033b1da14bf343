// A load as the station runs it: a real station, its launcher and its loader process, a drive that is plugged in.
//
// What is measured
//   seconds        from the daemon's line "load started", which it writes once the loader has its order, to "import log in
//                  the bucket"; both times are the daemon's own
//   CPU seconds    from the plug until the loader is gone: loader (sampled every 50 ms, its start included) and daemon; those of
//                  the launcher and its other children (probe, mounts) stand beside them; more than the seconds cover
//   peak memory    the loader's highest resident set, sampled, plus the daemon's since the plug

import { chmod, link, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULTS } from '#config/defaults.ts';
import { SECOND_MS } from '#language/units.ts';
import { loadersOf } from '../test/support/loader.ts';
import { plug, type Plug } from '../test/support/loop.ts';
import { prepareJob } from '../test/support/signed-drive.ts';
import { startStation, type JournalLine, type Station, type StationOptions } from '../test/support/station.ts';
import { until } from '../test/support/wait.ts';
import { signDrive } from './drive.ts';
import type { RunFigures } from './measured-run.ts';
import { childrenOf, resetPeakRss, runningUsageOf, usageOf } from './process-usage.ts';
import type { Sink } from './sinks.ts';

/** What a load took. */
export interface LoadFigures extends RunFigures {
  readonly files: number;
  readonly bytes: number;
  /** From the plug to the log in the bucket. */
  readonly plugToLogSeconds: number;
  /** Launcher, probes and mounts. */
  readonly launcherCpuSeconds: number;
  readonly loaderPeakRssBytes: number;
  readonly daemonPeakRssBytes: number;
}

/** A station with one bay, for one image. */
export interface StationUnderTest extends AsyncDisposable {
  readonly station: Station;
  /** Plugs the drive in, and tells the station as udev would. */
  plug(): Promise<Plug>;
  /** Makes a job for a bucket, and puts its SIGNATURE onto the drive. */
  prepare(bucket: string): Promise<{ readonly jobId: string }>;
  /** Plugs the drive in, and waits for the log in the bucket. Errors: the bay holds, the load has failed files. */
  load(jobId: string, signal: AbortSignal): Promise<LoadFigures>;
}

const LOAD_DEADLINE_MS = 60 * 60 * SECOND_MS;
const SAMPLE_EVERY_MS = 50;
const BAY = 'Bay 1';
const MANY_JOBS = 1_000;

const configOf = (linkFolder: string): NonNullable<StationOptions['config']> => ({
  // As stations look for drives: to look more often would count as processor time of the load.
  watch: { folder: linkFolder, every_ms: DEFAULTS.watch.everyMs, debounce_ms: DEFAULTS.watch.debounceMs },
  journal: { level: 'info' },
  jobs: { per_day: MANY_JOBS },
});

/** A folder that stands for /dev/disk, where udev makes links of each drive that comes and removes them when it leaves. */
interface LinkFolder extends AsyncDisposable {
  readonly path: string;
  /** Something comes or goes. */
  change(): Promise<void>;
}

const makeLinkFolder = async (): Promise<LinkFolder> => {
  const path = await mkdtemp(join(tmpdir(), 'import-station-links-'));
  // The daemon is another user.
  await chmod(path, 0o755);
  let changes = 0;
  return {
    path,
    change: async () => {
      changes += 1;
      await writeFile(join(path, String(changes)), '');
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
};

/** Starts the station. */
export const startStationUnderTest = async (options: {
  readonly sink: Sink;
  readonly image: string;
  readonly accountOptions: readonly string[];
}): Promise<StationUnderTest> => {
  const { sink, image, accountOptions } = options;
  // A bay knows its image by the name: under the other one the drive is signed, and read by peers, unseen by the station.
  const bayImage = `${image}-in-bay${accountOptions.join('')}`;
  await link(image, bayImage);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(bayImage, { force: true }));
  const links = stack.use(await makeLinkFolder());
  const station = stack.use(
    await startStation({ bays: [{ name: BAY, image: bayImage }], config: configOf(links.path) }),
  );
  const signalDaemon = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (station.daemon().isRunning()) process.kill(station.daemon().pid, name);
  };
  const plugIn = async (): Promise<Plug> => {
    const drive = await plug(bayImage);
    await links.change();
    return drive;
  };
  const resources = stack.move();
  return {
    station,
    plug: plugIn,
    prepare: async (bucket) => {
      signalDaemon('SIGCONT');
      const { jobId, signature } = await prepareJob({ station, minio: sink, bucket, options: accountOptions });
      await signDrive(image, signature);
      return { jobId };
    },
    load: async (jobId, signal) => {
      const figures = await measureLoad({ station, plugIn, links }, jobId, signal);
      // It would look for drives while others are measured.
      signalDaemon('SIGSTOP');
      return figures;
    },
    [Symbol.asyncDispose]: async () => {
      signalDaemon('SIGCONT');
      await resources[Symbol.asyncDispose]();
    },
  };
};

const measureLoad = async (
  {
    station,
    plugIn,
    links,
  }: { readonly station: Station; readonly plugIn: () => Promise<Plug>; readonly links: LinkFolder },
  jobId: string,
  signal: AbortSignal,
): Promise<LoadFigures> => {
  const [daemonPid, launcherPid] = [station.daemon().pid, station.launcher().pid];
  const former = await childrenOf(launcherPid);
  await resetPeakRss(daemonPid);
  const before = { daemon: await runningUsageOf(daemonPid), launcher: await runningUsageOf(launcherPid) };
  const pluggedAt = Date.now();
  await using drive = await plugIn();
  const sampler = sampleLoader(launcherPid);
  let loader: LoaderUsage | undefined;
  try {
    await waitForLine(station, { jobId, message: LOG_IN_BUCKET }, signal);
  } finally {
    loader = await sampler.stop();
  }
  const isDone = async (): Promise<boolean> =>
    (await childrenOf(launcherPid)).every((pid) => former.includes(pid)) &&
    (await station.bay(BAY)).activity === 'done';
  await until(isDone, {
    what: 'the loader of the ended load is gone',
    describe: () => station.journalText().slice(-2_000),
  });
  const daemon = await runningUsageOf(daemonPid);
  const launcher = await runningUsageOf(launcherPid);
  await drive[Symbol.asyncDispose]();
  await links.change();
  await station.waitForBay(BAY, 'has no drive', (bay) => bay.drive === undefined);
  const { counts } = await station.job(jobId);
  if (counts === undefined || counts.failed.files > 0) {
    throw new Error(`Cannot use the load of job ${jobId}: files failed: ${JSON.stringify(counts)}`);
  }
  const startedAt = lineTime(station, { jobId, message: LOAD_STARTED });
  const endedAt = lineTime(station, { jobId, message: LOG_IN_BUCKET });
  const used = (one: typeof daemon): number => one.cpuSeconds + one.childrenCpuSeconds;
  return {
    ...counts.loaded,
    seconds: (endedAt - startedAt) / SECOND_MS,
    plugToLogSeconds: (endedAt - pluggedAt) / SECOND_MS,
    cpuSeconds: loader.cpuSeconds + used(daemon) - used(before.daemon),
    launcherCpuSeconds: used(launcher) - used(before.launcher) - loader.cpuSeconds,
    peakRssBytes: loader.peakRssBytes + daemon.peakRssBytes,
    loaderPeakRssBytes: loader.peakRssBytes,
    daemonPeakRssBytes: daemon.peakRssBytes,
  };
};

/** What the daemon writes when a loader has its order. */
export const LOAD_STARTED = 'load started';
const LOG_IN_BUCKET = 'import log in the bucket';

interface WantedLine {
  readonly jobId: string;
  readonly message: string;
}

/** Waits for a line of the daemon about a job. Errors: a bay holds. */
export const waitForLine = (station: Station, wanted: WantedLine, signal: AbortSignal): Promise<JournalLine> =>
  until(
    () => {
      signal.throwIfAborted();
      const held = station.journal().find(({ fields }) => fields['msg'] === 'bay held');
      if (held !== undefined) throw new Error(`The bay holds: ${JSON.stringify(held.fields)}`);
      if (!station.daemon().isRunning()) throw new Error(`The daemon has ended:\n${station.daemon().stderr()}`);
      return findLine(station, wanted);
    },
    { what: `job ${wanted.jobId}: ${wanted.message}`, deadlineMs: LOAD_DEADLINE_MS, everyMs: SAMPLE_EVERY_MS },
  );

const findLine = (station: Station, { jobId, message }: WantedLine): JournalLine | undefined =>
  station.journal().findLast(({ fields }) => fields['msg'] === message && fields['jobId'] === jobId);

const lineTime = (station: Station, wanted: WantedLine): number => {
  const time = findLine(station, wanted)?.fields['time'];
  if (typeof time !== 'string') throw new Error(`Cannot find in the journal of job ${wanted.jobId}: ${wanted.message}`);
  return Date.parse(time);
};

/** What loaders used: together, and the highest resident set of one. */
export type LoaderUsage = Pick<RunFigures, 'cpuSeconds' | 'peakRssBytes'>;

/** Samples a station's loaders, until it is stopped. */
export const sampleLoader = (launcherPid: number): { readonly stop: () => Promise<LoaderUsage> } => {
  let peakRssBytes = 0;
  const cpuSeconds = new Map<number, number>();
  let pid: number | undefined;
  let pending: Promise<void> = Promise.resolve();
  const sample = async (): Promise<void> => {
    const usage = pid === undefined ? undefined : await usageOf(pid);
    // Gone, or a zombie without memory: another one may come.
    if (usage === undefined || usage.peakRssBytes === 0) pid = (await loadersOf(launcherPid))[0];
    peakRssBytes = Math.max(peakRssBytes, usage?.peakRssBytes ?? 0);
    if (pid !== undefined && usage !== undefined) cpuSeconds.set(pid, usage.cpuSeconds);
  };
  let isIdle = true;
  const timer = setInterval(() => {
    if (!isIdle) return;
    isIdle = false;
    pending = sample().finally(() => {
      isIdle = true;
    });
  }, SAMPLE_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await pending;
      return { peakRssBytes, cpuSeconds: cpuSeconds.values().reduce((sum, one) => sum + one, 0) };
    },
  };
};
