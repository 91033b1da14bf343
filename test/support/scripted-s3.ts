// An S3 service that answers what a test says, and keeps what it was sent: for what a real one cannot be made to do.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { BucketAccess } from '#bucket/contract.ts';
import { Secret } from '#language/secret.ts';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  /** The client's port: one for each connection. */
  readonly port: number | undefined;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is answered; a status of 0 breaks the connection. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The service: its bucket's address, and what it was asked. */
export interface ScriptedS3 extends AsyncDisposable {
  readonly access: BucketAccess;
  readonly requests: readonly ReceivedRequest[];
}

/** An S3 error with its body. */
export const s3Error = (
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/xml', ...headers },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>as scripted</Message></Error>`,
});

/** Starts the service on a free loopback port; undefined as an answer leaves the request without one. */
export const startScriptedS3 = async (
  answer: (request: ReceivedRequest, index: number) => ScriptedAnswer | undefined,
): Promise<ScriptedS3> => {
  const requests: ReceivedRequest[] = [];
  const server = createServer((incoming, response) => {
    buffer(incoming).then(
      (body) => {
        const { method = '', url = '', headers, socket } = incoming;
        const request = { port: socket.remotePort, method, url, headers, body };
        requests.push(request);
        respond(response, answer(request, requests.length - 1));
      },
      // The client cut the request off: there is nobody to answer.
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Cannot start the scripted S3: no address');
  return {
    requests,
    access: {
      bucket: 'toady',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${String(address.port)}`,
      forcePathStyle: true,
      isNetworkTrusted: false,
      sse: 'none',
      accessKeyId: 'scripted',
      secretAccessKey: new Secret('scripted-secret'),
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const respond = (response: ServerResponse, answer: ScriptedAnswer | undefined): void => {
  if (answer === undefined) return;
  if (answer.status === 0) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
};
