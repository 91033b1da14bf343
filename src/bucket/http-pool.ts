// The connections to one bucket: as many as requests are under way, kept for the next ones.
//
// INVARIANTS
// - A request has its connection alone; the one that was used last is used next, so that the others grow old and go.
// - A connection that was free for long may have been closed by the other side already: it is not used again.
// - One timer and one listener for each signal, however many requests there are.

import { SECOND_MS } from '#language/units.ts';
import type { HttpAnswer } from './http-answer.ts';
import { createGathering } from './gathering.ts';
import { abortReason, openConnection, type HttpConnection, type HttpPlace, type Outgoing } from './http-connection.ts';

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
  const heard = new WeakSet<AbortSignal>();
  const gathering = createGathering(() => ({
    openRequests: all.size - free.length,
    isWriting: all.values().some((connection) => connection.isWriting),
  }));
  let session: Buffer | undefined;
  let isClosed = false;

  const open = (): HttpConnection => {
    const connection = openConnection(place, session, {
      onAnswer: gathering.answered,
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

  const hear = (signal: AbortSignal): void => {
    if (heard.has(signal)) return;
    heard.add(signal);
    signal.addEventListener('abort', () => {
      for (const connection of all) connection.interrupt(signal);
    });
  };
  const sendOn = (connection: HttpConnection, outgoing: () => Outgoing, signal: AbortSignal): Promise<HttpAnswer> => {
    let made: Outgoing;
    try {
      if (signal.aborted) throw abortReason(signal);
      made = outgoing();
    } catch (error: unknown) {
      release(connection);
      return Promise.reject(error instanceof Error ? error : new Error('Cannot send', { cause: error }));
    }
    hear(signal);
    return connection.exchange(made, signal);
  };

  return {
    // Without a promise of its own: there is one of these for every file.
    send: (outgoing, signal) => {
      const taken = take();
      return 'exchange' in taken
        ? sendOn(taken, outgoing, signal)
        : taken.then((connection) => sendOn(connection, outgoing, signal));
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
