// Metrics and health of a whole station: on its sockets and on a port, as promtool and a scrape take them, and the files of
// Grafana and Prometheus that rest on them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { plug } from '../support/loop.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run, tryRun } from '../support/run.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { prepareDrive } from '../support/signed-drive.ts';
import { createPart } from '../support/part.ts';
import { PRODUCT_FOLDER, STATION_UID, startStation, type Station } from '../support/station.ts';
import { until } from '../support/wait.ts';

const stack = new AsyncDisposableStack();
const ALERTS = join(PRODUCT_FOLDER, 'config/prometheus/alerts.yml');
const DASHBOARD = join(PRODUCT_FOLDER, 'config/grafana/import-station.json');

let station: Station;
let minio: Minio;
let proxy: S3Proxy;
let image: string;
let port: number;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
};

before(async () => {
  const server = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(server.endpoint));
  minio = { ...server, endpoint: proxy.endpoint, pid: 0 };
  const folder = await mkdtemp(join(tmpdir(), 'metrics-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  image = join(folder, 'drive.img');
  port = await freePort();
  const config = { metrics: { listen: `127.0.0.1:${String(port)}` }, load: { max_requests_in_flight: 2 } };
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image }], config }));
});

after(() => stack.disposeAsync());

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${String(port)}${path}`);
const scrape = async (): Promise<string> => (await get('/metrics')).text();

const bySocket = (path: string): Promise<string> =>
  run('curl', ['--silent', '--unix-socket', join(station.runDir, 'control', 'read.sock'), `http://x${path}`]);

/** Names of the station's own metrics in a text. */
const namesIn = (text: string): ReadonlySet<string> => new Set(text.match(/\bimport_station_[a-z_]+/gu));

test('metrics: tell of a load while it runs, and of its files when it has ended', async () => {
  const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${String(index)}.txt`, 'x']));
  const populate = (folder: string): Promise<void> => symlink('/nowhere', join(folder, 'link'));
  const { jobId } = await prepareDrive({ station, minio, image, files, populate });
  proxy.setLatency(100);
  await using drive = await plug(image);
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) >= 3);

  const during = await scrape();
  proxy.setLatency(0);
  await station.waitForJob(jobId, ['SuccessWithErrors']);
  await station.waitForBay('Bay 1', 'says take it out', ({ says }) => says.includes('take it out'));
  const afterwards = await scrape();

  assert.match(during, /^import_station_bay_state\{bay="Bay 1",state="loading"\} 1$/mu);
  assert.match(
    during,
    new RegExp(`^import_station_load_finished_files\\{bay="Bay 1",job_id="${jobId}"\\} [1-9]`, 'mu'),
  );
  assert.match(during, /^import_station_jobs\{status="InProgress"\} 1$/mu);
  assert.match(afterwards, /^import_station_bay_state\{bay="Bay 1",state="done"\} 1$/mu);
  assert.match(afterwards, /^import_station_jobs_ended_total\{status="SuccessWithErrors"\} 1$/mu);
  assert.match(afterwards, /^import_station_files_total\{result="loaded"\} 150$/mu);
  assert.match(afterwards, /^import_station_files_total\{result="failed"\} 1$/mu);
  assert.doesNotMatch(afterwards, /import_station_load_finished_files\{/u);
  assert.match(afterwards, /^import_station_state_disk_free_bytes [1-9]/mu);
  assert.match(afterwards, /^process_resident_memory_bytes [1-9]/mu);
  await drive[Symbol.asyncDispose]();
});

test('metrics: tell of a load whose drive was pulled out, also after a restart, until it goes on', async () => {
  const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${String(index)}.txt`, 'y']));
  const { jobId } = await prepareDrive({ station, minio, image, files });
  const interrupted = async (): Promise<boolean> => /^import_station_interrupted_loads 1$/mu.test(await scrape());
  proxy.setLatency(100);
  const drive = await plug(image);
  await station.waitForBay('Bay 1', 'loads', ({ progress }) => (progress?.finished.files ?? 0) >= 3);
  assert.match(await scrape(), /^import_station_interrupted_loads 0$/mu);

  await drive[Symbol.asyncDispose]();

  await until(interrupted, { what: 'the load is interrupted' });
  assert.match(
    await scrape(),
    new RegExp(
      `^import_station_bay_hold\\{bay="Bay 1",job_id="${jobId}",code="Interrupted",actor="technician"\\} 1$`,
      'mu',
    ),
  );
  await station.restartDaemon('SIGTERM');
  await until(() => interrupted().catch(() => false), { what: 'the load is interrupted still' });
  assert.doesNotMatch(await scrape(), /code="Interrupted"/u);

  proxy.setLatency(0);
  await using _again = await plug(image);
  await station.waitForJob(jobId, ['Completed']);
  assert.match(await scrape(), /^import_station_interrupted_loads 0$/mu);
});

