// The machine under the benchmark: what it is, whether it is quiet, and its page cache.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SECOND_MS } from '#language/units.ts';

const run = promisify(execFile);

/** What the machine is. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly commit: string;
}

/** Looks at it; `commit` is that of the checkout, with `-dirty` where files differ from it. */
export const readMachine = async (): Promise<Machine> => {
  const described = await run('git', [
    '-C',
    import.meta.dirname,
    'describe',
    '--always',
    '--dirty',
    '--abbrev=12',
  ]).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    commit: described,
  };
};

/** Waits for quiet, within a budget that is shared by all waits of a run. */
export interface QuietWait {
  /** Resolves once nothing else is busy, or the budget is used up; gives how busy it was at last, from 0 to 1. */
  untilQuiet(signal: AbortSignal): Promise<number>;
}

/** Share of all cores that may be busy on a quiet machine. */
const QUIET_SHARE = 0.05;
const WINDOW_MS = SECOND_MS;

/** Makes the wait; `say` is told when one begins. */
export const createQuietWait = (budgetSeconds: number, say: (line: string) => void): QuietWait => {
  let leftMs = budgetSeconds * SECOND_MS;
  return {
    untilQuiet: async (signal) => {
      let hasSaid = false;
      for (;;) {
        const busy = await busyShare(WINDOW_MS, signal);
        if (busy <= QUIET_SHARE || leftMs <= 0) return busy;
        if (!hasSaid) say(`waiting for a quiet machine: ${(busy * 100).toFixed(0)} % busy`);
        hasSaid = true;
        leftMs -= WINDOW_MS;
      }
    },
  };
};

/** Share of the machine's time that was not idle, from 0 to 1, between two contents of /proc/stat. */
export const busyBetween = (before: string, after: string): number => {
  const [one, other] = [cpuTimes(before), cpuTimes(after)];
  const total = other.total - one.total;
  return total <= 0 ? 0 : 1 - (other.idle - one.idle) / total;
};

// user nice system idle iowait irq softirq steal; guest times are in user already (proc_stat(5)).
const COUNTED_FIELDS = 8;
const IDLE_FIELDS = [3, 4];

const cpuTimes = (stat: string): { readonly total: number; readonly idle: number } => {
  const fields = (/^cpu +(.*)$/mu.exec(stat)?.[1] ?? '').split(' ').slice(0, COUNTED_FIELDS).map(Number);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { total: sum(fields), idle: sum(IDLE_FIELDS.map((field) => fields[field] ?? 0)) };
};

const busyShare = async (windowMs: number, signal: AbortSignal): Promise<number> => {
  const before = await readFile('/proc/stat', 'utf8');
  await pause(windowMs, undefined, { signal });
  return busyBetween(before, await readFile('/proc/stat', 'utf8'));
};

/** Writes everything to the disk and empties the caches of files and names. */
export const dropCaches = async (): Promise<void> => {
  await run('sync');
  await writeFile('/proc/sys/vm/drop_caches', '3');
};
