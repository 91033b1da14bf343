// Between station and MinIO: counts what is asked, answers late, falsely or not at all, or breaks connections, as a test
// wants.

import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
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

/** The same, with what came of it. */
export interface AskedAndAnswered extends AskedOfS3 {
  /** The server says that it does not have the upload, or parts of it, that this goes on with. */
  isUploadLost?: boolean;
}

/** A request before it reaches the server. */
export interface RequestToS3 extends AskedOfS3 {
  readonly headers: IncomingHttpHeaders;
}

/** What becomes of a request in place of being served. */
export type WireFault =
  /** It is answered without the server. */
  | ({ readonly kind: 'answer' } & FalseAnswer)
  /** The connection is reset after that many bytes of its body. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The server does its work, and the connection breaks in the middle of the answer. */
  | { readonly kind: 'cut' }
  /** The connection stays open, takes what is sent, and nothing ever comes. */
  | { readonly kind: 'silence' };

/** A proxy in front of an S3 server on loopback. */
export interface S3Proxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; signatures stay valid because the Host header is passed on. */
  readonly endpoint: string;
  /** Path and query of every PUT and POST that the server answered with success, in order. */
  readonly writes: readonly string[];
  /** The same for those whose answer went to the caller whole. */
  readonly acknowledged: readonly string[];
  /** Method, path and query of everything that was asked. */
  readonly asked: readonly AskedAndAnswered[];
  /** Puts false answers in place of the server's; undefined lets its own through. */
  falsify(answer: (request: AskedOfS3) => FalseAnswer | undefined): void;
  /** Asked for each request before the server is, as long as it takes; undefined lets it through. */
  breakBy(decide: (request: RequestToS3) => Promise<WireFault | undefined>): void;
  /** Breaks all connections and refuses new ones, until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
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
  const acknowledged: string[] = [];
  const asked: AskedAndAnswered[] = [];
  let faultOf: (request: RequestToS3) => Promise<WireFault | undefined> = () => Promise.resolve(undefined);
  let falseAnswer: (request: AskedOfS3) => FalseAnswer | undefined = () => undefined;
  let latencyMs = 0;
  let dateShiftMs = 0;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const { hostname, port } = new URL(target);

  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    await gate.promise;
    const { method = 'GET', url = '/' } = incoming;
    const own: AskedAndAnswered = { method, url };
    asked.push(own);
    const fault = await faultOf({ method, url, headers: incoming.headers });
    if (fault !== undefined && fault.kind !== 'cut') {
      await meet(fault, incoming, response);
      return;
    }
    const upstream = httpRequest({ host: hostname, port, method, path: url, headers: incoming.headers });
    const answered = once(upstream, 'response');
    incoming.pipe(upstream);
    const [answer] = (await answered) as [IncomingMessage];
    const chunks = (await answer.toArray()) as Buffer[];
    const status = answer.statusCode ?? 500;
    if (status < 300 && (method === 'PUT' || method === 'POST')) writes.push(url);
    own.isUploadLost =
      method !== 'GET' && /<Code>(?:InvalidPart|NoSuchUpload)</u.test(Buffer.concat(chunks).toString());
    if (latencyMs > 0) await delay(latencyMs);
    await gate.promise;
    const instead = falseAnswer({ method, url });
    if (instead?.status === 0) response.destroy();
    else if (instead !== undefined) response.writeHead(instead.status, instead.headers).end(instead.body);
    if (instead !== undefined) return;
    const headers = shifted(answer.rawHeaders, dateShiftMs);
    if (fault?.kind === 'cut') {
      cutOff(response, status);
      return;
    }
    response.writeHead(status, headers);
    response.end(Buffer.concat(chunks), () => {
      if (status < 300 && (method === 'PUT' || method === 'POST')) acknowledged.push(url);
    });
  };
  const server = createServer((incoming, response) => {
    // The caller's connection broke, or the server's: either way the caller sees a broken connection.
    forward(incoming, response).catch(() => response.destroy());
  });
  const listen = async (at: number): Promise<void> => {
    const listening = once(server, 'listening');
    server.listen(at, '127.0.0.1');
    await listening;
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${String(address.port)}`,
    writes,
    acknowledged,
    asked,
    breakBy: (decide) => {
      faultOf = decide;
    },
    refuse: close,
    accept: () => listen(address.port),
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
      await close();
    },
  };
};

const meet = async (
  fault: Exclude<WireFault, { readonly kind: 'cut' }>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  switch (fault.kind) {
    case 'answer':
      // Taken whole: a caller that is still sending would see a broken connection in place of the answer.
      for await (const _chunk of incoming);
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    case 'reset': {
      let taken = 0;
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        taken += chunk.length;
        if (taken >= fault.afterBytes) break;
      }
      incoming.socket.resetAndDestroy();
      return;
    }
    case 'silence':
      // A body that stops on its way is given up to twice the time (wire-rules.ts).
      for await (const _chunk of incoming);
      return;
  }
};

const CUT_AFTER = '<?xml version="1.0" ';

const cutOff = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { 'content-length': '1000', 'content-type': 'application/xml' });
  response.write(CUT_AFTER, () => response.destroy());
};

// Names and values in turn.
const shifted = (rawHeaders: readonly string[], shiftMs: number): string[] =>
  rawHeaders.map((text, index) =>
    shiftMs !== 0 && index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'date'
      ? new Date(Date.parse(text) + shiftMs).toUTCString()
      : text,
  );
