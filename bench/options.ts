// The command line of `npm run bench`.

import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CASES, PROGRAMS, SINKS, type CaseName, type Program, type SinkName } from './contenders.ts';
import { SET_NAMES, type SetName } from './data-sets.ts';

/** What a run does. */
export interface BenchOptions {
  readonly mode: 'compare' | 'quick' | 'memory' | 'join';
  readonly sets: readonly SetName[];
  readonly sinks: readonly SinkName[];
  readonly cases: readonly CaseName[];
  readonly programs: readonly Program[];
  readonly runs: number;
  readonly scale: number;
  readonly waitSeconds: number;
  /** Of former comparisons, whose report is to be made. */
  readonly files: readonly string[];
  readonly json?: string;
  readonly report?: string;
  readonly plot?: string;
}

/** The options, or what is wrong with them. */
export type ParsedOptions =
  | { readonly kind: 'ok'; readonly options: BenchOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'problem'; readonly message: string };

/** Text of `--help`. */
export const HELP = `Usage: npm run bench -- [OPTION...]

Measures whole loads of Import Station beside rclone, mc, lib-storage and reading with MD5 alone, interleaved, into a
server that discards and into MinIO. Needs root (loop devices) and Go 1.24 or newer. The data sets lie in TMPDIR, up to
10 GB, and are removed at the end.

  --only SET,...      data sets: S (small), M (middle), L (large), W (wide), D (deep and mixed)
  --sink NAME,...     null, minio
  --case NAME,...     warm, cold, tls, late
  --program NAME,...  ${PROGRAMS.join(', ')}
  --runs N            runs of each contender in each cell (default 5)
  --scale F           smaller data sets for a trial, such as 0.05; the report says so
  --wait SECONDS      how long to wait for a quiet machine, in all (default 300)
  --json FILE         writes the figures to FILE
  --report FILE       writes the report to FILE (default bench/RESULTS.md where nothing narrows the run)
  --plot FILE         writes the plot to FILE (default bench/plot.svg where nothing narrows the run)

  --quick             5,000 small files, then 1 GiB of large ones, into MinIO by the station alone
  --memory            what a load costs in memory and how long the loader's event loop is blocked, with up to
                      1,000,000 files; --scale, --wait and --json as above
  --join FILE,...     makes one report and plot of what --json has kept of several comparisons, and measures nothing;
                      --report and --plot as above
  --help              this text
`;

const DEFAULT_RUNS = 5;
const DEFAULT_WAIT_SECONDS = 300;
const MOST_RUNS = 100;
const MOST_WAIT_SECONDS = 86_400;

const OPTIONS = {
  only: { type: 'string' },
  sink: { type: 'string' },
  case: { type: 'string' },
  program: { type: 'string' },
  runs: { type: 'string' },
  scale: { type: 'string' },
  wait: { type: 'string' },
  json: { type: 'string' },
  report: { type: 'string' },
  plot: { type: 'string' },
  quick: { type: 'boolean' },
  memory: { type: 'boolean' },
  join: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

/** Options that leave out a part of the comparison, or shrink it. */
const NARROWING = ['only', 'sink', 'case', 'program', 'runs', 'scale'] as const;
/** Options that other modes than the comparison do not know. */
const COMPARING = ['only', 'sink', 'case', 'program', 'runs', 'report', 'plot'] as const;
/** Options that a report of former comparisons does not know. */
const MEASURING = ['only', 'sink', 'case', 'program', 'runs', 'scale', 'wait', 'json'] as const;

/** Reads the arguments behind the program's name. */
export const parseOptions = (args: readonly string[]): ParsedOptions => {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false });
    return values.help === true ? { kind: 'help' } : { kind: 'ok', options: readValues(values) };
  } catch (error: unknown) {
    if (error instanceof Error) return { kind: 'problem', message: error.message };
    throw error;
  }
};

const FOREIGN: Readonly<Record<BenchOptions['mode'], readonly (keyof Values)[]>> = {
  compare: [],
  quick: COMPARING,
  memory: COMPARING,
  join: MEASURING,
};

type Values = Partial<Record<Exclude<keyof typeof OPTIONS, 'quick' | 'memory' | 'help'>, string>> & {
  readonly quick?: boolean;
  readonly memory?: boolean;
};

const readValues = (values: Values): BenchOptions => {
  const modes = (['quick', 'memory', 'join'] as const).filter((name) => values[name] !== undefined);
  if (modes.length > 1) throw new RangeError(`--${modes.join(' and --')} exclude each other`);
  const mode = modes[0] ?? 'compare';
  const foreign = FOREIGN[mode].find((name) => values[name] !== undefined);
  if (foreign !== undefined) throw new RangeError(`--${foreign} is not known to --${mode}`);
  if (mode === 'quick' && values.scale !== undefined) throw new RangeError('--scale is not known to --quick');
  const isWhole = (mode === 'compare' || mode === 'join') && NARROWING.every((name) => values[name] === undefined);
  const report = values.report ?? (isWhole ? 'bench/RESULTS.md' : undefined);
  const plot = values.plot ?? (isWhole ? 'bench/plot.svg' : undefined);
  return {
    mode,
    sets: names('only', values.only, SET_NAMES),
    sinks: names('sink', values.sink, SINKS),
    cases: names('case', values.case, CASES),
    programs: names('program', values.program, PROGRAMS),
    runs: number('runs', values.runs ?? String(DEFAULT_RUNS), { least: 1, most: MOST_RUNS, isWhole: true }),
    scale: number('scale', values.scale ?? '1', { least: 0.0001, most: 1, isWhole: false }),
    waitSeconds: number('wait', values.wait ?? String(DEFAULT_WAIT_SECONDS), {
      ...{ least: 0, most: MOST_WAIT_SECONDS, isWhole: true },
    }),
    files: values.join?.split(',') ?? [],
    ...(values.json === undefined ? {} : { json: values.json }),
    ...(report === undefined ? {} : { report }),
    ...(plot === undefined ? {} : { plot }),
  };
};

const names = <Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] => {
  if (text === undefined) return known;
  const asked = text.split(',');
  const unknown = asked.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new RangeError(`--${option} names "${unknown}", expected ${known.join(', ')}, or several with commas`);
  }
  return known.filter((name) => asked.includes(name));
};

interface Range {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const number = (option: string, text: string, { least, most, isWhole }: Range): number => {
  const value = /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value))) {
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new RangeError(`--${option} is "${text}", expected ${kind} from ${String(least)} to ${String(most)}`);
  }
  return value;
};
