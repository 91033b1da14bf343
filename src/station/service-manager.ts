// What the service manager is told (sd_notify(3)): ready, how it goes, alive, reloading, stopping. Node has no datagram
// sockets in the Unix family, so systemd's own `systemd-notify` says it, as a child; the unit permits that by
// NotifyAccess=all. Without a service manager nothing is said and nothing is started.

import { runCommand } from '#drive/run-command.ts';
import { SECOND_MS } from '#language/units.ts';
import type { Journal } from './journal.ts';

/** What the service manager has put into the environment. */
export interface ServiceManagerFacts {
  /** `NOTIFY_SOCKET`; absent where no service manager listens. */
  readonly socket?: string;
  /** `WATCHDOG_USEC` of this very process, in milliseconds; absent where the unit has no watchdog. */
  readonly watchdogMs?: number;
}

/** Tells the service manager. Everything is told in the order of the calls; a failure is journalled once, never thrown. */
export interface ServiceManager {
  /** The sockets listen; also the end of a reload. */
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
  /** The daemon has made progress: feeds the watchdog, no more often than it needs, and tells a changed status. */
  progress(status: string): void;
  /** How long the daemon may go without `progress`; undefined where nobody watches. */
  readonly patienceMs: number | undefined;
}

const PROGRAM = 'systemd-notify';
// It waits until the service manager has read the message, 5 s at most.
const DEADLINE_MS = 6 * SECOND_MS;
// sd_watchdog_enabled(3) recommends half; a third leaves room for a host under load.
const FEEDS_PER_PATIENCE = 3;

/** Makes it; `nowMs` is a monotonic clock in milliseconds. */
export const createServiceManager = (
  { socket, watchdogMs }: ServiceManagerFacts,
  { journal, nowMs }: { readonly journal: Journal; readonly nowMs: () => number },
): ServiceManager => {
  let last: Promise<void> = Promise.resolve();
  let lastStatus = '';
  let fedAtMs = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let isSaying = false;

  const tell = (...assignments: readonly string[]): Promise<void> => {
    if (socket === undefined) return last;
    last = last.then(async () => {
      isSaying = true;
      const problem = await say(socket, assignments);
      isSaying = false;
      if (problem !== undefined && !hasFailed) journal.warn({ reason: problem }, 'service manager not told');
      hasFailed = problem !== undefined;
    });
    return last;
  };
  const statusOf = (status: string): readonly string[] => {
    if (status === lastStatus) return [];
    lastStatus = status;
    return [`STATUS=${status}`];
  };

  return {
    ready: (status) => tell('READY=1', ...statusOf(status)),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${String(process.hrtime.bigint() / 1000n)}`),
    stopping: () => tell('STOPPING=1', ...statusOf('stopping')),
    progress: (status) => {
      // One that does not read is not asked again and again.
      if (isSaying) return;
      const isHungry = watchdogMs !== undefined && nowMs() - fedAtMs >= watchdogMs / (2 * FEEDS_PER_PATIENCE);
      if (isHungry) fedAtMs = nowMs();
      const assignments = [...(isHungry ? ['WATCHDOG=1'] : []), ...statusOf(status)];
      if (assignments.length > 0) void tell(...assignments);
    },
    patienceMs: watchdogMs === undefined ? undefined : watchdogMs / FEEDS_PER_PATIENCE,
  };
};

// Never cut short by the daemon's own end: "stopping" has to get through.
const say = async (socket: string, assignments: readonly string[]): Promise<string | undefined> => {
  const environment = { NOTIFY_SOCKET: socket };
  const command = { program: PROGRAM, args: [...assignments], deadlineMs: DEADLINE_MS, environment };
  const result = await runCommand(command, new AbortController().signal);
  if (result.kind === 'problem') return result.message;
  return result.exitCode === 0
    ? undefined
    : `${PROGRAM} ended with ${String(result.exitCode)}: ${result.stderr.trim()}`;
};
