// Runs the stages of the tests and judges them: the second half of scripts/test, which has set everything up.

import { spawn } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { createLeakCheck } from './leaks.ts';

type Stage =
  | { readonly kind: 'check'; readonly name: string; readonly program: string; readonly args: readonly string[] }
  | {
      readonly kind: 'tests';
      readonly name: string;
      readonly folders: readonly string[];
      readonly concurrency: number;
    };

interface Counts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

interface StageResult {
  readonly name: string;
  readonly seconds: number;
  /** What is wrong, in words; empty for a stage that passed. */
  readonly faults: readonly string[];
  readonly counts?: Counts;
}

const ROOT = join(import.meta.dirname, '..', '..');
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const MINUTE_MS = 60_000;
const FILE_TIMEOUT_MS = 15 * MINUTE_MS;
const LONG_FILE_TIMEOUT_MS = 4 * 60 * MINUTE_MS;

const NO_COUNTS: Counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };

// Loop numbers, udevd and /dev/disk belong to the machine: all but the unit tests run one file at a time.
const STAGES: readonly Stage[] = [
  { kind: 'check', name: 'format', program: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
  { kind: 'check', name: 'types', program: 'typescript/bin/tsc', args: ['--noEmit'] },
  { kind: 'check', name: 'lint', program: 'eslint/bin/eslint.js', args: ['--max-warnings', '0', '.'] },
  { kind: 'tests', name: 'unit', folders: ['unit'], concurrency: 2 },
  { kind: 'tests', name: 'contract', folders: ['contract'], concurrency: 1 },
  // Stations wait more than they work, and each has drives, folders and servers of its own.
  { kind: 'tests', name: 'integration', folders: ['integration'], concurrency: 2 },
  { kind: 'tests', name: 'faults', folders: ['faults'], concurrency: 2 },
  // One file looks into packages, the other lives through one; each builds its own.
  { kind: 'tests', name: 'packaging', folders: ['packaging'], concurrency: 2 },
];

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    options: { long: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const unknown = values.only.filter((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    say(`test: no stage is called ${unknown.join(', ')}, expected ${STAGES.map(({ name }) => name).join(', ')}`);
    return EXIT_USAGE;
  }
  if (values.long) process.env['IMPORT_STATION_LONG'] = '1';
  const stop = stopSignal();
  const stages = STAGES.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  const results: StageResult[] = [];
  for (const stage of stages) {
    if (stop.aborted) return EXIT_INTERRUPTED;
    const files = stage.kind === 'tests' ? filesOf(stage.folders, positionals) : [];
    // With files named, only the stages that they belong to are meant.
    if (positionals.length > 0 && files.length === 0) continue;
    say(`\n== ${stage.name}`);
    const began = performance.now();
    const outcome = stage.kind === 'check' ? await runCheck(stage) : await runTests(stage, files, values.long, stop);
    results.push({ name: stage.name, seconds: (performance.now() - began) / 1000, ...outcome });
  }
  if (stop.aborted) return EXIT_INTERRUPTED;
  return report(results);
};

const stopSignal = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  // Whoever read the output has gone: then nobody wants the rest, and what was begun is cleaned up.
  process.stdout.on('error', (error) => {
    controller.abort(error);
  });
  return controller.signal;
};

// Named files count by what they have in common with a path below the checkout, from wherever they are named.
const filesOf = (folders: readonly string[], named: readonly string[]): readonly string[] => {
  const all = folders.flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`, { cwd: ROOT })).toSorted();
  const isNamed = (file: string): boolean =>
    named.some((name) => `/${name}`.endsWith(`/${file}`) || `/${file}`.endsWith(`/${name.replace(/^\.\//u, '')}`));
  return (named.length === 0 ? all : all.filter(isNamed)).map((file) => join(ROOT, file));
};

type Outcome = Pick<StageResult, 'faults' | 'counts'>;

const runCheck = async ({ program, args }: Stage & { readonly kind: 'check' }): Promise<Outcome> => {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', program), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>();
  child.once('error', reject);
  child.once('exit', (code, signal) => {
    resolve(code ?? signal ?? EXIT_FAILED);
  });
  const ending = await promise;
  return { faults: ending === 0 ? [] : [`ended with ${String(ending)}`] };
};

const runTests = async (
  { concurrency }: Stage & { readonly kind: 'tests' },
  files: readonly string[],
  isLong: boolean,
  signal: AbortSignal,
): Promise<Outcome> => {
  const base = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'is-test-'));
  // The station's users pass through it.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  try {
    const leakCheck = createLeakCheck(folder);
    const counts = await runFiles(files, concurrency, isLong, signal);
    const leaks = await leakCheck.find();
    for (const leak of leaks) leak.remove();
    return { counts, faults: [...faultsOf(counts), ...leaks.map(({ says }) => `left behind: ${says}`)] };
  } finally {
    if (base === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = base;
    rmSync(folder, { recursive: true, force: true });
  }
};

const runFiles = async (
  files: readonly string[],
  concurrency: number,
  isLong: boolean,
  signal: AbortSignal,
): Promise<Counts> => {
  let counts = NO_COUNTS;
  if (files.length === 0) return counts;
  const stream = run({
    files: [...files],
    concurrency,
    cwd: ROOT,
    signal,
    timeout: isLong ? LONG_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS,
    execArgv: [`--import=${join(ROOT, 'test', 'support', 'fail-on-warning.ts')}`],
  });
  stream.on('test:summary', (summary) => {
    // One without a file is about all of them.
    if (summary.file === undefined) counts = countsOf(summary.counts);
  });
  const lines = stream.compose(new spec());
  lines.on('data', (text: string | Buffer) => process.stdout.write(text));
  await finished(lines);
  return counts;
};

// `@types/node` knows no count of failures.
const countsOf = ({ tests, suites, passed, cancelled, skipped, todo }: Omit<Counts, 'failed'>): Counts => ({
  tests,
  suites,
  passed,
  failed: tests - passed - cancelled - skipped - todo,
  cancelled,
  skipped,
  todo,
});

const faultsOf = ({ tests, failed, cancelled, skipped, todo }: Counts): readonly string[] => [
  ...(tests === 0 ? ['ran no test'] : []),
  ...(failed > 0 ? [`${String(failed)} failed`] : []),
  ...(cancelled > 0 ? [`${String(cancelled)} cancelled`] : []),
  ...(skipped > 0 ? [`${String(skipped)} skipped`] : []),
  ...(todo > 0 ? [`${String(todo)} todo`] : []),
];

const report = (results: readonly StageResult[]): number => {
  const faulty = results.filter(({ faults }) => faults.length > 0);
  say('');
  for (const { name, faults } of faulty) for (const fault of faults) say(`${name}: ${fault}`);
  const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
  const budget = results.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(', ');
  say(`seconds: ${budget}; together ${total.toFixed(1)}`);
  if (results.length === 0) say('no test file is called so');
  const sum = (pick: (counts: Counts) => number): string =>
    String(results.reduce((number, { counts }) => number + (counts === undefined ? 0 : pick(counts)), 0));
  say(`ℹ tests ${sum(({ tests }) => tests)}`);
  say(`ℹ suites ${sum(({ suites }) => suites)}`);
  say(`ℹ pass ${sum(({ passed }) => passed)}`);
  say(`ℹ fail ${sum(({ failed }) => failed)}`);
  say(`ℹ cancelled ${sum(({ cancelled }) => cancelled)}`);
  say(`ℹ skipped ${sum(({ skipped }) => skipped)}`);
  say(`ℹ todo ${sum(({ todo }) => todo)}`);
  say(`ℹ duration_ms ${(total * 1000).toFixed(0)}`);
  return faulty.length > 0 || results.length === 0 ? EXIT_FAILED : 0;
};

process.exitCode = await main();
