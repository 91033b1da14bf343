// Reads what `--json` of a former comparison has kept.

import { z } from 'zod';
import { CASES, formatCell, PROGRAMS, SINKS } from './contenders.ts';
import { SET_NAMES } from './data-sets.ts';
import type { Results } from './results.ts';

const number = z.number();
const optional = z.number().exactOptional();
const cellSchema = z.object({ set: z.enum(SET_NAMES), sink: z.enum(SINKS), case: z.enum(CASES) });
const rowSchema = z.object({
  ...cellSchema.shape,
  ...{ program: z.enum(PROGRAMS), switches: z.string(), files: number, bytes: number, seconds: number },
  ...{ filesPerSecond: number, bytesPerSecond: number, cpuSeconds: number, peakRssBytes: number },
  ...{ sinkCpuSeconds: number, runs: number, slowestSeconds: number, fastestSeconds: number },
  ...{ plugToLogSeconds: optional, launcherCpuSeconds: optional, loaderPeakRssBytes: optional },
  ...{ daemonPeakRssBytes: optional, roundsBehindStation: optional },
});
const machineSchema = z.object({
  ...{ cpu: z.string(), cores: number, memoryBytes: number, kernel: z.string(), node: z.string(), commit: z.string() },
});
const resultsSchema = z.object({
  startedAt: z.coerce.date(),
  endedAt: z.coerce.date(),
  machine: machineSchema,
  versions: z.record(z.string(), z.string()),
  ...{ scale: number, runs: number, busiest: number },
  sets: z.array(z.object({ name: z.enum(SET_NAMES), title: z.string(), totalBytes: number })),
  rows: z.array(rowSchema),
  failures: z.array(
    z.object({
      cell: cellSchema,
      contender: z.object({ program: z.enum(PROGRAMS), switches: z.string() }),
      message: z.string(),
    }),
  ),
});

/** Errors: RangeError with the file, and the first field that is not as expected. */
export const parseJson = (file: string, text: string): Results => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RangeError(`Cannot read ${file}: it is no JSON`);
  }
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RangeError(`Cannot read ${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`);
};

/** Rows of one cell that were not measured side by side must not stand in one table. Errors: RangeError that names the cell. */
export const checkCells = (measured: readonly Results[]): void => {
  const seen = new Set<string>();
  for (const { rows } of measured) {
    for (const cell of new Set(rows.map(formatCell))) {
      if (seen.has(cell))
        throw new RangeError(`Cannot join the results: ${cell} was measured in more than one of them`);
      seen.add(cell);
    }
  }
};
