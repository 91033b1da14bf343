// Between station and MinIO: counts what is asked, answers late, stops answering, or breaks connections, as a test wants.

import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the caller is told in place of the server's answer, after the server did its work; a status of 0 tells nothing. */
export interface FalseAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Method, and path and query, of a request. */
export interface AskedOfS3 {
  readonly method: string;
  readonly url: string;
}

/** A proxy in front of an S3 server on loopback. */
export interface S3Proxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; signatures stay valid because the Host header is passed on. */
  readonly endpoint: string;
  /** Path and query of every PUT and POST that the server answered with success, in order. */
  readonly writes: readonly string[];
  /** Method, path and query of everything that was asked. */
  readonly asked: readonly AskedOfS3[];
  /** Puts false answers in place of the server's; undefined lets its own through. */
  falsify(answer: (request: AskedOfS3) => FalseAnswer | undefined): void;
  /** Answers come this much later, in milliseconds. */
  setLatency(latencyMs: number): void;
  /** The Date of every answer is that much off, in milliseconds. */
  setDateShift(shiftMs: number): void;
  /** Requests are held back until `resume`; those under way too. */
  pause(): void;
  resume(): void;
}

/** Starts a proxy in front of `target`. */
export const startS3Proxy = async (target: string): Promise<S3Proxy> => {
  const writes: string[] = [];
  const asked: AskedOfS3[] = [];
  let falseAnswer: (request: AskedOfS3) => FalseAnswer | undefined = () => undefined;
  let latencyMs = 0;
  let dateShiftMs = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const { hostname, port } = new URL(target);

  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    await gate.promise;
    const { method = 'GET', url = '/' } = incoming;
    asked.push({ method, url });
    const upstream = httpRequest({ host: hostname, port, method, path: url, headers: incoming.headers });
    const answered = once(upstream, 'response');
    incoming.pipe(upstream);
    const [answer] = (await answered) as [IncomingMessage];
    const chunks = (await answer.toArray()) as Buffer[];
    const status = answer.statusCode ?? 500;
    if (status < 300 && (method === 'PUT' || method === 'POST')) writes.push(url);
    if (latencyMs > 0) await delay(latencyMs);
    await gate.promise;
    const instead = falseAnswer({ method, url });
    if (instead?.status === 0) response.destroy();
    else if (instead !== undefined) response.writeHead(instead.status, instead.headers).end(instead.body);
    if (instead !== undefined) return;
    response.writeHead(status, shifted(answer.rawHeaders, dateShiftMs));
    response.end(Buffer.concat(chunks));
  };
  const server = createServer((incoming, response) => {
    // The caller's connection broke, or the server's: either way the caller sees a broken connection.
    forward(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${String(address.port)}`,
    writes,
    asked,
    falsify: (answer) => {
      falseAnswer = answer;
    },
    setLatency: (next) => {
      latencyMs = next;
    },
    setDateShift: (next) => {
      dateShiftMs = next;
    },
    pause: () => {
      gate = Promise.withResolvers<void>();
    },
    resume: () => {
      gate.resolve();
    },
    [Symbol.asyncDispose]: async () => {
      gate.resolve();
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
};

// Names and values in turn.
const shifted = (rawHeaders: readonly string[], shiftMs: number): string[] =>
  rawHeaders.map((text, index) =>
    shiftMs !== 0 && index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'date'
      ? new Date(Date.parse(text) + shiftMs).toUTCString()
      : text,
  );
