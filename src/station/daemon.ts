// The daemon: puts the parts together, runs the reconcile until it is told to stop, and takes everything down in order.

import { setTimeout as delay } from 'node:timers/promises';

import { findBucketRegion } from '#bucket/region.ts';
import { createSdkBucket } from '#bucket/sdk-bucket.ts';
import type { Config } from '#config/contract.ts';
import { readConfig } from '#config/read-config.ts';
import { createHostDesk } from '#desk/host-desk.ts';
import { createDriveWatcher } from '#drive/watch.ts';
import { StationError } from '#language/station-error.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { createMailWriter } from '#mail/mail-writer.ts';
import { openStore } from '#store/sqlite-store.ts';
import { loadStoreKey } from '#store/store-key.ts';
import { acquireStoreLock } from '#store/store-lock.ts';
import { createClaims } from './claims.ts';
import { openControlServer } from './control-server.ts';
import { expireJobs, type ExpiryDeps } from './expire-jobs.ts';
import { createJournal, type Journal } from './journal.ts';
import { createLaunchClient } from './launch-client.ts';
import { createPublisher } from './publish-log.ts';
import { createRoutes, rightOf } from './routes.ts';
import { createDaemonSender } from './send-mails.ts';
import { createStation, type Station } from './station.ts';

/** Where the configuration is, and until when to run. */
export interface DaemonOptions {
  readonly configPath: string;
  readonly signal: AbortSignal;
}

const EXPIRY_EVERY_MS = MINUTE_MS;
const SETTLING_LOOK_MS = SECOND_MS;

/**
 * Runs the station until the signal aborts; resolves with the exit code 0 after everything is closed.
 * Throws StationError InvalidConfig, NotOwner, DaemonRunning, MailFileUnreadable, and those of the store.
 */
export const runDaemon = async ({ configPath, signal }: DaemonOptions): Promise<number> => {
  const config = configOf(configPath);
  refuseWrongUser(config);
  const journal = createJournal(config.journal.level, process.stdout);
  await using stack = new AsyncDisposableStack();
  const lock = acquireStoreLock(config.station.stateDir);
  if (lock.kind === 'held') throw daemonRunning(config);
  stack.use(lock.lock);
  const storeKey = loadStoreKey({ path: config.station.storeKeyFile, create: true });
  const store = stack.use(openStore({ folder: config.station.stateDir, storeKey }));
  const now = (): Date => new Date();
  const claims = createClaims();
  const mails = createMailWriter({ config, account: (email) => store.account(email) });
  const changes = { store, journal, now, mails };
  const sender = createDaemonSender({ ...changes, config });
  const publisher = stack.use(createPublisher({ ...changes, config, openBucket: createSdkBucket }));
  const launch = createLaunchClient(config.launch.socket);
  const station = stack.use(createStation({ ...changes, config, launch, publisher, claims }));
  const desk = createHostDesk({ store, config });
  const handle = createRoutes({ config, store, station, desk, journal, now });
  stack.use(await openControlServer({ runDir: config.station.runDir, journal, rightOf, handle }));
  const expiry: ExpiryDeps = {
    ...changes,
    claims,
    clockSkewMs: async (access, ask) => {
      const found = await findBucketRegion(access, ask);
      return found.kind === 'ok' ? found.dateSkewMs : undefined;
    },
  };
  journal.info({ station: config.station.name, bays: config.bays.map(({ name }) => name) }, 'daemon started');
  await Promise.all([watchDrives(config, station, journal, signal), expireUntil(expiry, signal), sender?.run(signal)]);
  journal.info({}, 'daemon stopping');
  return 0;
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

// Hints only shorten the wait; a failed look is journalled and repeated, it never ends the daemon.
const watchDrives = async (
  { watch: { folder, debounceMs, everyMs } }: Config,
  station: Station,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> => {
  let wake = new AbortController();
  await using watcher = createDriveWatcher({ folder, debounceMs, onHint: () => wake.abort() });
  while (!signal.aborted) {
    wake = new AbortController();
    watcher.arm();
    try {
      await station.reconcile(signal);
    } catch (error) {
      if (!signal.aborted) journal.error({ err: error }, 'reconcile failed');
    }
    // No hint says that udev is done with a drive.
    const isSettling = station.bays().some(({ settling }) => settling !== undefined);
    const untilNextMs = isSettling ? Math.min(everyMs, SETTLING_LOOK_MS) : everyMs;
    await delay(untilNextMs, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => undefined);
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
