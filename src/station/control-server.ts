// The control sockets: HTTP and JSON over Unix sockets, one per right, because Node cannot ask a peer's uid. Who may open
// the socket has the right; each right includes those before it.

import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';

import { KIB, SECOND_MS } from '#language/units.ts';
import { StationError } from '#language/station-error.ts';
import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import type { Refusal } from '#protocol/control.ts';
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
}

/** An answer. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

/** What the sockets need. */
export interface ControlServerDeps {
  readonly runDir: string;
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
const MAX_CONNECTIONS = 64;
const CLOSE_DEADLINE_MS = 2 * SECOND_MS;

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
    await chmod(path, SOCKET_MODE);
  }
  return stack.move();
};

// Only a socket is ever removed: whatever else stands there is somebody's and makes `listen` fail with its name.
const removeStaleSocket = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === true) await rm(path);
};

const createRightServer = (deps: ControlServerDeps, right: Right): Server => {
  const server = createServer((request, response) => {
    answer(deps, right, request, response).catch((error: unknown) => {
      deps.journal.warn({ right, err: error }, 'control request broken off');
      response.destroy();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
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
  const { status, body } = await decide(deps, right, request, gone.signal);
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
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
  const body = await readBody(request);
  if (body.kind === 'problem') return refuse(400, 'InvalidRequest', { message: body.message });
  try {
    return await handle({ method, path, body: body.value }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    journal.error({ method, path, err: error }, 'control request failed');
    const code = error instanceof StationError && reasonOf(error.code) !== undefined ? error.code : 'InternalError';
    return refuse(500, code, { message: error instanceof Error ? error.message : 'unknown' });
  }
};

/** An answer that refuses, in the catalogue's words. */
export const refuse = (status: number, code: string, details: Readonly<Record<string, string>>): ControlAnswer => {
  const body: Refusal = { error: noticeOf(code, details) };
  return { status, body };
};

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
