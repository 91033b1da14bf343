// What Prometheus reads of a station. The values of gauges are read when they are asked for; counters count from the start
// of the daemon on, as is usual.
//
// INVARIANTS
// - Labels are bounded: bays are those of the configuration, jobs those whose drive is in a bay, codes and states those of
//   the product. What is not there any more has no line any more.
// - The import job is `job_id`: `job` is the name that Prometheus gives to what it scrapes.
// - Base units: seconds and bytes. Counters end in `_total` (prometheus.io, "Metric and label naming").

import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { SECOND_MS } from '#language/units.ts';
import type { BayStatus } from '#protocol/control.ts';

/** How a station is at one moment. */
export interface StationFacts {
  readonly bays: readonly BayStatus[];
  /** Everything that waits for a person, also jobs without a drive and the station itself. */
  readonly holds: readonly HoldFacts[];
  /** Jobs by their status. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Loads that have begun and whose drive is in no bay. */
  readonly interruptedLoads: number;
  readonly mail: MailFacts;
  /** The disk of the state directory; absent where it does not say. */
  readonly disk?: DiskFacts;
  /** When all drives were last listed; absent before the first time. */
  readonly reconciledAt?: Date;
  /** Whether that is not too long ago, as `/healthz` says it. */
  readonly isHealthy: boolean;
  /** Looks at the drives that listed none, since the start of the daemon. */
  readonly failedLooks: number;
  readonly now: Date;
}

/** What waits for a person: in a bay, a job without one, or with neither the station itself. */
export interface HoldFacts {
  readonly code: string;
  readonly actor: string;
  readonly bay?: string | undefined;
  readonly jobId?: string | undefined;
}

/** Messages in the outbox. */
export interface MailFacts {
  readonly queued: number;
  readonly givenUp: number;
  readonly oldestQueuedAt?: Date;
}

/** A disk. */
export interface DiskFacts {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly freeInodes: number;
}

/** A job that is over, with what its log says. */
export interface EndedJob {
  readonly status: string;
  readonly tallies?: Readonly<
    Record<'loaded' | 'ignored' | 'failed', { readonly files: number; readonly bytes: number }>
  >;
}

