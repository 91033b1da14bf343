// The port for metrics by itself: what it answers, what it puts up with, and that it ends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';

import { StationError } from '#language/station-error.ts';
import type { Metrics } from '#metrics/metrics.ts';
import { createHealthWatch, type HealthWatch } from '#station/health.ts';
import { createJournal } from '#station/journal.ts';
import { openMetricsPort } from '#station/metrics-routes.ts';
import { until } from '../../support/wait.ts';

const HOST = '127.0.0.1';
const MINUTE_MS = 60_000;

const aHealth = (): { readonly health: HealthWatch; readonly pass: (ms: number) => void } => {
  let nowMs = 0;
  const health = createHealthWatch({ now: () => new Date(nowMs), nowMs: () => nowMs, everyMs: () => 5000 });
  return {
    health,
    pass: (ms) => {
      nowMs += ms;
    },
  };
};

const metricsThat = (text: () => Promise<string>): Metrics => ({
  jobEnded: () => undefined,
  text,
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
});

const freePort = async (host: string): Promise<number> => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

interface OpenPort extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly pass: (ms: number) => void;
}

const openPort = async (
  text: () => Promise<string> = () => Promise.resolve('a 1\n'),
  host = HOST,
): Promise<OpenPort> => {
  const port = await freePort(host);
  const { health, pass } = aHealth();
  const journal = createJournal('info', { write: () => undefined });
  const opened = await openMetricsPort({ host, port }, { metrics: metricsThat(text), health, journal });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  return { port, url, pass, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
};

/** A connection that says this and nothing more; `answer` is all that came back. */
const say = async (
  port: number,
  words: string,
): Promise<{ readonly closed: Promise<void>; readonly answer: () => string }> => {
  const socket = connect(port, HOST);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      resolve();
    });
  });
  await once(socket, 'connect');
  socket.write(words);
  return { closed, answer: () => answer };
};

for (const host of [HOST, '::1', '127.0.0.2']) {
  test(`metrics port: answers on ${host} with the content type of Prometheus, and closes the connection`, async () => {
    await using open = await openPort(undefined, host);

    const response = await fetch(`${open.url}/metrics`);

    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(response.headers.get('connection'), 'close');
    assert.equal(await response.text(), 'a 1\n');
  });
}

test('metrics port: says by 503 what happened, who acts and what to do, while no look at the drives ends', async () => {
  await using open = await openPort();
  assert.equal((await fetch(`${open.url}/healthz`)).status, 200);

  open.pass(2 * MINUTE_MS);

  const response = await fetch(`${open.url}/healthz`);
  const body = (await response.json()) as { readonly status: string; readonly error: Record<string, unknown> };
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.deepEqual([body.status, body.error['actor']], ['stalled', 'operator']);
  assert.match(String(body.error['happened']), /not looked at its drives for 120 seconds/u);
  assert.notEqual(body.error['todo'], '');
});

for (const [method, path] of [
  ['POST', '/metrics'],
  ['DELETE', '/healthz'],
  ['GET', '/status'],
  ['GET', '//metrics'],
] as const) {
  test(`metrics port: knows no ${method} ${path}`, async () => {
    await using open = await openPort();

    assert.equal((await fetch(`${open.url}${path}`, { method })).status, 404);
  });
}

test('metrics port: refuses headers without end', async () => {
  await using open = await openPort();

  const { closed, answer } = await say(open.port, `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`);
  await closed;

  assert.match(answer(), /^HTTP\/1\.1 431 /u);
});

test('metrics port: lets go of requests that come to no end, and answers those after them', async () => {
  await using open = await openPort();
  const half = await Promise.all(Array.from({ length: 20 }, () => say(open.port, 'GET /metrics HTTP/1.1\r\nHos')));

  await Promise.all(half.map(({ closed }) => closed));

  const status = await until(
    () =>
      fetch(`${open.url}/metrics`).then(
        (response) => response.status,
        () => undefined,
      ),
    { what: 'the port answers' },
  );
  assert.equal(status, 200);
  assert.equal(half.filter(({ answer }) => answer().startsWith('HTTP/1.1 408 ')).length, 16);
});

test('metrics port: breaks the connection off where the metrics cannot be told, and goes on', async () => {
  let isBroken = true;
  await using open = await openPort(() =>
    isBroken ? Promise.reject(new Error('the store is away')) : Promise.resolve('a 1\n'),
  );

  await assert.rejects(fetch(`${open.url}/metrics`));
  isBroken = false;

  assert.equal((await fetch(`${open.url}/metrics`)).status, 200);
});

test('metrics port: closes at once, with a scrape and a half request under way, and is free again', async () => {
  const open = await openPort(() => new Promise(() => undefined));
  const scrape = assert.rejects(fetch(`${open.url}/metrics`));
  const { closed } = await say(open.port, 'GET /met');
  const before = performance.now();

  await open[Symbol.asyncDispose]();

  assert.ok(performance.now() - before < 1000);
  await Promise.all([scrape, closed]);
  const next = createServer().listen(open.port, HOST);
  await once(next, 'listening');
  next.close();
});

test('metrics port: says which one it cannot have', async () => {
  await using open = await openPort();
  const { health } = aHealth();
  const deps = {
    metrics: metricsThat(() => Promise.resolve('')),
    health,
    journal: createJournal('info', { write: () => undefined }),
  };

  await assert.rejects(openMetricsPort({ host: HOST, port: open.port }, deps), (error: unknown) => {
    assert.ok(error instanceof StationError);
    assert.equal(error.code, 'MetricsPort');
    assert.equal(error.details['target'], `${HOST}:${String(open.port)}`);
    return true;
  });
});
