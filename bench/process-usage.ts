// What processes have used, from /proc (proc(5)): CPU time, the highest resident set, and who is whose child.

import { readdir, readFile, writeFile } from 'node:fs/promises';

/** CPU seconds, user and system, and the peak of the resident set in bytes. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The same of ended children that were waited for, and of theirs. */
  readonly childrenCpuSeconds: number;
  readonly peakRssBytes: number;
}

const TICKS_PER_SECOND = 100;
const KIB = 1024;
/** Places behind the name: field 3 of proc_pid_stat(5) is the first of them. */
const PARENT_FIELD = 1;
const UTIME_FIELD = 11;
const STIME_FIELD = 12;
const CUTIME_FIELD = 13;
const CSTIME_FIELD = 14;

/** Undefined where the process is gone. */
export const usageOf = async (pid: number): Promise<Usage | undefined> => {
  try {
    const fields = await statFields(pid);
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
    const secondsOf = (one: number, other: number): number =>
      (Number(fields[one]) + Number(fields[other])) / TICKS_PER_SECOND;
    const peakKib = Number(/^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1] ?? 0);
    return {
      cpuSeconds: secondsOf(UTIME_FIELD, STIME_FIELD),
      childrenCpuSeconds: secondsOf(CUTIME_FIELD, CSTIME_FIELD),
      peakRssBytes: peakKib * KIB,
    };
  } catch {
    // A process that ended between the two reads is gone all the same.
    return undefined;
  }
};

/** The same of a process that must be there. */
export const runningUsageOf = async (pid: number): Promise<Usage> => {
  const usage = await usageOf(pid);
  if (usage === undefined) throw new Error(`Cannot measure process ${String(pid)}: it has ended`);
  return usage;
};

/** Lets the peak of a resident set begin anew (CLEAR_REFS_MM_HIWATER_RSS of proc(5)). */
export const resetPeakRss = (pid: number): Promise<void> => writeFile(`/proc/${String(pid)}/clear_refs`, '5');

/** Processes that come of this one, zombies too. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  const found: number[] = [];
  for (const one of all) {
    // It may be gone by now.
    const fields = await statFields(one).catch(() => []);
    if (Number(fields[PARENT_FIELD]) === pid) found.push(one);
  }
  return found;
};

// The name in parentheses may hold blanks; the fields behind it do not.
const statFields = async (pid: number): Promise<readonly string[]> => {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};
