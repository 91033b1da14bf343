// One keep-alive connection to a bucket, and the requests that go over it one after another: written in one piece, with
// nothing between the memory of a file and the socket.
//
// STATES: opening -> busy <-> free -> gone
//   It opens with its first request. An answer that does not say `close` frees it, once its request is written whole: a
//   thread that was busy hears of the answer first. Whatever else happens, an error, a time limit, a signal, ends it, and
//   so does a refusal before the body's end.

import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { KIB } from '#language/units.ts';
import { createAnswerReader, type HttpAnswer } from './http-answer.ts';
import { CONNECT_TIMEOUT_MS, FIRST_FAILURE_STATUS, IDLE_TIMEOUT_MS, requestTimeoutMs } from './wire-rules.ts';

/** Where a connection goes. */
export interface HttpPlace {
  readonly isEncrypted: boolean;
  readonly hostname: string;
  readonly port: number;
  /** PEM of a private certificate authority. */
  readonly certificateAuthority?: string;
}

/** What goes out. */
export interface Outgoing {
  /** Request line and headers, with the empty line at their end; each character a byte. */
  readonly head: string;
  /** Untouched until the answer has come. */
  readonly body: Uint8Array;
}

/** A connection. */
export interface HttpConnection {
  /** A request is not yet written whole. */
  readonly isWriting: boolean;
  /** Errors: those of the socket, with their code; MalformedAnswer; `TimeoutError`; what `end` was given; the signal's reason. */
  exchange(outgoing: Outgoing, signal: AbortSignal): Promise<HttpAnswer>;
  /** Ends it with the signal's reason, where its request was made with this signal. */
  interrupt(signal: AbortSignal): void;
  /** Ends it; a request that is on it fails with the error. */
  end(error: Error): void;
  /** Ends it where its request has taken too long by now (`performance.now()`). */
  checkLimit(nowMs: number): void;
}

/** What a connection tells its pool. */
export interface ConnectionEvents {
  readonly onAnswer: () => void;
  /** It can take the next request. */
  readonly onFree: (connection: HttpConnection) => void;
  readonly onGone: (connection: HttpConnection) => void;
  /** For the next TLS connection to be quicker. */
  readonly onTlsSession: (session: Buffer) => void;
}

/** A body up to this size is copied behind its head: one write of one piece costs less than one of two. */
const ONE_PIECE_BYTES = 16 * KIB;
const MAX_HEAD_BYTES = 4 * KIB;
/** Answers are short. */
const READ_BYTES = 4 * KIB;

interface Exchange {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Opens a connection. */
export const openConnection = (
  place: HttpPlace,
  tlsSession: Buffer | undefined,
  { onAnswer, onFree, onGone, onTlsSession }: ConnectionEvents,
): HttpConnection => {
  const socket = connect(place, tlsSession, {
    onTlsSession,
    onBytes: (bytes) => {
      hear(bytes);
    },
  });
  const reader = createAnswerReader();
  let current: Exchange | undefined;
  let isGone = false;
  let isWritten = true;
  let piece: Buffer | undefined;

  const finish = (error: Error): void => {
    if (isGone) return;
    isGone = true;
    const exchange = current;
    current = undefined;
    socket.destroy();
    onGone(connection);
    exchange?.reject(error);
  };
  const take = (answer: HttpAnswer): void => {
    const exchange = current;
    current = undefined;
    // What comes unasked belongs to no request, and a refusal before the body's end leaves the rest of it on the way.
    const isRefusedEarly = !isWritten && answer.status >= FIRST_FAILURE_STATUS;
    if (exchange === undefined || !answer.keepsAlive || isRefusedEarly) finish(new Error('not to be used again'));
    else if (isWritten) onFree(connection);
    if (exchange === undefined) return;
    onAnswer();
    exchange.resolve(answer);
  };
  const written = (error?: Error | null): void => {
    if (isGone || error) return;
    isWritten = true;
    if (current === undefined) onFree(connection);
  };
  const hear = (bytes: Uint8Array): void => {
    if (isGone) return;
    try {
      const answer = reader.push(bytes);
      if (answer !== undefined) take(answer);
    } catch (error: unknown) {
      finish(error instanceof Error ? error : new Error('Cannot read the answer', { cause: error }));
    }
  };
  const connection: HttpConnection = {
    get isWriting() {
      return !isWritten;
    },
    exchange: ({ head, body }, signal) => {
      if (isGone) return Promise.reject(cutOff());
      const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
      isWritten = false;
      current = { resolve, reject, limitMs: performance.now() + requestTimeoutMs(body.byteLength), signal };
      if (body.byteLength <= ONE_PIECE_BYTES && head.length <= MAX_HEAD_BYTES) {
        // Free again by the time of the next request: the connection is, only once all of it is written.
        piece ??= Buffer.allocUnsafeSlow(MAX_HEAD_BYTES + ONE_PIECE_BYTES);
        const headBytes = piece.write(head, 0, 'latin1');
        piece.set(body, headBytes);
        socket.write(piece.subarray(0, headBytes + body.byteLength), written);
      } else {
        socket.cork();
        socket.write(head, 'latin1');
        socket.write(body, written);
        socket.uncork();
      }
      return promise;
    },
    interrupt: (signal) => {
      if (current?.signal === signal) finish(abortReason(signal));
    },
    end: finish,
    checkLimit: (nowMs) => {
      if (current !== undefined && nowMs > current.limitMs) finish(timeoutError('the request took too long'));
    },
  };

  socket.setTimeout(CONNECT_TIMEOUT_MS);
  socket.once(place.isEncrypted ? 'secureConnect' : 'connect', () => {
    socket.setTimeout(IDLE_TIMEOUT_MS);
  });
  socket.on('timeout', () => {
    finish(timeoutError(socket.connecting ? 'the connection was not made in time' : 'the connection was silent'));
  });
  socket.on('end', () => {
    const answer = isGone ? undefined : reader.end();
    if (answer !== undefined) take(answer);
    finish(cutOff());
  });
  socket.on('error', finish);
  socket.on('close', () => {
    finish(cutOff());
  });
  return connection;
};

const connect = (
  { isEncrypted, hostname, port, certificateAuthority }: HttpPlace,
  session: Buffer | undefined,
  {
    onBytes,
    onTlsSession,
  }: { readonly onBytes: (bytes: Uint8Array) => void; readonly onTlsSession: (session: Buffer) => void },
): Socket => {
  // Into one small memory again and again: a stream would take 64 KiB for each answer and give most of them back.
  const callback = (count: number, memory: Uint8Array): boolean => {
    onBytes(memory.subarray(0, count));
    return true;
  };
  const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback };
  const target = { host: hostname, port, noDelay: true, onread };
  if (!isEncrypted) return connectPlain(target);
  const socket = connectTls({
    ...target,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    ...(session === undefined ? {} : { session }),
  });
  socket.on('session', onTlsSession);
  return socket;
};

/** Why a signal has aborted, as an error. */
export const abortReason = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new Error('aborted', { cause: reason });

const cutOff = (): Error =>
  Object.assign(new Error('The connection was closed before its answer'), { code: 'ECONNRESET' });

const timeoutError = (message: string): Error => Object.assign(new Error(message), { name: 'TimeoutError' });
