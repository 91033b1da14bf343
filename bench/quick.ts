// `--quick`: whole loads of the station alone into a MinIO on this machine. MinIO shares the cores with the station: the
// figures compare versions of this product on one machine, they are no promise for another.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GIB, MIB } from '#language/units.ts';
import { equalFiles, smallFiles, type DataSet } from './data-sets.ts';
import { makeDrive } from './drive.ts';
import { startSink, type Sink } from './sinks.ts';
import { startStationUnderTest, type LoadFigures } from './station-run.ts';

/** Figures of one load. */
export interface QuickFigures extends LoadFigures {
  readonly set: string;
}

const QUICK_SETS: readonly (() => DataSet)[] = [() => smallFiles(5_000), () => equalFiles('L', 4, GIB / 4)];
const BUCKET = 'bench';

/** Loads both sets; `onFigures` gets each as soon as it is known. */
export const runQuick = async (
  say: (line: string) => void,
  onFigures: (figures: QuickFigures) => void,
  signal: AbortSignal,
): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-station-bench-'));
  try {
    await using sink = await startSink({ sink: 'minio', case: 'warm', nullSink: '', folder });
    for (const createSet of QUICK_SETS) {
      const set = createSet();
      onFigures({ set: set.title, ...(await loadOnce({ set, sink, folder, say }, signal)) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const loadOnce = async (
  {
    set,
    sink,
    folder,
    say,
  }: { readonly set: DataSet; readonly sink: Sink; readonly folder: string; readonly say: (line: string) => void },
  signal: AbortSignal,
): Promise<LoadFigures> => {
  say(`${set.title}: making the drive`);
  const image = await makeDrive(set, folder);
  await using tested = await startStationUnderTest({ sink, image, accountOptions: [] });
  const { jobId } = await tested.prepare(BUCKET);
  say(`${set.title}: loading`);
  const figures = await tested.load(jobId, signal);
  await sink.removeBucket(BUCKET);
  return figures;
};

/** The figures for people. */
export const formatQuick = ({ set, files, bytes, seconds, plugToLogSeconds, ...usage }: QuickFigures): string =>
  [
    `${set}: ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s, ${plugToLogSeconds.toFixed(1)} s from the plug on`,
    `  ${(files / seconds).toFixed(0)} files/s, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s, CPU ${usage.cpuSeconds.toFixed(1)} s`,
    `  peak RSS: loader ${(usage.loaderPeakRssBytes / MIB).toFixed(0)} MiB, daemon ${(usage.daemonPeakRssBytes / MIB).toFixed(0)} MiB`,
  ].join('\n');