test('metrics: are the same on the socket of those who may look', async () => {
  assert.deepEqual(namesIn(await bySocket('/metrics')), namesIn(await scrape()));
});

test('metrics: pass promtool, in form and names', async () => {
  const { exitCode, stdout, stderr } = await tryRun('promtool', ['check', 'metrics'], { input: await scrape() });

  // Names that prom-client gives the process itself are known to every dashboard as they are.
  const findings = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.startsWith('nodejs_'));
  assert.deepEqual(findings, []);
  assert.ok(exitCode === 0 || exitCode === 3, String(exitCode));
});

test('healthz: is ok on both, and the port answers nothing else', async () => {
  const healthy = await get('/healthz');
  const onSocket: unknown = JSON.parse(await bySocket('/healthz'));

  assert.equal(healthy.status, 200);
  assert.match(await healthy.text(), /^\{"status":"ok","secondsSinceLook":\d+\}\n$/u);
  assert.deepEqual(Object.keys(Object(onSocket)), ['status', 'secondsSinceLook']);
  for (const path of ['/', '/status', '/jobs', '/metrics/', '/..%2fstatus']) {
    assert.equal((await get(path)).status, 404, path);
  }
});

test('metrics: a port that is flooded leaves the station as it is', async () => {
  const flood = Array.from({ length: 30 }, () =>
    fetch(`http://127.0.0.1:${String(port)}/metrics`).catch(() => undefined),
  );
  await Promise.all(flood);
  // What is sent is not read: the answer comes, or the connection ends under it.
  await fetch(`http://127.0.0.1:${String(port)}/metrics`, { method: 'POST', body: 'x'.repeat(1_000_000) }).catch(
    () => undefined,
  );

  await until(async () => (await get('/healthz').catch(() => undefined))?.status === 200, { what: 'it answers again' });
  assert.match(await station.ask('status'), /Bay 1/u);
});

test('daemon: says which port it cannot have, who acts and what to do, and does not start', async () => {
  const config = { metrics: { listen: `127.0.0.1:${String(port)}` } };
  await using other = await startStation({ bays: [{ name: 'Bay 2', image: `${image}.2` }], config, isStarted: false });

  await assert.rejects(other.startDaemon());

  assert.match(other.daemon().stderr(), /cannot listen for metrics on 127\.0\.0\.1:\d+: .*EADDRINUSE/u);
  assert.match(other.daemon().stderr(), /Name a free loopback port under `\[metrics\]`/u);
});

// Mounts stand in a namespace of the daemon's own and end with it.
const WITHOUT_LSBLK = 'mount --bind "$0" "$(command -v lsblk)" && exec setpriv "$@"';

