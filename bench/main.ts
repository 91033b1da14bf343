// `npm run bench`: what the station costs and how it compares; HELP tells the options.

import { readFile, writeFile } from 'node:fs/promises';
import { createQuietWait, readMachine } from './machine.ts';
import { measure } from './measure.ts';
import { formatFigure, measureMemory, type MemoryFigure } from './memory.ts';
import { HELP, parseOptions, type BenchOptions } from './options.ts';
import { createPlan, formatPlan } from './plan.ts';
import { drawPlot } from './plot.ts';
import { formatQuick, runQuick, type QuickFigures } from './quick.ts';
import { formatReport } from './report.ts';
import { formatJson, summarize, type Results } from './results.ts';
import { checkCells, parseJson } from './read-results.ts';
import { PEERS } from './go-programs.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const say = (line: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};

const compare = async (options: BenchOptions, signal: AbortSignal): Promise<number> => {
  const plan = createPlan(options);
  process.stderr.write(formatPlan(plan));
  const machine = await readMachine();
  const startedAt = new Date();
  const quiet = createQuietWait(options.waitSeconds, say);
  const { runs, failures, busiest } = await measure(plan, { quiet, say }, signal);
  const results: Results = {
    ...{ startedAt, endedAt: new Date(), machine, scale: options.scale, runs: options.runs, busiest },
    versions: { rclone: PEERS.rclone.version, mc: PEERS.mc.version },
    sets: plan.sets.map(({ set: { name, title, totalBytes } }) => ({ name, title, totalBytes })),
    ...{ rows: summarize(runs), failures },
  };
  if (options.json !== undefined) await writeFile(options.json, formatJson(results));
  await tell([results], options);
  return failures.length === 0 ? EXIT_OK : EXIT_FAILED;
};

const tell = async (measured: readonly Results[], { report: path, plot }: BenchOptions): Promise<void> => {
  const report = await formatReport(measured);
  if (path !== undefined) await writeFile(path, report);
  if (plot !== undefined) await writeFile(plot, drawPlot(measured));
  process.stdout.write(report);
};

const join = async (options: BenchOptions): Promise<number> => {
  const measured: Results[] = [];
  for (const file of options.files) measured.push(parseJson(file, await readFile(file, 'utf8')));
  checkCells(measured);
  await tell(measured, options);
  return EXIT_OK;
};

const quick = async (options: BenchOptions, signal: AbortSignal): Promise<number> => {
  const all: QuickFigures[] = [];
  const tell = (figures: QuickFigures): void => {
    all.push(figures);
    process.stdout.write(`${formatQuick(figures)}\n`);
  };
  await createQuietWait(options.waitSeconds, say).untilQuiet(signal);
  await runQuick(say, tell, signal);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(all, undefined, 2)}\n`);
  return EXIT_OK;
};

const memory = async (options: BenchOptions, signal: AbortSignal): Promise<number> => {
  const figures: MemoryFigure[] = [];
  const onFigure = (figure: MemoryFigure): void => {
    figures.push(figure);
    process.stdout.write(`${formatFigure(figure)}\n`);
  };
  await createQuietWait(options.waitSeconds, say).untilQuiet(signal);
  await measureMemory(options.scale, { say, onFigure }, signal);
  if (options.json !== undefined) {
    const told = { machine: await readMachine(), scale: options.scale, figures };
    await writeFile(options.json, `${JSON.stringify(told, undefined, 2)}\n`);
  }
  return EXIT_OK;
};

const start = async (signal: AbortSignal): Promise<number> => {
  const parsed = parseOptions(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(HELP);
      return EXIT_OK;
    case 'problem':
      process.stderr.write(`bench: ${parsed.message}\nbench: --help tells the options\n`);
      return EXIT_USAGE;
    case 'ok':
      switch (parsed.options.mode) {
        case 'compare':
          return compare(parsed.options, signal);
        case 'quick':
          return quick(parsed.options, signal);
        case 'memory':
          return memory(parsed.options, signal);
        case 'join':
          return join(parsed.options);
      }
  }
};

// The work ends at its next step and takes away what it made.
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (!stopping.signal.aborted) say('stopping: removing data sets, drives and servers');
    stopping.abort(new Error(`stopped by ${name}`));
  });
}
try {
  process.exitCode = await start(stopping.signal);
} catch (error: unknown) {
  process.exitCode = stopping.signal.aborted ? EXIT_INTERRUPTED : EXIT_FAILED;
  if (!stopping.signal.aborted) {
    process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
