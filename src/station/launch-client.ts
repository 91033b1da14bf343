// The daemon's side of launch.sock: one connection per request, the connection of `load` is the loader's channel.

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { createChannel, type Channel } from '#protocol/channel.ts';
import { launchReplySchema, type LaunchReply, type LaunchRequest } from '#protocol/launch.ts';
import { StationError } from '#language/station-error.ts';

/** What can be asked of the launcher. */
export interface LaunchClient {
  /** Sends one request that has one answer. Deadline: 60 s. Throws StationError LauncherUnreachable. */
  ask(request: Exclude<LaunchRequest, { readonly kind: 'load' }>, signal: AbortSignal): Promise<LaunchReply>;
  /** Opens a loader's channel; the first message is a loader's or a `launch-problem`. */
  openLoader(
    request: Extract<LaunchRequest, { readonly kind: 'load' }>,
    signal: AbortSignal,
  ): Promise<LoaderConnection>;
}

/** A loader's channel. Disposing it ends the loader: its end of file is the loader's end. */
export interface LoaderConnection extends AsyncDisposable {
  readonly channel: Channel;
}

const ANSWER_DEADLINE_MS = 60_000;
const CLOSE_DEADLINE_MS = 2_000;

/** Makes the client of the launcher that listens on `socketPath`. */
export const createLaunchClient = (socketPath: string): LaunchClient => ({
  ask: async (request, signal) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_DEADLINE_MS)]);
    await using connection = await open(socketPath, bounded);
    await connection.channel.send(request);
    return await firstReply(connection, bounded);
  },
  openLoader: async (request, signal) => {
    const connection = await open(socketPath, signal);
    try {
      await connection.channel.send(request);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw unreachable(socketPath, error);
    }
  },
});

const open = async (socketPath: string, signal: AbortSignal): Promise<LoaderConnection> => {
  signal.throwIfAborted();
  const socket = connect(socketPath);
  // Errors of a connection reach the reader of the channel; without a listener they would end the daemon.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? error : unreachable(socketPath, error);
  }
  const channel = createChannel({ input: socket, output: socket });
  return { channel, [Symbol.asyncDispose]: () => closeSocket(socket) };
};

const firstReply = async (connection: LoaderConnection, signal: AbortSignal): Promise<LaunchReply> => {
  const abort = (): void => {
    void connection[Symbol.asyncDispose]();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const { message } of connection.channel.receive()) return launchReplySchema.parse(message);
    throw unreachable('launcher', new Error('The connection ended without an answer'));
  } finally {
    signal.removeEventListener('abort', abort);
  }
};

const closeSocket = async (socket: Socket): Promise<void> => {
  if (socket.destroyed) return;
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(CLOSE_DEADLINE_MS) }).catch(() => undefined);
  socket.destroy();
  await closed;
};

const unreachable = (socketPath: string, cause: unknown): StationError =>
  new StationError({
    code: 'LauncherUnreachable',
    message: `Cannot reach the launcher at ${socketPath}`,
    hint: 'Start the launcher of the station (import-station launch-server, or its socket unit), then retry.',
    cause,
  });
