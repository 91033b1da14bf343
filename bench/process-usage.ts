// What a process has used, from /proc (proc(5)): CPU time and the highest resident set.

import { readFile } from 'node:fs/promises';

/** CPU seconds, user and system, and the peak of the resident set in bytes. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

const TICKS_PER_SECOND = 100;
const KIB = 1024;
const UTIME_FIELD = 11;
const STIME_FIELD = 12;

/** Undefined where the process is gone. */
export const usageOf = async (pid: number): Promise<Usage | undefined> => {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
    // The name in parentheses may hold blanks; the fields behind it do not (field 3 is the first of them).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[UTIME_FIELD]) + Number(fields[STIME_FIELD]);
    const peakKib = Number(/^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1] ?? 0);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, peakRssBytes: peakKib * KIB };
  } catch {
    // A process that ended between the two reads is gone all the same.
    return undefined;
  }
};
