// The control sockets: HTTP and JSON over Unix sockets, one per right, because Node cannot ask a peer's uid. Who may open
// the socket has the right; each right includes those before it.

import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Config } from '#config/contract.ts';
import { runCommand } from '#drive/run-command.ts';
import type { Caller } from '#desk/desk.ts';
import { KIB, SECOND_MS } from '#language/units.ts';
import { StationError } from '#language/station-error.ts';
import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import { BY_HEADER, parseBy, type Refusal } from '#protocol/control.ts';
import type { Journal } from './journal.ts';

/** Rights in rising order; each has its own socket and, on a host, its own group. */
const RIGHTS = ['read', 'technician', 'operator'] as const;

/** See RIGHTS. */
export type Right = (typeof RIGHTS)[number];

/** A request after its body was read. */
export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly caller: Caller;
}

/** An answer: JSON, or text that is made while it is sent. */
export type ControlAnswer = JsonAnswer | StreamAnswer;

/** An answer in JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: object;
}

/** An answer whose end is not known when it begins; where making it fails, the connection breaks off. */
export interface StreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;
}

/** What the sockets need. */
export interface ControlServerDeps {
  readonly runDir: string;
  readonly groups: Config['control'];
  readonly journal: Journal;
  /** The right that a request needs. */
  readonly rightOf: (request: Pick<ControlRequest, 'method' | 'path'>) => Right;
  readonly handle: (request: ControlRequest, signal: AbortSignal) => Promise<ControlAnswer>;
}

const FOLDER_MODE = 0o755;
const SOCKET_MODE = 0o660;
// A manifest of 64 KiB in base64 with an account's certificate authority is far below this.
const MAX_BODY_BYTES = 512 * KIB;
const REQUEST_TIMEOUT_MS = 10 * SECOND_MS;
// How often connections are looked over for requests that do not come to an end.
const CHECK_EVERY_MS = SECOND_MS;
// Beyond these a request is refused in words. Each socket has its own, so that readers do not keep an operator out.
const MAX_REQUESTS = 64;
// Beyond these nobody is heard: a connection that says nothing costs a descriptor too.
const MAX_CONNECTIONS = 256;
const CLOSE_DEADLINE_MS = 2 * SECOND_MS;
const CHGRP_DEADLINE_MS = 5 * SECOND_MS;

/** Opens the sockets of all rights under RUNDIR/control. */
export const openControlServer = async (deps: ControlServerDeps): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack();
  const folder = join(deps.runDir, 'control');
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  for (const right of RIGHTS) {
    const path = join(folder, `${right}.sock`);
    const server = createRightServer(deps, right);
    stack.defer(() => closeServer(server));
    await removeStaleSocket(path);
    server.listen(path);
    await once(server, 'listening');
    await giveToGroup(path, groupOf(deps.groups, right));
    await chmod(path, SOCKET_MODE);
  }
  return stack.move();
};

const groupOf = ({ readGroup, technicianGroup, operatorGroup }: Config['control'], right: Right): string | undefined =>
  ({ read: readGroup, technician: technicianGroup, operator: operatorGroup })[right];

// By a program, because Node does not look up names of groups. An owner may give a file to any group that he is in.
const giveToGroup = async (path: string, group: string | undefined): Promise<void> => {
  if (group === undefined) return;
  const command = { program: 'chgrp', args: ['--no-dereference', '--', group, path], deadlineMs: CHGRP_DEADLINE_MS };
  const result = await runCommand(command, new AbortController().signal);
  if (result.kind === 'ended' && result.exitCode === 0) return;
  const message = result.kind === 'ended' ? result.stderr.trim() : result.message;
  throw new StationError({
    code: 'ControlGroup',
    message: `Cannot give ${path} to the group ${group}: ${message}`,
    hint: "Make the group and put the daemon's user into it.",
    details: { file: path, message },
  });
};

// Only a socket is ever removed: whatever else stands there is somebody's and makes `listen` fail with its name.
const removeStaleSocket = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === true) await rm(path);
};

