// The daemon: puts the parts together, runs the reconcile until it is told to stop, and takes everything down in order.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { findBucketRegion } from '#bucket/region.ts';
import { createSdkBucket } from '#bucket/sdk-bucket.ts';
import type { Config } from '#config/contract.ts';
import { readConfig } from '#config/read-config.ts';
import { createHostDesk } from '#desk/host-desk.ts';
import { createDriveWatcher } from '#drive/watch.ts';
import { StationError } from '#language/station-error.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { createMailWriter, type JobChangeFacts } from '#mail/mail-writer.ts';
import type { StationStatus } from '#protocol/control.ts';
import { openStore, STORE_FILE } from '#store/sqlite-store.ts';
import { loadStoreKey } from '#store/store-key.ts';
import { acquireStoreLock } from '#store/store-lock.ts';
import { createClaims } from './claims.ts';
import { createClockCheck, type ClockSkew } from './clock-check.ts';
import { openControlServer } from './control-server.ts';
import { expireJobs, type ExpiryDeps } from './expire-jobs.ts';
import { createJournal, type Journal } from './journal.ts';
import type { DriveRun } from './drive-run.ts';
import { createHealthWatch, type HealthWatch, type Look } from './health.ts';
import { createLaunchClient } from './launch-client.ts';
import { createLiveConfig } from './live-config.ts';
import { openMetricsPort } from './metrics-routes.ts';
import { createPublisher } from './publish-log.ts';
import { createLoadGuard } from './load-guard.ts';
import { reloadConfig } from './reload.ts';
import { createRoutes, rightOf } from './routes.ts';
import { createDaemonSender } from './send-mails.ts';
import { createServiceManager, type ServiceManager, type ServiceManagerFacts } from './service-manager.ts';
import { countEnded, createStationMetrics } from './station-metrics.ts';
import { createStation, type Station } from './station.ts';
import { stationStatus } from './station-status.ts';
import { statusLine } from './status-line.ts';

/** Where the configuration is, and until when to run. */
export interface DaemonOptions {
  readonly configPath: string;
  readonly signal: AbortSignal;
  readonly serviceManager: ServiceManagerFacts;
  /** Of the product. */
  readonly version: string;
  /** Calls the listener at each wish for the configuration to be read again, until it is disposed. */
  readonly onReload: (listener: () => void) => Disposable;
  /** Ends the process at once: the orderly end takes too long. Everything that matters is stored before its effect. */
  readonly giveUp: () => void;
}

const EXPIRY_EVERY_MS = MINUTE_MS;
const SETTLING_LOOK_MS = SECOND_MS;
// Less than TimeoutStopSec of the unit, so that the journal tells what happened.
const STOP_DEADLINE_MS = 30 * SECOND_MS;

/**
 * Runs the station until the signal aborts; resolves with the exit code 0 after everything is closed.
 * Throws StationError InvalidConfig, NotOwner, DaemonRunning, MailFileUnreadable, and those of the store.
 */
export const runDaemon = async (options: DaemonOptions): Promise<number> => {
  const { configPath, signal } = options;
  const live = createLiveConfig(configOf(configPath));
  const { config } = live;
  refuseWrongUser(config);
  const journal = createJournal(config.journal.level, process.stdout);
  await using stack = new AsyncDisposableStack();
  stack.use(boundStop(options, journal));
  const lock = acquireStoreLock(config.station.stateDir);
  if (lock.kind === 'held') throw daemonRunning(config);
  stack.use(lock.lock);
  const { stateDir, storeKeyFile } = config.station;
  // With a store there is a key already: a new one beside it could open nothing.
  const storeKey = loadStoreKey({ path: storeKeyFile, create: !existsSync(join(stateDir, STORE_FILE)) });
  const store = stack.use(openStore({ folder: stateDir, storeKey }));
  const now = (): Date => new Date();
  const claims = createClaims();
  const mails = createMailWriter({ config, account: (email) => store.account(email) });
  const nowMs = (): number => performance.now();
  const health = createHealthWatch({ now, nowMs, everyMs: () => config.watch.everyMs });
  const status = (): StationStatus => stationStatus({ config, store, station, clock, now });
  const metrics = createStationMetrics({ config, store, health, status, version: options.version, now });
  const onChange = (change: JobChangeFacts): void => {
    countEnded(metrics, change);
  };
  const changes = { store, journal, now, mails, onChange };
  const sender = createDaemonSender({ ...changes, config });
  const publisher = stack.use(createPublisher({ ...changes, config, openBucket: createSdkBucket }));
  const clock = createClockCheck(clockSkewMs);
  const launch = createLaunchClient(config.launch.socket);
  const station = stack.use(
    createStation({ ...changes, config, launch, publisher, claims, clock, openBucket: createSdkBucket }),
  );
  const runs = (): readonly DriveRun[] => station.bays().flatMap(({ run }) => run ?? []);
  const loads = createLoadGuard({ store, stateDir, runs });
  const desk = createHostDesk({ store, config, loads });
  const handle = createRoutes({ config, store, station, desk, metrics, health, status, now });
  // Before the sockets: whoever reaches them finds a daemon that has all that it needs.
  if (config.metrics !== undefined) stack.use(await openMetricsPort(config.metrics, { metrics, health, journal }));
  const { runDir } = config.station;
  stack.use(await openControlServer({ runDir, groups: config.control, journal, rightOf, handle }));
  const expiry: ExpiryDeps = { ...changes, claims, clockSkewMs };
  const manager = createServiceManager(options.serviceManager, { journal, nowMs });
  journal.info({ station: config.station.name, bays: config.bays.map(({ name }) => name) }, 'daemon started');
  const reload = (): void => {
    reloadConfig({ configPath, live, station, journal });
  };
  await Promise.all([
    watchDrives({ config, station, health, journal, manager, onReload: options.onReload, reload }, signal),
    expireUntil(expiry, signal),
    sender?.run(signal),
  ]);
  journal.info({}, 'daemon stopping');
  await manager.stopping();
  return 0;
};

