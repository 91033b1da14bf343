// What was measured, run by run, and the medians that are told of it.

import { formatCell, TRUSTED, type Cell, type Contender, type Program } from './contenders.ts';
import type { DataSet } from './data-sets.ts';
import type { Machine } from './machine.ts';
import { median } from './statistics.ts';

/** One run of one contender in one cell. */
export interface Run {
  readonly cell: Cell;
  readonly contender: Pick<Contender, 'program' | 'switches'>;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly sinkCpuSeconds: number;
  /** Of the station's loads. */
  readonly plugToLogSeconds?: number;
  readonly launcherCpuSeconds?: number;
  readonly loaderPeakRssBytes?: number;
  readonly daemonPeakRssBytes?: number;
}

/** Medians of a contender in a cell. */
export interface Row extends Cell {
  readonly program: Program;
  readonly switches: string;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly filesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly sinkCpuSeconds: number;
  readonly plugToLogSeconds?: number;
  readonly launcherCpuSeconds?: number;
  readonly loaderPeakRssBytes?: number;
  readonly daemonPeakRssBytes?: number;
  readonly runs: number;
  readonly slowestSeconds: number;
  readonly fastestSeconds: number;
  /** In how many of its rounds the station (see `stationOf`) was faster in the same cell; not of the station itself. */
  readonly roundsBehindStation?: number;
}

/** A contender that could not be measured in a cell. */
export interface Failure {
  readonly cell: Cell;
  readonly contender: Pick<Contender, 'program' | 'switches'>;
  readonly message: string;
}

/** Everything that a report tells. */
export interface Results {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly scale: number;
  readonly runs: number;
  readonly sets: readonly Pick<DataSet, 'name' | 'title' | 'totalBytes'>[];
  readonly rows: readonly Row[];
  readonly failures: readonly Failure[];
  /** How busy the machine was at worst when a cell began, from 0 to 1. */
  readonly busiest: number;
}

/** Medians of the runs, in the order in which cells and contenders came first. */
export const summarize = (runs: readonly Run[]): readonly Row[] => {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = JSON.stringify([formatCell(run.cell), run.contender.program, run.contender.switches]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const all = [...groups.values()];
  return all.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const cell = formatCell(first.cell);
    const ofCell = all.filter(([other]) => other !== undefined && formatCell(other.cell) === cell);
    const station = stationOf(ofCell, ([other]) => other?.contender);
    if (station === undefined || first.contender.program === 'import-station') return [rowOf(first, group)];
    return [{ ...rowOf(first, group), roundsBehindStation: roundsWon(station, group) }];
  });
};

/**
 * What others of a cell are compared with: the station that trusts the network, where it took part, for what it leaves out
 * there nobody else does either; else its first contender.
 */
export const stationOf = <One>(
  ofCell: readonly One[],
  contenderOf: (one: One) => Pick<Contender, 'program' | 'switches'> | undefined,
): One | undefined => {
  const stations = ofCell.filter((one) => contenderOf(one)?.program === 'import-station');
  return stations.find((one) => contenderOf(one)?.switches === TRUSTED) ?? stations[0];
};

// The runs of a contender come in the order of the rounds.
const roundsWon = (station: readonly Run[], others: readonly Run[]): number =>
  others.filter(({ seconds }, round) => (station[round]?.seconds ?? Infinity) < seconds).length;

const OPTIONAL_FIELDS = ['plugToLogSeconds', 'launcherCpuSeconds', 'loaderPeakRssBytes', 'daemonPeakRssBytes'] as const;

const rowOf = ({ cell, contender, files, bytes }: Run, group: readonly Run[]): Row => {
  const medianOf = (field: 'seconds' | 'cpuSeconds' | 'peakRssBytes' | 'sinkCpuSeconds'): number =>
    median(group.map((run) => run[field]));
  const seconds = medianOf('seconds');
  const known = OPTIONAL_FIELDS.flatMap((field) => {
    const values = group.flatMap((run) => run[field] ?? []);
    return values.length === 0 ? [] : [[field, median(values)] as const];
  });
  return {
    ...cell,
    ...{ program: contender.program, switches: contender.switches, files, bytes, seconds },
    filesPerSecond: files / seconds,
    bytesPerSecond: bytes / seconds,
    cpuSeconds: medianOf('cpuSeconds'),
    peakRssBytes: medianOf('peakRssBytes'),
    sinkCpuSeconds: medianOf('sinkCpuSeconds'),
    ...Object.fromEntries(known),
    runs: group.length,
    slowestSeconds: Math.max(...group.map((run) => run.seconds)),
    fastestSeconds: Math.min(...group.map((run) => run.seconds)),
  };
};

/** The results as the file of `--json` has them. */
export const formatJson = ({ startedAt, endedAt, machine, versions, ...results }: Results): string => {
  const { scale, runs, busiest, sets, rows, failures } = results;
  const told = { startedAt, endedAt, machine, versions, scale, runs, busiest, sets, rows, failures };
  return `${JSON.stringify(told, undefined, 2)}\n`;
};
