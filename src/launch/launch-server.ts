// `import-station launch-server`: listens on launch.sock and gives each connection to a launcher process of its own.
// Where systemd accepts (a socket unit with Accept=yes), it is not needed. It never reads a byte of a connection.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { readConfig } from '#config/read-config.ts';
import { formatConfigProblem } from '#config/read-config.ts';
import type { Config } from '#config/contract.ts';
import { COMMAND_ENVIRONMENT } from '#drive/run-command.ts';
import { StationError } from '#language/station-error.ts';
import { SECOND_MS } from '#language/units.ts';
import { listenPrivately, openSocketFolder } from './launch-socket.ts';
import { compileCacheOf } from './compile-cache.ts';
import { PRODUCT_FOLDER } from './product.ts';

/** What the server starts for each connection; its standard streams are the connection. */
export interface LaunchServerConfig {
  readonly config: Pick<Config, 'station' | 'launch' | 'bays'>;
  /** Arguments for this Node. */
  readonly launchArgs: readonly string[];
}

/** Serves until the signal; then ends every launcher and loader that it started. */
export const runLaunchServer = async ({
  configPath,
  signal,
}: {
  readonly configPath: string;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const result = readConfig(configPath);
  if (result.kind === 'problem') throw badConfig(configPath, result.problems.map(formatConfigProblem));
  const launchArgs = [join(PRODUCT_FOLDER, 'src', 'main.ts'), 'launch', '--config', configPath];
  await using server = await createLaunchServer({ config: result.config, launchArgs });
  await server.untilAborted(signal);
};

/** A server that listens. Disposing it stops it and kills what it started. */
export interface LaunchServer extends AsyncDisposable {
  untilAborted(signal: AbortSignal): Promise<void>;
}

/** Makes the folder and the socket, owned by the daemon's user alone, and serves. Errors: StationError. */
export const createLaunchServer = async ({ config, launchArgs }: LaunchServerConfig): Promise<LaunchServer> => {
  const children = new Set<ChildProcess>();
  const limit = connectionLimit(config.bays.length);
  // pauseOnConnect: what the daemon says is for the launcher alone.
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    if (children.size >= limit) connection.destroy();
    else giveAway(connection, launchArgs, children);
  });
  const folder = await openSocketFolder(config);
  try {
    await listenPrivately(server, folder, config);
  } catch (error: unknown) {
    await stop(server, children);
    await folder.close();
    throw error;
  }
  return {
    untilAborted: async (signal) => {
      if (!signal.aborted) await once(signal, 'abort');
    },
    [Symbol.asyncDispose]: async () => {
      await stop(server, children);
      await folder.close();
    },
  };
};

// Per bay: a loader for each of MAX_VOLUMES volumes while they are looked at, and a few questions beside.
const CONNECTIONS_PER_BAY = 20;
const CONNECTIONS_BESIDES = 4;

const connectionLimit = (bayCount: number): number => bayCount * CONNECTIONS_PER_BAY + CONNECTIONS_BESIDES;

const giveAway = (connection: Socket, launchArgs: readonly string[], children: Set<ChildProcess>): void => {
  // A daemon that hangs up early is the launcher's business, not this server's.
  connection.on('error', () => connection.destroy());
  const child = spawn(process.execPath, [...launchArgs], {
    stdio: [connection, connection, 'inherit'],
    env: { ...COMMAND_ENVIRONMENT, ...compileCacheOf(PRODUCT_FOLDER) },
    cwd: '/',
  });
  children.add(child);
  const forget = (): void => {
    children.delete(child);
  };
  child.once('exit', forget);
  // It could not be started: the end of the connection says so to the daemon.
  child.once('error', forget);
  // Only this process's handle: the connection lives on in the child.
  connection.destroy();
};

const STOP_DEADLINE_MS = 5 * SECOND_MS;

// A loader that hangs in a drive cannot be killed; it is waited for only so long.
const stop = async (server: Server, children: ReadonlySet<ChildProcess>): Promise<void> => {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  const deadline = AbortSignal.timeout(STOP_DEADLINE_MS);
  const ended = [...children].map(async (child) => {
    const exited = once(child, 'exit', { signal: deadline }).catch(() => undefined);
    child.kill('SIGKILL');
    await exited;
    child.unref();
  });
  await Promise.all([closed, ...ended]);
};

const badConfig = (configPath: string, problems: readonly string[]): StationError =>
  new StationError({
    code: 'BadConfiguration',
    message: `Cannot use the configuration ${configPath}: ${problems.join('; ')}`,
    hint: 'Correct it, then try with: import-station config check',
  });
