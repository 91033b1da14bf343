// Where the metrics have their values from: status, store, disk, and the changes of jobs as they happen.

import { statfs } from 'node:fs/promises';

import type { Config } from '#config/contract.ts';
import { ABORT_CODES, type JobStatus } from '#job/status.ts';
import { isTerminal } from '#job/transition.ts';
import type { JobChangeFacts } from '#mail/mail-writer.ts';
import { createMetrics, type DiskFacts, type Metrics } from '#metrics/metrics.ts';
import { BAY_ACTIVITIES, type BayStatus, type StationStatus } from '#protocol/control.ts';
import type { Store } from '#store/contract.ts';
import type { HealthWatch } from './health.ts';

/** What the metrics look at. */
export interface StationMetricsDeps {
  readonly config: Config;
  readonly store: Pick<Store, 'jobCounts' | 'mailCounts' | 'loadsIn'>;
  readonly health: HealthWatch;
  readonly status: () => StationStatus;
  readonly version: string;
  readonly now: () => Date;
}

// How a job can end.
const ENDINGS: readonly JobStatus[] = ['Completed', 'SuccessWithErrors', 'Canceled', 'Expired', ...ABORT_CODES];

/** Makes them. */
export const createStationMetrics = (deps: StationMetricsDeps): Metrics => {
  const { config, store, health, status, version, now } = deps;
  return createMetrics({
    version,
    nodeVersion: process.version,
    activities: BAY_ACTIVITIES,
    endings: ENDINGS,
    facts: async () => {
      const { bays, holds } = status();
      const disk = await diskFacts(config.station.stateDir);
      const { lastLookAt, failedLooks } = health;
      return {
        bays,
        holds,
        jobs: store.jobCounts(),
        interruptedLoads: interruptedLoads(store, bays),
        mail: store.mailCounts(),
        isHealthy: health.health().status === 'ok',
        failedLooks,
        ...(disk === undefined ? {} : { disk }),
        ...(lastLookAt === undefined ? {} : { reconciledAt: lastLookAt }),
        now: now(),
      };
    },
  });
};

// Of these the store knows after a restart, too; the bay that a drive left does not.
const interruptedLoads = (store: StationMetricsDeps['store'], bays: readonly BayStatus[]): number => {
  const present = new Set(bays.flatMap(({ drive, jobId }) => (drive === undefined ? [] : (jobId ?? []))));
  return store.loadsIn('loading').filter(({ jobId }) => !present.has(jobId)).length;
};

/** Counts a job that has come to its end by this change. */
export const countEnded = (metrics: Metrics, { job, state, load }: JobChangeFacts): void => {
  if (isTerminal(job.state.job) || !isTerminal(state.job)) return;
  const tallies =
    load === undefined ? {} : { tallies: { loaded: load.loaded, ignored: load.ignored, failed: load.failed } };
  metrics.jobEnded({ status: state.job, ...tallies });
};

const diskFacts = async (folder: string): Promise<DiskFacts | undefined> => {
  try {
    const { blocks, bavail, bsize, ffree } = await statfs(folder);
    return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize, freeInodes: ffree };
  } catch {
    // A disk that does not even say how full it is shows itself by the holds that it causes.
    return undefined;
  }
};