const createRightServer = (deps: ControlServerDeps, right: Right): Server => {
  let requests = 0;
  const server = createServer({ connectionsCheckingInterval: CHECK_EVERY_MS }, (request, response) => {
    if (requests >= MAX_REQUESTS) {
      write(response, refuse(503, 'DaemonBusy', { message: `it answers ${String(MAX_REQUESTS)} requests already` }));
      return;
    }
    requests += 1;
    response.once('close', () => {
      requests -= 1;
    });
    answer(deps, right, request, response).catch((error: unknown) => {
      // Whoever goes away in the middle of his request is not heard of: a thousand of them would fill the journal.
      const level = request.complete ? 'warn' : 'debug';
      deps.journal[level]({ right, err: error }, 'control request broken off');
      response.destroy();
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(GARBAGE_ANSWER);
    else socket.destroy();
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
};

const write = (response: ServerResponse, { status, body }: JsonAnswer): void => {
  // Who does not read the answer does not keep it.
  response.setTimeout(REQUEST_TIMEOUT_MS, () => response.destroy());
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
};

const closeServer = async (server: Server): Promise<void> => {
  const closed = once(server, 'close', { signal: AbortSignal.timeout(CLOSE_DEADLINE_MS) }).catch(() => undefined);
  server.close();
  server.closeAllConnections();
  await closed;
};

const answer = async (
  deps: ControlServerDeps,
  right: Right,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort(new Error('The caller went away'));
  });
  const given = await decide(deps, right, request, gone.signal);
  if (response.destroyed) return;
  if ('pieces' in given) await writePieces(response, given);
  else write(response, given);
};

// Each piece waits until the one before it is taken.
const writePieces = async (response: ServerResponse, { status, contentType, pieces }: StreamAnswer): Promise<void> => {
  response.setTimeout(REQUEST_TIMEOUT_MS, () => response.destroy());
  response.writeHead(status, { 'content-type': contentType });
  await pipeline(Readable.from(pieces), response);
};

const decide = async (
  { rightOf, handle, journal }: ControlServerDeps,
  right: Right,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<ControlAnswer> => {
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  const needed = rightOf({ method, path });
  if (RIGHTS.indexOf(right) < RIGHTS.indexOf(needed))
    return refuse(403, 'NotPermitted', { reason: needed, target: path });
  const by = parseBy(request.headers[BY_HEADER]);
  if (by.kind === 'problem') return refuse(400, 'InvalidRequest', { message: by.message });
  const caller: Caller = { right, ...(by.name === undefined ? {} : { by: by.name }) };
  const body = await readBody(request);
  if (body.kind === 'problem') return refuse(400, 'InvalidRequest', { message: body.message });
  try {
    return await handle({ method, path, body: body.value, caller }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    journal.error({ method, path, err: error }, 'control request failed');
    const code = error instanceof StationError && reasonOf(error.code) !== undefined ? error.code : 'InternalError';
    return refuse(500, code, { message: error instanceof Error ? error.message : 'unknown' });
  }
};

/** An answer that refuses, in the catalogue's words. */
export const refuse = (status: number, code: string, details: Readonly<Record<string, string>>): JsonAnswer => {
  const body: Refusal = { error: noticeOf(code, details) };
  return { status, body };
};

// What is no HTTP gets an answer all the same.
const GARBAGE_ANSWER = ((): string => {
  const { status, body } = refuse(400, 'InvalidRequest', { message: 'it is not HTTP' });
  const text = `${JSON.stringify(body)}\n`;
  const head = `HTTP/1.1 ${String(status)} Bad Request\r\nConnection: close\r\nContent-Type: application/json`;
  return `${head}\r\nContent-Length: ${String(Buffer.byteLength(text))}\r\n\r\n${text}`;
})();

type Body = { readonly kind: 'ok'; readonly value: unknown } | { readonly kind: 'problem'; readonly message: string };

const readBody = async (request: IncomingMessage): Promise<Body> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: unknown = chunk;
    if (!(bytes instanceof Uint8Array)) return { kind: 'problem', message: 'the body is not bytes' };
    size += bytes.byteLength;
    if (size > MAX_BODY_BYTES)
      return { kind: 'problem', message: `the body has more than ${String(MAX_BODY_BYTES)} bytes` };
    chunks.push(bytes);
  }
  if (size === 0) return { kind: 'ok', value: undefined };
  try {
    return { kind: 'ok', value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    // The parser's own message would repeat the body, which may hold a secret.
    return { kind: 'problem', message: 'the body is not JSON' };
  }
};
