// The report for people: bench/RESULTS.md.

import { format } from 'prettier';
import { MIB } from '#language/units.ts';
import { formatCell, type Program } from './contenders.ts';
import { SET_NAMES } from './data-sets.ts';
import { stationOf, type Results, type Row } from './results.ts';

const MEGABYTE = 1e6;
const GIGABYTE = 1e9;

const CASE_TITLES: Readonly<Record<Row['case'], string>> = {
  warm: 'from the page cache',
  cold: 'from the disk, caches dropped',
  tls: 'over TLS',
  late: 'every answer 20 ms late',
};

const SINK_TITLES: Readonly<Record<Row['sink'], string>> = {
  null: 'null sink',
  minio: 'MinIO on the same machine',
};

/** Markdown, laid out as the checks of this repository want it, of one measurement or several. */
export const formatReport = (measured: readonly Results[]): Promise<string> => {
  const sets = new Map(measured.flatMap(({ sets: own }) => own.map((set) => [set.name, set] as const)));
  const rows = measured.flatMap((one) => one.rows);
  const parts = [
    ...head(measured),
    ...SET_NAMES.flatMap((name) => sets.get(name) ?? []).flatMap((set) => section(rows, set)),
    ...tail(measured.flatMap(({ failures }) => failures)),
  ];
  return format(parts.join('\n'), { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
};

const head = (measured: readonly Results[]): readonly string[] => [
  '# Results of the benchmark',
  '',
  'Written by `npm run bench`; the README says what is measured.',
  '',
  ...measured.flatMap((one) => conditions(one, measured.length > 1)),
  'Files/s and MB/s (10^6 bytes) are of the whole run. Times of the station: from the order to the loader to the import',
  'log in the bucket; its CPU time begins with the plug, and with its peak memory is that of loader and daemon.',
  '"of MD5" is the share of what reading and MD5 alone reach, with one thread or two; "station" is how many times as fast',
  'the station is (where it trusts the network to the bucket, else with its defaults), and "rounds" in how many of the',
  'interleaved rounds it was faster; "sink" is the CPU time of the server, which shares the cores.',
  '',
];

const conditions = (
  { startedAt, endedAt, machine, versions, scale, runs, busiest, rows }: Results,
  isOneOfSeveral: boolean,
): readonly string[] => {
  const day = startedAt.toISOString().slice(0, 16).replace('T', ' ');
  const minutes = Math.round((endedAt.getTime() - startedAt.getTime()) / 60_000);
  const cells = [...new Set(rows.map(formatCell))].join(', ');
  return [
    ...(scale === 1
      ? []
      : [`**A trial with data sets of ${String(scale)} of their size: the figures say nothing.**`, '']),
    ...(isOneOfSeveral ? [`Of ${cells}:`, ''] : []),
    `- ${day} UTC, ${String(minutes)} minutes; medians of ${String(runs)} ${runs === 1 ? 'run' : 'runs'}, interleaved`,
    `- commit ${machine.commit}, Node ${machine.node}${Object.entries(versions)
      .map(([name, version]) => `, ${name} ${version}`)
      .join('')}`,
    `- ${String(machine.cores)} cores (${machine.cpu}), ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, Linux ${machine.kernel}`,
    `- the machine was at most ${(busiest * 100).toFixed(0)} % busy when a comparison began`,
    '',
  ];
};

const section = (rows: readonly Row[], set: Results['sets'][number]): readonly string[] => {
  const own = rows.filter((row) => row.set === set.name);
  const cells = [...new Set(own.map(formatCell))];
  return [
    `## ${set.name}: ${set.title}, ${(set.totalBytes / MEGABYTE).toFixed(0)} MB`,
    '',
    ...cells.flatMap((cell) => table(own.filter((row) => formatCell(row) === cell))),
  ];
};

const COLUMNS = [
  'program',
  'switches',
  'files/s',
  'MB/s',
  'CPU s / 1,000 files',
  'CPU s / GB',
  'peak RSS MiB',
  'of MD5',
  'station',
  'rounds',
  'seconds',
  'sink CPU s',
];

const table = (rows: readonly Row[]): readonly string[] => {
  const [first] = rows;
  if (first === undefined) return [];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${first.set}, ${SINK_TITLES[first.sink]}, ${CASE_TITLES[first.case]}`,
    '',
    row(COLUMNS),
    row(COLUMNS.map((_, index) => (index < 2 ? '---' : '---:'))),
    ...rows.map((one) => row(cellsOf(one, rows))),
    '',
  ];
};

const cellsOf = (row: Row, beside: readonly Row[]): readonly string[] => [
  row.program,
  // A pipe would end the cell.
  row.switches === 'defaults' ? 'defaults' : `\`${row.switches.replaceAll('|', '\\|')}\``,
  count(row.filesPerSecond),
  count(row.bytesPerSecond / MEGABYTE),
  perUnit(row.cpuSeconds, row.files / 1_000),
  perUnit(row.cpuSeconds, row.bytes / GIGABYTE),
  count(row.peakRssBytes / MIB),
  ratio(row, fastestOf(beside, 'read-and-md5')),
  ratio(
    stationOf(beside, (one) => one),
    row,
  ),
  row.roundsBehindStation === undefined ? '' : `${String(row.roundsBehindStation)} of ${String(row.runs)}`,
  `${row.seconds.toFixed(2)} (${row.fastestSeconds.toFixed(2)} to ${row.slowestSeconds.toFixed(2)})`,
  row.sinkCpuSeconds.toFixed(2),
];

const count = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);

const perUnit = (seconds: number, units: number): string => (units === 0 ? '' : (seconds / units).toFixed(2));

// By files, which even empty ones have.
const ratio = (one: Row | undefined, other: Row | undefined): string =>
  one === undefined || other === undefined ? '' : (one.filesPerSecond / other.filesPerSecond).toFixed(2);

/** The fastest row of a program; undefined where it has none. */
export const fastestOf = (rows: readonly Row[], program: Program): Row | undefined =>
  rows.filter((row) => row.program === program).toSorted((one, other) => other.filesPerSecond - one.filesPerSecond)[0];

const tail = (failures: Results['failures']): readonly string[] =>
  failures.length === 0
    ? []
    : [
        '## Not measured',
        '',
        ...failures.map(
          ({ cell, contender, message }) =>
            `- ${cell.set} ${cell.sink} ${cell.case}, ${contender.program} (\`${contender.switches}\`): ${message.split('\n')[0] ?? ''}`,
        ),
        '',
      ];
