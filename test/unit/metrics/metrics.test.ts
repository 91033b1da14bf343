// The text that Prometheus reads: names, labels and values, and that what is gone has no line any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMetrics, type Metrics, type StationFacts } from '#metrics/metrics.ts';
import { BAY_ACTIVITIES, type BayStatus } from '#protocol/control.ts';

const NOW = new Date('2026-01-05T09:00:00Z');

const EMPTY: BayStatus = { bay: 'Bay 1', port: 'p', activity: 'empty', says: 'empty' };
const LOADING: BayStatus = {
  ...EMPTY,
  activity: 'loading',
  jobId: '53TX4',
  progress: {
    found: { files: 10, bytes: 1000 },
    walkEnded: true,
    finished: { files: 4, bytes: 400, failedFiles: 1 },
    sentBytes: 350,
    bytesPerSecond: 12.5,
    secondsLeft: 48,
    limitedBy: 'bucket',
    bucketTrouble: 'SlowDown',
  },
};
const HELD: BayStatus = {
  ...EMPTY,
  activity: 'hold',
  hold: { code: 'MissingSignature', happened: '', actor: 'customer', todo: '', retryHelps: false, waysOut: [] },
};

const aFacts = (change: Partial<StationFacts> = {}): StationFacts => ({
  bays: [EMPTY],
  holds: [],
  jobs: {},
  interruptedLoads: 0,
  mail: { queued: 0, givenUp: 0 },
  isHealthy: true,
  failedLooks: 0,
  now: NOW,
  ...change,
});

const metricsOf = (facts: () => StationFacts): Metrics =>
  createMetrics({
    version: '1.2.3',
    nodeVersion: 'v26.0.0',
    activities: BAY_ACTIVITIES,
    endings: ['SuccessWithErrors', 'Expired', 'Canceled'],
    facts: () => Promise.resolve(facts()),
  });

const linesOf = async (metrics: Metrics): Promise<readonly string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith('import_station_'));

test('metrics: tell version, bays and holds, and nothing of loads that there are not', async () => {
  const lines = await linesOf(metricsOf(() => aFacts({ bays: [HELD], holds: [{ code: 'x', actor: 'customer' }] })));

  assert.ok(lines.includes('import_station_build_info{version="1.2.3",node_version="v26.0.0"} 1'));
  assert.ok(lines.includes('import_station_bay_state{bay="Bay 1",state="hold"} 1'));
  assert.ok(lines.includes('import_station_bay_state{bay="Bay 1",state="loading"} 0'));
  assert.ok(
    lines.includes('import_station_bay_hold{bay="Bay 1",job_id="",code="MissingSignature",actor="customer"} 1'),
  );
  assert.ok(lines.includes('import_station_holds{actor="customer"} 1'));
  assert.ok(lines.includes('import_station_holds{actor="operator"} 0'));
  assert.deepEqual(
    lines.filter((line) => line.startsWith('import_station_load_')),
    [],
  );
});

