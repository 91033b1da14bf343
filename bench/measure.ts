// Runs a plan: for each set its drive, for each cell its sink, in each round every contender once.

import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCell, type Contender, type Method } from './contenders.ts';
import type { DataSet } from './data-sets.ts';
import { makeDrive, withDrive } from './drive.ts';
import { buildOwn, findPeer, PEERS } from './go-programs.ts';
import { dropCaches, type QuietWait } from './machine.ts';
import { runMeasured, type RunFigures } from './measured-run.ts';
import { peerCommand, type PeerPlaces } from './peer-command.ts';
import { formatContender, type Plan, type PlannedCell } from './plan.ts';
import { runningUsageOf } from './process-usage.ts';
import type { Failure, Run } from './results.ts';
import { startSink, type Received, type Sink } from './sinks.ts';
import { startStationUnderTest, type LoadFigures, type StationUnderTest } from './station-run.ts';

/** What a run of the plan needs besides. */
export interface MeasureDeps {
  readonly quiet: QuietWait;
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface Measured {
  readonly runs: readonly Run[];
  readonly failures: readonly Failure[];
  readonly busiest: number;
}

/** Programs and places of a whole run. */
interface Tools {
  readonly folder: string;
  readonly nullSink: string;
  readonly measuredRun: string;
  readonly rclone: string;
  readonly mc: string;
}

/** Measures everything. Errors: the signal's reason, and a machine on which nothing can be run; a contender's are kept. */
export const measure = async (plan: Plan, deps: MeasureDeps, signal: AbortSignal): Promise<Measured> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-station-bench-'));
  try {
    const tools = await prepareTools(folder, plan, deps);
    const runs: Run[] = [];
    const failures: Failure[] = [];
    let busiest = 0;
    for (const { set, cells } of plan.sets) {
      signal.throwIfAborted();
      deps.say(`${set.name}: making ${set.title}`);
      const image = await makeDrive(set, folder);
      for (const planned of cells) {
        busiest = Math.max(busiest, await deps.quiet.untilQuiet(signal));
        const scene = { ...planned, set, image, tools, rounds: plan.runs };
        await measureCell(
          scene,
          { ...deps, onRun: (run) => runs.push(run), onFailure: (one) => failures.push(one) },
          signal,
        );
      }
      await rm(image);
    }
    return { runs, failures, busiest };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const prepareTools = async (folder: string, plan: Plan, { say }: MeasureDeps): Promise<Tools> => {
  const programs = plan.sets.flatMap(({ cells }) => cells.flatMap(({ contenders }) => contenders));
  const peer = async (name: 'rclone' | 'mc'): Promise<string> =>
    programs.some(({ program }) => program === name) ? findPeer(PEERS[name], say) : '';
  return {
    folder,
    nullSink: await buildOwn('null-sink', folder),
    measuredRun: await buildOwn('measured-run', folder),
    rclone: await peer('rclone'),
    mc: await peer('mc'),
  };
};

interface Scene extends PlannedCell {
  readonly set: DataSet;
  readonly image: string;
  readonly tools: Tools;
  readonly rounds: number;
}

interface CellDeps extends MeasureDeps {
  readonly onRun: (run: Run) => void;
  readonly onFailure: (failure: Failure) => void;
}

/** Runs one contender once. */
type Runner = (bucket: string, signal: AbortSignal) => Promise<RunFigures & Partial<LoadFigures>>;

const measureCell = async (scene: Scene, deps: CellDeps, signal: AbortSignal): Promise<void> => {
  const { cell, contenders, image, tools, rounds } = scene;
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(await startSink({ ...cell, nullSink: tools.nullSink, folder: tools.folder }));
  const mcFolder = join(tools.folder, 'mc');
  await rm(mcFolder, { recursive: true, force: true });
  await mkdir(join(mcFolder, 'certs', 'CAs'), { recursive: true });
  if (sink.authorityPath !== undefined) {
    await copyFile(sink.authorityPath, join(mcFolder, 'certs', 'CAs', 'authority.pem'));
  }
  const failed = new Set<Contender>();
  const runners = new Map<Contender, Runner>();
  const runnerOf = async (contender: Contender): Promise<Runner> => {
    const former = runners.get(contender);
    if (former !== undefined) return former;
    const made = await createRunner({ ...scene, sink, mcFolder }, contender.method, stack);
    runners.set(contender, made);
    return made;
  };
  let serial = 0;
  for (let round = 1; round <= rounds; round += 1) {
    if (cell.case !== 'cold') await readAll(tools, image, signal);
    for (const contender of contenders.filter((one) => !failed.has(one))) {
      signal.throwIfAborted();
      serial += 1;
      const title = `${formatCell(cell)}, round ${String(round)} of ${String(rounds)}: ${formatContender(contender)}`;
      try {
        const run = await runOnce({ ...scene, sink }, contender, {
          runner: await runnerOf(contender),
          bucket: `bench-${String(serial)}`,
          signal,
        });
        deps.onRun(run);
        deps.say(`${title}: ${formatRun(run)}`);
      } catch (error: unknown) {
        signal.throwIfAborted();
        failed.add(contender);
        const message = error instanceof Error ? error.message : String(error);
        deps.onFailure({ cell, contender, message });
        deps.say(`${title}: failed: ${message}`);
      }
    }
  }
};

// Fills the cache of the image, which is all that one run leaves to the next.
const readAll = async (tools: Tools, image: string, signal: AbortSignal): Promise<void> => {
  await withDrive(image, async (source) => {
    const command = peerCommand({ kind: 'read', threads: 2 }, noPlaces(source));
    await runMeasured({ tool: tools.measuredRun, folder: tools.folder, command }, signal);
  });
};

const noPlaces = (source: string): PeerPlaces => ({
  ...{ rclone: '', mc: '', mcFolder: '/', source, bucket: '' },
  sink: { endpoint: '', region: '', accessKeyId: '', secretAccessKey: '' },
});

const createRunner = async (
  { cell, image, tools, sink, mcFolder }: Scene & { readonly sink: Sink; readonly mcFolder: string },
  method: Method,
  stack: AsyncDisposableStack,
): Promise<Runner> => {
  const settle = async (): Promise<void> => {
    if (cell.case === 'cold') await dropCaches();
  };
  if (method.kind === 'station') {
    const { accountOptions } = method;
    const tested: StationUnderTest = stack.use(await startStationUnderTest({ sink, image, accountOptions }));
    return async (bucket, signal) => {
      const { jobId } = await tested.prepare(bucket);
      await settle();
      return tested.load(jobId, signal);
    };
  }
  return async (bucket, signal) => {
    await settle();
    return withDrive(image, (source) => {
      const command = peerCommand(method, { rclone: tools.rclone, mc: tools.mc, mcFolder, source, bucket, sink });
      return runMeasured({ tool: tools.measuredRun, folder: tools.folder, command }, signal);
    });
  };
};

const runOnce = async (
  { cell, set, sink }: Scene & { readonly sink: Sink },
  contender: Contender,
  { runner, bucket, signal }: { readonly runner: Runner; readonly bucket: string; readonly signal: AbortSignal },
): Promise<Run> => {
  await sink.makeBucket(bucket);
  const before = await runningUsageOf(sink.pid);
  const figures = await runner(bucket, signal);
  const after = await runningUsageOf(sink.pid);
  assertReceived(contender, set, await sink.received(bucket));
  await sink.removeBucket(bucket);
  return {
    ...figures,
    ...{ cell, contender: { program: contender.program, switches: contender.switches } },
    ...{ files: set.fileCount, bytes: set.totalBytes },
    sinkCpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
};

/** The import log lies beside the files of a load. */
const LOG_OBJECTS = 1;

// A program that leaves something out is not fast.
const assertReceived = ({ method }: Contender, set: DataSet, received: Received): void => {
  if (method.kind === 'read') return;
  const objects = received.objects - (method.kind === 'station' ? LOG_OBJECTS : 0);
  const isAll =
    objects === set.fileCount &&
    (method.kind === 'station' ? received.bytes > set.totalBytes : received.bytes === set.totalBytes);
  if (isAll) return;
  throw new Error(
    `the bucket has ${String(objects)} files and ${String(received.bytes)} bytes, expected ${String(set.fileCount)} and ${String(set.totalBytes)}`,
  );
};

const formatRun = ({ seconds, files, bytes, cpuSeconds }: Run): string =>
  `${seconds.toFixed(2)} s, ${(files / seconds).toFixed(0)} files/s, ${(bytes / seconds / 1e6).toFixed(0)} MB/s, ${cpuSeconds.toFixed(2)} CPU s`;