test('metrics: tell of looks that cannot list the drives', async () => {
  const blindPort = await freePort();
  await using blind = await startStation({
    bays: [{ name: 'Bay 2', image: `${image}.2` }],
    config: { metrics: { listen: `127.0.0.1:${String(blindPort)}` } },
    isStarted: false,
  });
  const lsblk = join(blind.folder, 'lsblk');
  await writeFile(lsblk, '#!/bin/sh\necho "lsblk: no memory" >&2\nexit 1\n');
  await chmod(lsblk, 0o755);
  const own = ['--mount', '--propagation=private', '--', 'sh', '-c', WITHOUT_LSBLK, lsblk];
  const drop = [
    `--reuid=${String(STATION_UID)}`,
    `--regid=${String(STATION_UID)}`,
    '--clear-groups',
    '--bounding-set=-all',
  ];
  const daemon = [join(PRODUCT_FOLDER, 'scripts/import-station'), 'daemon', '--config', blind.configPath];
  const child = spawn('unshare', [...own, ...drop, '--', ...daemon], { stdio: ['ignore', 'ignore', 'pipe'] });
  const part = createPart(child, []);
  try {
    const text = await until(
      async () => {
        const response = await fetch(`http://127.0.0.1:${String(blindPort)}/metrics`).catch(() => undefined);
        const now = (await response?.text()) ?? '';
        return /^import_station_reconcile_failures_total [1-9]/mu.test(now) && now;
      },
      { what: 'a look has failed', describe: part.stderr },
    );
    assert.doesNotMatch(text, /^import_station_reconcile_timestamp_seconds /mu);
  } finally {
    assert.equal(await part.end('SIGTERM'), 0);
  }
  assert.match(await scrape(), /^import_station_reconcile_failures_total 0$/mu);
  assert.match(await scrape(), /^import_station_reconcile_timestamp_seconds [1-9]/mu);
});

test('alerts: pass promtool, and fire when they have to and at no other time', async () => {
  const rules = await tryRun('promtool', ['check', 'rules', ALERTS]);
  const tests = await tryRun('promtool', ['test', 'rules', join(PRODUCT_FOLDER, 'test/fixtures/alerts.test.yml')]);

  assert.equal(rules.exitCode, 0, rules.stderr);
  assert.match(rules.stdout, /SUCCESS: 11 rules found/u);
  assert.equal(tests.exitCode, 0, `${tests.stdout}${tests.stderr}`);
});

test('alerts: each has a severity, says what happened, who acts and what to do, and is tested', async () => {
  const text = await readFile(ALERTS, 'utf8');
  const tested = await readFile(join(PRODUCT_FOLDER, 'test/fixtures/alerts.test.yml'), 'utf8');

  const rules = text.split(/^ {6}- alert: /mu).slice(1);
  assert.equal(rules.length, 11);
  for (const rule of rules) {
    for (const part of [/severity: (?:warning|critical)/u, /summary: '/u, /who: /u, /todo: '/u])
      assert.match(rule, part);
    const [name = ''] = rule.split('\n');
    assert.match(tested, new RegExp(`alertname: ${name}\n {8}exp_alerts:`, 'u'), `${name} fires in a test`);
  }
});

test('dashboard and alerts: name metrics that the station has, and the dashboard shows all of them', async () => {
  const shown = await readFile(DASHBOARD, 'utf8');
  const alerts = await readFile(ALERTS, 'utf8');
  // Metrics with a value are in the text by their help, too.
  const known = namesIn(await scrape());

  assert.deepEqual(
    [...namesIn(shown)].filter((name) => !known.has(name)),
    [],
  );
  assert.deepEqual(
    [...namesIn(alerts)].filter((name) => !known.has(name)),
    [],
  );
  const text = await scrape();
  for (const [name] of shown.matchAll(/\b(?:process|nodejs)_[a-z_]+/gu))
    assert.match(text, new RegExp(`^${name} `, 'mu'), `${name} of the process`);
  const { panels } = JSON.parse(shown) as { readonly panels: readonly { readonly title: string }[] };
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
  const notShown = [
    'import_station_load_sent_bytes',
    'import_station_load_walk_ended',
    'import_station_state_disk_free_inodes',
  ];
  assert.deepEqual(
    [...known].filter((name) => !namesIn(shown).has(name) && !notShown.includes(name)),
    [],
  );
});

test('dashboard: every query is one that Prometheus understands, and asks the data source of the variable', async () => {
  const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
    readonly panels: readonly {
      readonly title: string;
      readonly targets: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
    }[];
  };
  const targets = panels.flatMap(({ title, targets: own }) => own.map((target) => ({ title, ...target })));
  assert.deepEqual(new Set(targets.map(({ datasource }) => datasource.uid)), new Set(['${datasource}']));
  // Rules may be JSON, which is YAML too.
  const rules = targets.map(({ expr }, index) => ({ record: `query:${String(index)}`, expr }));
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'queries.yml');
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));

  const { exitCode, stdout, stderr } = await tryRun('promtool', ['check', 'rules', file]);

  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, new RegExp(`SUCCESS: ${String(targets.length)} rules found`, 'u'));
});