/** The station's metrics. */
export interface Metrics {
  /** Counts a job that has come to its end. */
  jobEnded(job: EndedJob): void;
  /** The text for a scrape, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** What the metrics rest on. */
export interface MetricsDeps {
  readonly version: string;
  readonly nodeVersion: string;
  readonly activities: readonly BayStatus['activity'][];
  /** Statuses that a job can end with. */
  readonly endings: readonly string[];
  /** Asked once for each scrape. */
  readonly facts: () => Promise<StationFacts>;
}

/** Makes the metrics, in a registry of their own. */
export const createMetrics = ({ version, nodeVersion, activities, endings, facts }: MetricsDeps): Metrics => {
  const registry = new Registry();
  // process_* and nodejs_*: names that every dashboard knows.
  collectDefaultMetrics({ register: registry });
  const gauges = createGauges(registry);
  const counters = createCounters(registry);
  gauges.buildInfo.set({ version, node_version: nodeVersion }, 1);
  // A counter that is not there before its first step has no step: `increase` would miss it.
  for (const status of endings) counters.jobs.inc({ status }, 0);
  for (const result of ['loaded', 'ignored', 'failed'] as const) {
    counters.files.inc({ result }, 0);
    counters.bytes.inc({ result }, 0);
  }
  return {
    jobEnded: ({ status, tallies }) => {
      counters.jobs.inc({ status });
      for (const [result, { files, bytes }] of Object.entries(tallies ?? {})) {
        counters.files.inc({ result }, files);
        counters.bytes.inc({ result }, bytes);
      }
    },
    text: async () => {
      const found = await facts();
      fill(gauges, found, activities);
      counters.failedLooks.reset();
      counters.failedLooks.inc(found.failedLooks);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};

const PREFIX = 'import_station_';

const createGauges = (registry: Registry) => {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
  return {
    buildInfo: gauge('build_info', 'Version of the station and of its Node; always 1.', 'version', 'node_version'),
    bayState: gauge('bay_state', '1 for what the bay does now, 0 for everything else that it may do.', 'bay', 'state'),
    bayHold: gauge('bay_hold', '1 for the hold that a bay waits with.', 'bay', 'job_id', 'code', 'actor'),
    holds: gauge('holds', 'What waits for a person, by who acts.', 'actor'),
    heldJobs: gauge('held_jobs', 'Holds of jobs that no bay shows.', 'code', 'actor'),
    jobs: gauge('jobs', 'Jobs by their status.', 'status'),
    interruptedLoads: gauge('interrupted_loads', 'Loads that have begun and whose drive is in no bay.'),
    foundFiles: gauge('load_found_files', 'Files that the walk has found so far.', 'bay', 'job_id'),
    foundBytes: gauge('load_found_bytes', 'Bytes of the files that the walk has found so far.', 'bay', 'job_id'),
    walkEnded: gauge('load_walk_ended', '1 once every file of the drive is found.', 'bay', 'job_id'),
    finishedFiles: gauge('load_finished_files', 'Files that have their row in the log.', 'bay', 'job_id'),
    finishedBytes: gauge('load_finished_bytes', 'Bytes of the files that have their row in the log.', 'bay', 'job_id'),
    failedFiles: gauge('load_failed_files', 'Files that have a failed row in the log.', 'bay', 'job_id'),
    sentBytes: gauge(
      'load_sent_bytes',
      'Bytes that the bucket has acknowledged in this run of the loader.',
      'bay',
      'job_id',
    ),
    bytesPerSecond: gauge(
      'load_bytes_per_second',
      'Bytes acknowledged per second, over the last ten.',
      'bay',
      'job_id',
    ),
    secondsLeft: gauge('load_seconds_left', 'Seconds left; while the walk runs, at least these.', 'bay', 'job_id'),
    limit: gauge('load_limited_by', '1 for what the rate is limited by now.', 'bay', 'job_id', 'by'),
    bucketTrouble: gauge(
      'load_bucket_trouble',
      '1 while the bucket is waited for because of an error.',
      'bay',
      'job_id',
    ),
    mailQueued: gauge('mail_queued', 'Messages that wait to be sent.'),
    mailGivenUp: gauge('mail_given_up', 'Messages of the outbox that were given up.'),
    mailOldest: gauge('mail_oldest_queued_seconds', 'Age of the oldest message that waits to be sent; 0 without one.'),
    diskSize: gauge('state_disk_size_bytes', 'Size of the disk that holds the state directory.'),
    diskFree: gauge('state_disk_free_bytes', 'Bytes that are free there.'),
    diskInodes: gauge('state_disk_free_inodes', 'Files that can still be made there.'),
    reconciledAt: gauge('reconcile_timestamp_seconds', 'When all drives were last listed, in seconds since 1970.'),
    healthy: gauge('healthy', '1 while all drives are listed again and again, as /healthz says it; else 0.'),
  };
};

type Gauges = ReturnType<typeof createGauges>;

const createCounters = (registry: Registry) => {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
  return {
    jobs: counter('jobs_ended_total', 'Jobs that came to their end, by status.', 'status'),
    files: counter('files_total', 'Files in the logs of ended jobs, by what became of them.', 'result'),
    bytes: counter('file_bytes_total', 'Bytes of these files.', 'result'),
    failedLooks: counter('reconcile_failures_total', 'Looks at the drives that could not list them.'),
  };
};

const ACTORS = ['customer', 'technician', 'operator', 'nobody'] as const;

const fill = (gauges: Gauges, facts: StationFacts, activities: MetricsDeps['activities']): void => {
  const { buildInfo: _stays, ...moving } = gauges;
  for (const gauge of Object.values(moving)) gauge.reset();
  for (const bay of facts.bays) fillBay(gauges, bay, activities);
  for (const actor of ACTORS) gauges.holds.set({ actor }, facts.holds.filter((hold) => hold.actor === actor).length);
  for (const { bay, jobId, code, actor } of facts.holds)
    if (bay === undefined && jobId !== undefined) gauges.heldJobs.inc({ code, actor });
  gauges.interruptedLoads.set(facts.interruptedLoads);
  for (const [status, jobs] of Object.entries(facts.jobs)) gauges.jobs.set({ status }, jobs);
  const { queued, givenUp, oldestQueuedAt } = facts.mail;
  gauges.mailQueued.set(queued);
  gauges.mailGivenUp.set(givenUp);
  gauges.mailOldest.set(oldestQueuedAt === undefined ? 0 : secondsBetween(oldestQueuedAt, facts.now));
  tell(gauges.diskSize, facts.disk?.sizeBytes);
  tell(gauges.diskFree, facts.disk?.freeBytes);
  tell(gauges.diskInodes, facts.disk?.freeInodes);
  tell(gauges.reconciledAt, facts.reconciledAt && facts.reconciledAt.getTime() / SECOND_MS);
  gauges.healthy.set(facts.isHealthy ? 1 : 0);
};

// What is not known has no line: a 0 would be a full disk, and a look of 1970.
const tell = (gauge: Gauge<never>, value: number | undefined): void => {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
};

const secondsBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime()) / SECOND_MS;

const fillBay = (gauges: Gauges, status: BayStatus, activities: MetricsDeps['activities']): void => {
  const { bay, jobId = '', activity, hold, progress } = status;
  for (const state of activities) gauges.bayState.set({ bay, state }, state === activity ? 1 : 0);
  if (hold !== undefined) gauges.bayHold.set({ bay, job_id: jobId, code: hold.code, actor: hold.actor }, 1);
  if (progress === undefined) return;
  const labels = { bay, job_id: jobId };
  gauges.foundFiles.set(labels, progress.found.files);
  gauges.foundBytes.set(labels, progress.found.bytes);
  gauges.walkEnded.set(labels, progress.walkEnded ? 1 : 0);
  gauges.finishedFiles.set(labels, progress.finished.files);
  gauges.finishedBytes.set(labels, progress.finished.bytes);
  gauges.failedFiles.set(labels, progress.finished.failedFiles);
  gauges.sentBytes.set(labels, progress.sentBytes);
  gauges.bytesPerSecond.set(labels, progress.bytesPerSecond);
  if (progress.secondsLeft !== undefined) gauges.secondsLeft.set(labels, progress.secondsLeft);
  if (progress.limitedBy !== undefined) gauges.limit.set({ ...labels, by: progress.limitedBy }, 1);
  gauges.bucketTrouble.set(labels, progress.bucketTrouble === undefined ? 0 : 1);
};
