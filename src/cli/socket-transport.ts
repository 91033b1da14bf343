// Speaks to a running daemon: HTTP and JSON over one of its Unix sockets.

import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { StationError } from '#language/station-error.ts';
import { MIB, MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { BY_HEADER } from '#protocol/control.ts';

/** What is asked of the daemon, or of the desk where no daemon runs. */
export interface ControlRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** The answer, not yet checked. */
export interface ControlResponse {
  readonly status: number;
  readonly body: unknown;
}

/** A way to whoever answers requests. */
export interface Transport extends AsyncDisposable {
  send(request: ControlRequest, signal: AbortSignal): Promise<ControlResponse>;
}

/** A transport that can also receive an answer whose size nobody knows. */
export interface SocketTransport extends Transport {
  /**
   * Hands the bytes of a text answer to `take`, which reads them as fast as it can; undefined once all were taken. A
   * refusal is given back instead.
   */
  receive(
    request: ControlRequest,
    take: (bytes: AsyncIterable<Uint8Array>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ControlResponse | undefined>;
}

/** Who listens on a socket: somebody, nobody, or it may not be known. */
export type Listener = 'running' | 'absent' | 'denied';

const OK = 200;
const CONNECT_TIMEOUT_MS = 10 * SECOND_MS;
// The creation of a job asks buckets, and a bucket that does not answer is waited for.
const ANSWER_TIMEOUT_MS = 3 * MINUTE_MS;
// A list of all jobs is the largest answer.
const MAX_ANSWER_BYTES = 256 * MIB;

/** Tries whether a daemon listens on the socket. */
export const findListener = (socketPath: string, signal: AbortSignal): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
    const socket = connect({ path: socketPath, signal: limit });
    socket.once('connect', () => {
      socket.destroy();
      resolve('running');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve('absent');
      else if (error.code === 'EACCES' || error.code === 'EPERM') resolve('denied');
      else if (error.code === 'EAGAIN') reject(busy(error));
      else reject(signal.aborted ? error : unreadable(socketPath, error.message, error));
    });
  });

/** A transport over a Unix socket; each request has a connection of its own. `by` is the caller's name for the history. */
export const createSocketTransport = (socketPath: string, by?: string): SocketTransport => {
  const translated = async <Value>(call: () => Promise<Value>, signal: AbortSignal): Promise<Value> => {
    try {
      return await call();
    } catch (error: unknown) {
      if (signal.aborted || error instanceof StationError || !(error instanceof Error)) throw error;
      if ('code' in error && error.code === 'ECONNRESET') throw brokenOff(socketPath, error);
      throw isHangUp(error) ? busy(error) : unreadable(socketPath, error.message, error);
    }
  };
  const readJson = async (incoming: IncomingMessage): Promise<ControlResponse> => ({
    status: incoming.statusCode ?? 0,
    body: parseJson(socketPath, await collect(incoming)),
  });
  return {
    send: (asked, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
      return translated(() => exchange({ socketPath, by }, asked, readJson, limit), signal);
    },
    receive: (asked, take, signal) =>
      translated(
        () =>
          exchange(
            { socketPath, by },
            asked,
            async (incoming) => {
              if (incoming.statusCode !== OK) return readJson(incoming);
              incoming.setTimeout(ANSWER_TIMEOUT_MS, () => incoming.destroy(new Error('the answer came to a halt')));
              await take(incoming);
              return undefined;
            },
            signal,
          ),
        signal,
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

const HANG_UPS = ['EPIPE', 'EAGAIN', 'ECONNREFUSED'];

const isHangUp = (error: Error): boolean => 'code' in error && HANG_UPS.includes(String(error.code));

const busy = (cause: Error): StationError =>
  new StationError({
    code: 'DaemonBusy',
    message: `Cannot speak to the daemon: ${cause.message}`,
    hint: 'Wait a moment and give the command again.',
    details: { message: cause.message },
    cause,
  });

const exchange = async <Value>(
  { socketPath, by }: { readonly socketPath: string; readonly by: string | undefined },
  asked: ControlRequest,
  read: (incoming: IncomingMessage) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> => {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const body = asked.body === undefined ? undefined : Buffer.from(JSON.stringify(asked.body), 'utf8');
  const outgoing = request(
    {
      socketPath,
      method: asked.method,
      path: asked.path,
      agent: false,
      signal,
      headers: {
        host: 'import-station',
        ...(by === undefined ? {} : { [BY_HEADER]: encodeURIComponent(by) }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
      },
    },
    (incoming) => {
      read(incoming).then(resolve, reject);
    },
  );
  outgoing.once('error', reject);
  outgoing.end(body);
  return promise;
};

const collect = async (incoming: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${String(MAX_ANSWER_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const parseJson = (socketPath: string, text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error: unknown) {
    throw unreadable(socketPath, 'the answer is no JSON', error);
  }
};

// Also what Node calls "socket hang up".
const brokenOff = (socketPath: string, cause: Error): StationError =>
  new StationError({
    code: 'DaemonEnded',
    message: `The daemon at "${socketPath}" ended before it answered`,
    hint: 'Look into its journal, and see what was done before you try again.',
    cause,
  });

const unreadable = (socketPath: string, message: string, cause: unknown): StationError =>
  new StationError({
    code: 'ProtocolError',
    message: `Cannot speak to the daemon at "${socketPath}": ${message}`,
    hint: 'Restart the station so that all its parts are of one version.',
    cause,
  });
