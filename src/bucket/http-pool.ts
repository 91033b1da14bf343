// The connections to one bucket: as many as requests are under way, kept for the next ones.
//
// INVARIANTS
// - A request has its connection alone; the one that was used last is used next, so that the others grow old and go.
// - A connection that was free for long may have been closed by the other side already: it is not used again.
// - One timer and one listener for each signal, however many requests there are.

import { SECOND_MS } from '#language/units.ts';
import type { HttpAnswer } from './http-answer.ts';
import { createGathering } from './gathering.ts';
import { openConnection, type HttpConnection, type HttpPlace, type Outgoing } from './http-connection.ts';

/** Sends requests. */
export interface HttpPool extends Disposable {
  /** Errors: those of a connection; the signal's reason. */
  send(outgoing: () => Outgoing, signal: AbortSignal): Promise<HttpAnswer>;
}

/** Ours: S3 keeps a silent connection for 5 seconds at least. */
const MAX_FREE_MS = 4 * SECOND_MS;
const LOOK_EVERY_MS = SECOND_MS;

interface Free {
  readonly connection: HttpConnection;
  readonly sinceMs: number;
}

/** Makes a pool of at most `maxConnections`; requests beyond wait. */
export const createHttpPool = (place: HttpPlace, maxConnections: number): HttpPool => {
  const all = new Set<HttpConnection>();
  const free: Free[] = [];
  const waiting: PromiseWithResolvers<HttpConnection>[] = [];
  const interrupted = createInterrupts();
  const gathering = createGathering(() => ({
    openRequests: all.size - free.length,
    isWriting: all.values().some((connection) => connection.isWriting),
  }));
  let session: Buffer | undefined;
  let isClosed = false;

  const open = (): HttpConnection => {
    const connection = openConnection(place, session, {
      onFree: release,
      onGone: forget,
      onTlsSession: (given) => {
        session = given;
      },
    });
    all.add(connection);
    return connection;
  };
  const release = (connection: HttpConnection): void => {
    const next = waiting.shift();
    if (next === undefined) free.push({ connection, sinceMs: performance.now() });
    else next.resolve(connection);
  };
  const forget = (connection: HttpConnection): void => {
    all.delete(connection);
    const place = free.findIndex((one) => one.connection === connection);
    if (place !== -1) free.splice(place, 1);
    if (!isClosed && waiting.length > 0 && all.size < maxConnections) waiting.shift()?.resolve(open());
  };
  const take = (): HttpConnection | Promise<HttpConnection> => {
    const last = free.pop();
    if (last !== undefined) return last.connection;
    if (all.size < maxConnections) return open();
    const next = Promise.withResolvers<HttpConnection>();
    waiting.push(next);
    return next.promise;
  };
  const look = setInterval(() => {
    const nowMs = performance.now();
    for (const { connection } of free.filter(({ sinceMs }) => nowMs - sinceMs > MAX_FREE_MS)) connection.end(TOO_OLD);
    for (const connection of all) connection.checkLimit(nowMs);
  }, LOOK_EVERY_MS);
  look.unref();

  return {
    send: async (outgoing, signal) => {
      const taken = take();
      const connection = 'exchange' in taken ? taken : await taken;
      if (signal.aborted) {
        release(connection);
        throw reasonOf(signal);
      }
      using _interrupt = interrupted(signal, connection);
      const answer = await connection.exchange(outgoing());
      gathering.answered();
      return answer;
    },
    [Symbol.dispose]: () => {
      isClosed = true;
      clearInterval(look);
      for (const connection of all) connection.end(CLOSED);
      for (const { reject } of waiting.splice(0)) reject(CLOSED);
    },
  };
};

const TOO_OLD = new Error('the connection was free for long');
const CLOSED = Object.assign(new Error('The lane is closed'), { code: 'ECONNABORTED' });

// A listener of its own for each request would cost more than the request's signature.
const createInterrupts = (): ((signal: AbortSignal, connection: HttpConnection) => Disposable) => {
  const bySignal = new WeakMap<AbortSignal, Set<HttpConnection>>();
  return (signal, connection) => {
    let connections = bySignal.get(signal);
    if (connections === undefined) {
      const added = new Set<HttpConnection>();
      connections = added;
      bySignal.set(signal, added);
      signal.addEventListener('abort', () => {
        for (const each of added) each.end(reasonOf(signal));
      });
    }
    const own = connections;
    own.add(connection);
    return {
      [Symbol.dispose]: () => {
        own.delete(connection);
      },
    };
  };
};

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