test('metrics: tell how far a load is, in bytes and seconds', async () => {
  const lines = await linesOf(metricsOf(() => aFacts({ bays: [LOADING] })));

  const labels = '{bay="Bay 1",job_id="53TX4"}';
  for (const line of [
    `import_station_load_found_files${labels} 10`,
    `import_station_load_found_bytes${labels} 1000`,
    `import_station_load_walk_ended${labels} 1`,
    `import_station_load_finished_files${labels} 4`,
    `import_station_load_finished_bytes${labels} 400`,
    `import_station_load_failed_files${labels} 1`,
    `import_station_load_sent_bytes${labels} 350`,
    `import_station_load_bytes_per_second${labels} 12.5`,
    `import_station_load_seconds_left${labels} 48`,
    'import_station_load_limited_by{bay="Bay 1",job_id="53TX4",by="bucket"} 1',
    `import_station_load_bucket_trouble${labels} 1`,
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('metrics: drop the lines of a load and of a bay that are gone', async () => {
  let facts = aFacts({ bays: [LOADING, { ...EMPTY, bay: 'Bay 2' }] });
  const metrics = metricsOf(() => facts);
  await metrics.text();

  facts = aFacts();

  const text = await metrics.text();
  assert.doesNotMatch(text, /53TX4|Bay 2/u);
});

test('metrics: have the same number of lines after a thousand jobs, each with an ID of its own', async () => {
  let jobId = 'AAAAA';
  const metrics = metricsOf(() => aFacts({ bays: [{ ...LOADING, jobId }] }));
  const before = (await linesOf(metrics)).length;

  for (let index = 0; index < 1000; index += 1) {
    jobId = `J${String(index)}`;
    await metrics.text();
  }

  assert.equal((await linesOf(metrics)).length, before);
});

test('metrics: count ended jobs with what became of their files', async () => {
  const metrics = metricsOf(() => aFacts());
  const tallies = {
    loaded: { files: 5, bytes: 50 },
    ignored: { files: 1, bytes: 9 },
    failed: { files: 2, bytes: 20 },
  };

  metrics.jobEnded({ status: 'SuccessWithErrors', tallies });
  metrics.jobEnded({ status: 'SuccessWithErrors', tallies });
  metrics.jobEnded({ status: 'Expired' });

  const lines = await linesOf(metrics);
  for (const line of [
    'import_station_jobs_ended_total{status="SuccessWithErrors"} 2',
    'import_station_jobs_ended_total{status="Expired"} 1',
    'import_station_files_total{result="loaded"} 10',
    'import_station_files_total{result="failed"} 4',
    'import_station_file_bytes_total{result="ignored"} 18',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('metrics: have every counter from the start on, so that its first step is seen', async () => {
  const lines = await linesOf(metricsOf(() => aFacts()));

  assert.deepEqual(
    lines.filter((line) => line.includes('_total')),
    [
      'import_station_jobs_ended_total{status="SuccessWithErrors"} 0',
      'import_station_jobs_ended_total{status="Expired"} 0',
      'import_station_jobs_ended_total{status="Canceled"} 0',
      'import_station_files_total{result="loaded"} 0',
      'import_station_files_total{result="ignored"} 0',
      'import_station_files_total{result="failed"} 0',
      'import_station_file_bytes_total{result="loaded"} 0',
      'import_station_file_bytes_total{result="ignored"} 0',
      'import_station_file_bytes_total{result="failed"} 0',
      'import_station_reconcile_failures_total 0',
    ],
  );
});

test('metrics: tell holds of jobs that no bay shows, and loads without their drive', async () => {
  const bay = 'Bay 1';
  const jobId = '53TX4';
  const code = 'HeldByPerson';
  const holds = [
    { code: 'ReadFailures', actor: 'technician', bay, jobId },
    { code, actor: 'technician', jobId },
    { code, actor: 'technician', jobId: '53TX5' },
    { code: 'ClockOff', actor: 'operator' },
  ];

  const lines = await linesOf(metricsOf(() => aFacts({ holds, interruptedLoads: 2 })));

  assert.deepEqual(
    lines.filter((line) => line.startsWith('import_station_held_jobs')),
    [`import_station_held_jobs{code="${code}",actor="technician"} 2`],
  );
  assert.ok(lines.includes('import_station_interrupted_loads 2'));
});

test('metrics: have no line for a time or a disk that is not known, and one once it is', async () => {
  let facts = aFacts({ isHealthy: false, failedLooks: 3 });
  const metrics = metricsOf(() => facts);
  const before = await linesOf(metrics);
  facts = aFacts({ failedLooks: 4, reconciledAt: NOW, disk: { sizeBytes: 3, freeBytes: 2, freeInodes: 1 } });
  const known = await linesOf(metrics);
  facts = aFacts({ failedLooks: 4 });
  const afterwards = await linesOf(metrics);

  const rare = (lines: readonly string[]): number =>
    lines.filter((line) => /_reconcile_timestamp|_state_disk/u.test(line)).length;
  assert.deepEqual([before, known, afterwards].map(rare), [0, 4, 0]);
  assert.ok(before.includes('import_station_healthy 0'));
  assert.ok(before.includes('import_station_reconcile_failures_total 3'));
  assert.ok(known.includes('import_station_healthy 1'));
  assert.ok(known.includes('import_station_reconcile_failures_total 4'));
});

test('metrics: tell outbox, disk and the last look at the drives', async () => {
  const facts = aFacts({
    jobs: { Pending: 3, Completed: 7 },
    mail: { queued: 2, givenUp: 1, oldestQueuedAt: new Date('2026-01-05T08:58:30Z') },
    disk: { sizeBytes: 100, freeBytes: 40, freeInodes: 6 },
    reconciledAt: new Date('2026-01-05T08:59:59Z'),
  });

  const lines = await linesOf(metricsOf(() => facts));

  for (const line of [
    'import_station_jobs{status="Pending"} 3',
    'import_station_mail_queued 2',
    'import_station_mail_given_up 1',
    'import_station_mail_oldest_queued_seconds 90',
    'import_station_state_disk_size_bytes 100',
    'import_station_state_disk_free_bytes 40',
    'import_station_state_disk_free_inodes 6',
    `import_station_reconcile_timestamp_seconds ${String(Date.parse('2026-01-05T08:59:59Z') / 1000)}`,
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('metrics: escape what is in a name of a bay', async () => {
  const lines = await linesOf(metricsOf(() => aFacts({ bays: [{ ...EMPTY, bay: 'Bay "1"\\\n' }] })));

  assert.ok(lines.includes(String.raw`import_station_bay_state{bay="Bay \"1\"\\\n",state="empty"} 1`));
});
