// What a run of the comparison does, and how long that takes.

import { CELLS, CONTENDERS, formatCell, takesPart, type Cell, type Contender } from './contenders.ts';
import { createDataSet, type DataSet } from './data-sets.ts';
import type { BenchOptions } from './options.ts';

/** A cell with everyone who takes part in it. */
export interface PlannedCell {
  readonly cell: Cell;
  readonly contenders: readonly Contender[];
}

/** Cells of one data set: its drive is made once. */
export interface PlannedSet {
  readonly set: DataSet;
  readonly cells: readonly PlannedCell[];
}

/** Everything that is measured, in order. */
export interface Plan {
  readonly sets: readonly PlannedSet[];
  readonly runs: number;
  /** Estimated on 2 cores; waiting for a quiet machine is not in it. */
  readonly seconds: number;
}

type Choice = Pick<BenchOptions, 'sets' | 'sinks' | 'cases' | 'programs' | 'runs' | 'scale'>;

/** Makes the plan. Errors: nothing is left to measure. */
export const createPlan = (choice: Choice): Plan => {
  const sets = choice.sets
    .map((name) => ({
      name,
      cells: CELLS.filter((cell) => cell.set === name).flatMap((cell) => planCell(cell, choice)),
    }))
    .filter(({ cells }) => cells.length > 0)
    .map(({ name, cells }) => ({ set: createDataSet(name, choice.scale), cells }));
  if (sets.length === 0) throw new RangeError('Cannot measure anything: no cell is left of these options');
  return { sets, runs: choice.runs, seconds: sets.reduce((sum, set) => sum + secondsOf(set, choice.runs), 0) };
};

const planCell = (cell: Cell, { sinks, cases, programs }: Choice): readonly PlannedCell[] => {
  if (!sinks.includes(cell.sink) || !cases.includes(cell.case)) return [];
  const contenders = CONTENDERS.filter((one) => programs.includes(one.program) && takesPart(one, cell));
  return contenders.length === 0 ? [] : [{ cell, contenders }];
};

const MEGABYTE = 1e6;
/** Files per second and megabytes per second that MinIO takes beside a client on the same 2 cores. */
const MINIO_FILES_PER_SECOND = 1_000;
const MINIO_MEGABYTES_PER_SECOND = 300;
/** What a disk of such a machine gives. */
const COLD_MEGABYTES_PER_SECOND = 300;
const COLD_FILES_PER_SECOND = 5_000;
/** Written and read again before the first run of a set. */
const MAKING_FILES_PER_SECOND = 10_000;
const MAKING_MEGABYTES_PER_SECOND = 300;
/** Per cell: servers start and end, a station starts. */
const CELL_SECONDS = 5;

const secondsOf = ({ set, cells }: PlannedSet, runs: number): number =>
  set.fileCount / MAKING_FILES_PER_SECOND +
  set.totalBytes / MEGABYTE / MAKING_MEGABYTES_PER_SECOND +
  cells.reduce((sum, planned) => sum + CELL_SECONDS + runs * roundSeconds(set, planned), 0);

// Before a round of a warm cell all files are read once.
const roundSeconds = (set: DataSet, { cell, contenders }: PlannedCell): number =>
  contenders.reduce((sum, contender) => sum + runSeconds(set, cell, contender), 0) +
  (cell.case === 'cold' ? 0 : set.fileCount / MAKING_FILES_PER_SECOND / 2 + set.totalBytes / MEGABYTE / 1_500);

const runSeconds = (set: DataSet, cell: Cell, { program, rates }: Contender): number => {
  const isSent = cell.sink === 'minio' && program !== 'read-and-md5';
  const files = Math.min(
    rates.filesPerSecond,
    isSent ? MINIO_FILES_PER_SECOND : Number.POSITIVE_INFINITY,
    cell.case === 'cold' ? COLD_FILES_PER_SECOND : Number.POSITIVE_INFINITY,
  );
  const megabytes = Math.min(
    rates.megabytesPerSecond,
    isSent ? MINIO_MEGABYTES_PER_SECOND : Number.POSITIVE_INFINITY,
    cell.case === 'cold' ? COLD_MEGABYTES_PER_SECOND : Number.POSITIVE_INFINITY,
  );
  return rates.overhead + set.fileCount / files + set.totalBytes / MEGABYTE / megabytes;
};

/** The plan in words, a line for each cell, and how long it takes. */
export const formatPlan = ({ sets, runs, seconds }: Plan): string =>
  [
    ...sets.flatMap(({ set, cells }) => [
      `${set.name}: ${set.title}, ${(set.totalBytes / MEGABYTE).toFixed(0)} MB`,
      ...cells.map(({ cell, contenders }) => `  ${formatCell(cell)}: ${contenders.map(formatContender).join('; ')}`),
    ]),
    `${String(runs)} ${runs === 1 ? 'run' : 'runs'} each; about ${formatMinutes(seconds)} on 2 cores of a quiet machine`,
    '',
  ].join('\n');

/** Program and switches. */
export const formatContender = ({ program, switches }: Pick<Contender, 'program' | 'switches'>): string =>
  `${program} (${switches})`;

const formatMinutes = (seconds: number): string =>
  seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
