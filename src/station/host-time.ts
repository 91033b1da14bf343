// How busy the processors of the host are, whoever keeps them so.

import { readFileSync } from 'node:fs';

/** Time of all processors since boot, in ticks. */
export interface HostTime {
  readonly busyTicks: number;
  readonly allTicks: number;
}

const STAT = '/proc/stat';

/** Reads the host's time; undefined where the kernel does not show it. */
export const readHostTime = (): HostTime | undefined => {
  try {
    return parseHostTime(readFileSync(STAT, 'utf8'));
  } catch {
    // A container may hide it: what limits a load is then judged without it.
    return undefined;
  }
};

/** Reads the first line of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq steal. */
export const parseHostTime = (text: string): HostTime | undefined => {
  const match = /^cpu +(?<ticks>\d+(?: \d+){7})/u.exec(text);
  if (match === null) return undefined;
  const ticks = (match.groups?.['ticks'] ?? '').split(' ').map(Number);
  // Guest time, which follows, is part of user time.
  const allTicks = ticks.reduce((sum, one) => sum + one, 0);
  // A processor that waits for a drive has time for something else.
  const [, , , idle = 0, waiting = 0] = ticks;
  return { busyTicks: allTicks - idle - waiting, allTicks };
};

/** Share of the processors that was at work between two looks, from 0 to 1; undefined where none can be told. */
export const hostBusyShare = (from: HostTime | undefined, to: HostTime | undefined): number | undefined => {
  if (from === undefined || to === undefined || to.allTicks <= from.allTicks) return undefined;
  return (to.busyTicks - from.busyTicks) / (to.allTicks - from.allTicks);
};
