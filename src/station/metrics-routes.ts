// `GET /metrics` and `GET /healthz`: on the control sockets, and where it is configured on a loopback port of their own,
// which answers nothing else.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { SECOND_MS } from '#language/units.ts';
import { StationError } from '#language/station-error.ts';
import type { Metrics } from '#metrics/metrics.ts';
import type { ControlAnswer, ControlRequest } from './control-server.ts';
import type { HealthWatch } from './health.ts';
import type { Journal } from './journal.ts';

/** What is told. */
export interface MetricsRouteDeps {
  readonly metrics: Metrics;
  readonly health: HealthWatch;
}

const OK = 200;
const UNAVAILABLE = 503;
const NOT_FOUND = 404;

/** Answers the two; undefined for any other request. */
export const answerMetrics = async (
  { metrics, health }: MetricsRouteDeps,
  { method, path }: Pick<ControlRequest, 'method' | 'path'>,
): Promise<ControlAnswer | undefined> => {
  switch (`${method} ${path}`) {
    case 'GET /metrics': {
      const text = await metrics.text();
      return { status: OK, contentType: metrics.contentType, pieces: pieceOf(text) };
    }
    case 'GET /healthz': {
      const body = health.health();
      return { status: body.status === 'ok' ? OK : UNAVAILABLE, body };
    }
    default:
      return undefined;
  }
};

async function* pieceOf(text: string): AsyncGenerator<string> {
  yield text;
}

/** Where the port is. */
export interface MetricsAddress {
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
}

// A scrape is one request of a few hundred bytes; nobody needs more.
const LIMITS = {
  requestTimeout: 5 * SECOND_MS,
  headersTimeout: 5 * SECOND_MS,
  maxHeaderSize: 8192,
  connectionsCheckingInterval: SECOND_MS,
};
const MAX_CONNECTIONS = 16;
const CLOSE_DEADLINE_MS = 2 * SECOND_MS;

/** Opens the port. Throws StationError MetricsPort where it cannot be had. */
export const openMetricsPort = async (
  { host, port }: MetricsAddress,
  deps: MetricsRouteDeps & { readonly journal: Journal },
): Promise<AsyncDisposable> => {
  const server = createServer(LIMITS, (request, response) => {
    response.setTimeout(LIMITS.requestTimeout, () => response.destroy());
    const { method = 'GET', url: path = '/' } = request;
    request.resume();
    answerText(deps, { method, path }).then(
      ({ status, contentType, text }) => {
        response.writeHead(status, { 'content-type': contentType, connection: 'close' });
        response.end(text);
      },
      (error: unknown) => {
        deps.journal.error({ path, err: error }, 'metrics not told');
        response.destroy();
      },
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error: unknown) {
    throw portError({ host, port }, error);
  }
  return { [Symbol.asyncDispose]: () => closeServer(server) };
};

const answerText = async (
  deps: MetricsRouteDeps,
  request: Pick<ControlRequest, 'method' | 'path'>,
): Promise<{ readonly status: number; readonly contentType: string; readonly text: string }> => {
  const answer = (await answerMetrics(deps, request)) ?? {
    status: NOT_FOUND,
    body: { message: 'there are /metrics and /healthz here' },
  };
  if ('body' in answer) {
    return { status: answer.status, contentType: 'application/json', text: `${JSON.stringify(answer.body)}\n` };
  }
  const pieces = await Array.fromAsync(answer.pieces);
  return { status: answer.status, contentType: answer.contentType, text: pieces.join('') };
};

const portError = ({ host, port }: MetricsAddress, cause: unknown): StationError => {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StationError({
    code: 'MetricsPort',
    message: `Cannot listen on ${host} port ${String(port)} for metrics: ${message}`,
    hint: 'Name another port under [metrics] in the configuration, or take the section out.',
    details: { target: `${host}:${String(port)}`, message },
    cause,
  });
};

const closeServer = async (server: Server): Promise<void> => {
  const closed = once(server, 'close', { signal: AbortSignal.timeout(CLOSE_DEADLINE_MS) }).catch(() => undefined);
  server.close();
  server.closeAllConnections();
  await closed;
};