const clockSkewMs: ClockSkew = async (access, signal) => {
  const found = await findBucketRegion(access, signal);
  return found.kind === 'ok' ? found.dateSkewMs : undefined;
};

// From the wish to stop until everything is closed.
const boundStop = ({ signal, giveUp }: DaemonOptions, journal: Journal): Disposable => {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => {
      journal.error({ durationMs: STOP_DEADLINE_MS }, 'daemon does not come to its end, so it ends at once');
      giveUp();
    }, STOP_DEADLINE_MS);
  };
  signal.addEventListener('abort', start, { once: true });
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
};

const configOf = (configPath: string): Config => {
  const read = readConfig(configPath);
  if (read.kind === 'ok') return read.config;
  throw new StationError({
    code: 'InvalidConfig',
    message: `Cannot start with ${configPath}: ${read.problems.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
    hint: `Correct the file; import-station config check ${configPath} lists all findings.`,
  });
};

// The daemon talks to strangers' buckets and parses strangers' words: it runs as its own user, never as root.
const refuseWrongUser = ({ station: { uid } }: Config): void => {
  if (process.getuid?.() === uid && uid !== 0) return;
  throw new StationError({
    code: 'NotOwner',
    message: `Cannot start the daemon as user ${String(process.getuid?.())}: expected user ${String(uid)} of the configuration`,
    hint: 'Start it by its unit, or as the user that the configuration names.',
  });
};

const daemonRunning = ({ station: { stateDir } }: Config): StationError =>
  new StationError({
    code: 'DaemonRunning',
    message: `Cannot start a second daemon on ${stateDir}: another process holds its store`,
    hint: 'Stop the other daemon first, or give this one a state directory of its own.',
  });

interface WatchDeps {
  readonly config: Config;
  readonly station: Station;
  readonly health: HealthWatch;
  readonly journal: Journal;
  readonly manager: ServiceManager;
  readonly onReload: DaemonOptions['onReload'];
  readonly reload: () => void;
}

// Hints only shorten the wait; a failed look is journalled and repeated, it never ends the daemon. The watchdog is fed
// after each look and nowhere else: one that hangs is a daemon that hangs.
const watchDrives = async (
  { config, station, health, journal, manager, onReload, reload }: WatchDeps,
  signal: AbortSignal,
): Promise<void> => {
  let wake = new AbortController();
  let isReloadAsked = false;
  const { folder, debounceMs } = config.watch;
  await using watcher = createDriveWatcher({ folder, debounceMs, onHint: () => wake.abort() });
  using _reloads = onReload(() => {
    isReloadAsked = true;
    wake.abort();
  });
  await manager.ready(statusLine(station.bays()));
  while (!signal.aborted) {
    wake = new AbortController();
    if (isReloadAsked) {
      isReloadAsked = false;
      await manager.reloading();
      reload();
      await manager.ready(statusLine(station.bays()));
    }
    watcher.arm();
    health.noteLook(await look({ station, journal }, signal));
    manager.progress(statusLine(station.bays()));
    // No hint says that udev is done with a drive.
    const isSettling = station.bays().some(({ settling }) => settling !== undefined);
    const untilNextMs = Math.min(
      config.watch.everyMs,
      isSettling ? SETTLING_LOOK_MS : Infinity,
      manager.patienceMs ?? Infinity,
    );
    await delay(untilNextMs, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => undefined);
  }
};

const look = async (
  { station, journal }: Pick<WatchDeps, 'station' | 'journal'>,
  signal: AbortSignal,
): Promise<Look> => {
  try {
    return await station.reconcile(signal);
  } catch (error) {
    if (!signal.aborted) journal.error({ err: error }, 'reconcile failed');
    return { kind: 'problem', message: error instanceof Error ? error.message : String(error) };
  }
};

const expireUntil = async (deps: ExpiryDeps, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      await expireJobs(deps, signal);
    } catch (error) {
      if (!signal.aborted) deps.journal.error({ err: error }, 'expiry failed');
    }
    await delay(EXPIRY_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
};
