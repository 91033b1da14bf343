// Who is compared, with which switches, and in which cells. A further contender is one more entry of the list.

import type { SetName } from './data-sets.ts';

/** Where the files go. */
export const SINKS = ['null', 'minio'] as const;
/** See SINKS. */
export type SinkName = (typeof SINKS)[number];

/** How: from the page cache, from the disk, over TLS, or with every answer 20 ms late. */
export const CASES = ['warm', 'cold', 'tls', 'late'] as const;
/** See CASES. */
export type CaseName = (typeof CASES)[number];

/** What is compared. */
export const PROGRAMS = ['import-station', 'rclone', 'mc', 'lib-storage', 'read-and-md5'] as const;
/** See PROGRAMS. */
export type Program = (typeof PROGRAMS)[number];

/** A data set, a sink and a case: what is measured side by side. */
export interface Cell {
  readonly set: SetName;
  readonly sink: SinkName;
  readonly case: CaseName;
}

/** `S null warm` */
export const formatCell = (cell: Cell): string => `${cell.set} ${cell.sink} ${cell.case}`;

/** How a contender is run. */
export type Method =
  | { readonly kind: 'station'; readonly accountOptions: readonly string[] }
  | { readonly kind: 'rclone' | 'mc'; readonly flags: readonly string[] }
  | { readonly kind: 'lib-storage'; readonly filesAtOnce: number }
  | { readonly kind: 'read'; readonly threads: number };

/** A program with its switches. */
export interface Contender {
  readonly program: Program;
  /** For people; tells contenders of one program apart. */
  readonly switches: string;
  readonly method: Method;
  /** Patterns `SET/sink/case`, each part a name, some of them with `|`, or `*`. */
  readonly cells: readonly string[];
  /** What the estimate of the duration takes: files/s of tiny files, MB/s of content, and seconds that each run has besides. */
  readonly rates: { readonly filesPerSecond: number; readonly megabytesPerSecond: number; readonly overhead: number };
}

const QUICK_SWITCHES = ['--checkers', '16', '--s3-no-head', '--s3-no-check-bucket', '--no-check-dest'] as const;

/** Of the station whose account trusts the network to the bucket, as loopback may be: what others are compared with. */
export const TRUSTED = 'trusted network';

const station = (switches: string, accountOptions: readonly string[], cells: readonly string[]): Contender => ({
  program: 'import-station',
  switches,
  method: { kind: 'station', accountOptions },
  cells,
  rates: { filesPerSecond: 6_000, megabytesPerSecond: 600, overhead: 5 },
});

const rclone = (flags: readonly string[], cells: readonly string[]): Contender => ({
  program: 'rclone',
  switches: flags.length === 0 ? 'defaults' : flags.join(' '),
  method: { kind: 'rclone', flags },
  cells,
  rates: { filesPerSecond: 4_000, megabytesPerSecond: 450, overhead: 0.5 },
});

const atOnce = (transfers: number): readonly string[] => ['--transfers', String(transfers), ...QUICK_SWITCHES];
const LARGE_SWITCHES = [...QUICK_SWITCHES, '--s3-chunk-size', '16M', '--s3-upload-concurrency', '4'] as const;

const mc = (cells: readonly string[]): Contender => ({
  program: 'mc',
  switches: 'mirror',
  method: { kind: 'mc', flags: [] },
  cells,
  rates: { filesPerSecond: 2_500, megabytesPerSecond: 350, overhead: 0.5 },
});

const libStorage = (filesAtOnce: number, cells: readonly string[]): Contender => ({
  program: 'lib-storage',
  switches: `${String(filesAtOnce)} files at once`,
  method: { kind: 'lib-storage', filesAtOnce },
  cells,
  rates: { filesPerSecond: 1_300, megabytesPerSecond: 250, overhead: 0.5 },
});

const read = (threads: number, cells: readonly string[]): Contender => ({
  program: 'read-and-md5',
  switches: threads === 1 ? '1 thread' : `${String(threads)} threads`,
  method: { kind: 'read', threads },
  cells,
  rates: { filesPerSecond: 20_000, megabytesPerSecond: 600 * threads, overhead: 0.5 },
});

/** All contenders, in the order in which each round runs them. */
export const CONTENDERS: readonly Contender[] = [
  station('bodies signed', [], ['S|M|L/*/warm', 'S/*/tls']),
  station(TRUSTED, ['--trusted-network'], ['*/*/warm|cold|late']),
  rclone([], ['S|M|L/null/warm']),
  rclone(atOnce(16), ['S|M|D|W/*/warm|cold|tls']),
  rclone(atOnce(64), ['S/*/late']),
  rclone(atOnce(128), ['S/*/late']),
  rclone(atOnce(256), ['S/*/late']),
  rclone(['--transfers', '4', ...LARGE_SWITCHES], ['L/*/*']),
  rclone(['--transfers', '4', ...LARGE_SWITCHES, '--s3-disable-checksum'], ['L/null/warm']),
  mc(['S|M|L/*/warm', 'S/*/tls|late']),
  libStorage(16, ['S|M|L/*/warm', 'S/*/tls']),
  libStorage(64, ['S/*/late']),
  read(1, ['S|M|L/null/warm']),
  read(2, ['*/*/*']),
];

/** Cells of a full run, in its order. */
export const CELLS: readonly Cell[] = [
  { set: 'S', sink: 'null', case: 'warm' },
  { set: 'S', sink: 'null', case: 'cold' },
  { set: 'S', sink: 'null', case: 'tls' },
  { set: 'S', sink: 'null', case: 'late' },
  { set: 'S', sink: 'minio', case: 'warm' },
  { set: 'M', sink: 'null', case: 'warm' },
  { set: 'M', sink: 'minio', case: 'warm' },
  { set: 'L', sink: 'null', case: 'warm' },
  { set: 'L', sink: 'null', case: 'cold' },
  { set: 'L', sink: 'minio', case: 'warm' },
  { set: 'W', sink: 'null', case: 'warm' },
  { set: 'D', sink: 'null', case: 'warm' },
];

/** True where a contender takes part in a cell. */
export const takesPart = ({ cells }: Contender, cell: Cell): boolean =>
  cells.some((pattern) => {
    const [set = '', sink = '', when = ''] = pattern.split('/');
    return matches(set, cell.set) && matches(sink, cell.sink) && matches(when, cell.case);
  });

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern.split('|').includes(name);
