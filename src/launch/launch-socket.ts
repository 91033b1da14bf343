// The folder and the socket of the launcher. Both belong to the daemon's user, who is not trusted: everything here is
// done to the thing itself and never through a link that this user may have put in its place.

import { constants } from 'node:fs';
import { lchown, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { once } from 'node:events';
import { dirname } from 'node:path';

import type { Config } from '#config/contract.ts';
import { StationError } from '#language/station-error.ts';

type SocketConfig = Pick<Config, 'station' | 'launch'>;

const RUN_FOLDER_MODE = 0o755;
const SOCKET_FOLDER_MODE = 0o700;
// Takes everything from others, and the run bits from all: sockets come out as 0600.
const PRIVATE_UMASK = 0o177;

/** Makes the run folder where it is missing, and the socket's own folder: 0700, the daemon's. */
export const prepareSocketFolder = async ({ station, launch }: SocketConfig): Promise<void> => {
  const socketFolder = dirname(launch.socket);
  if (socketFolder !== station.runDir) await makeFolder(station.runDir, RUN_FOLDER_MODE, station);
  await makeFolder(socketFolder, SOCKET_FOLDER_MODE, station);
};

/** Listens on the socket, which then has mode 0600 and the daemon's owner. Errors: StationError LauncherRuns. */
export const listenPrivately = async (server: Server, { station, launch }: SocketConfig): Promise<void> => {
  await removeStale(launch.socket);
  const before = process.umask(PRIVATE_UMASK);
  try {
    // The socket is made within this call.
    server.listen(launch.socket);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
  await lchown(launch.socket, station.uid, station.gid);
};

const makeFolder = async (path: string, mode: number, { uid, gid }: Config['station']): Promise<void> => {
  try {
    await mkdir(path, { mode });
  } catch (error: unknown) {
    if (!hasCode(error, 'EEXIST')) throw unusable(path, error);
  }
  try {
    await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await folder.chmod(mode);
    await folder.chown(uid, gid);
  } catch (error: unknown) {
    throw unusable(path, error);
  }
};

// A socket that nobody listens on is left by a server that was killed.
const removeStale = async (path: string): Promise<void> => {
  const entry = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (entry === undefined) return;
  if (!entry.isSocket()) throw unusable(path, new Error('it is no socket'));
  if (await isListenedOn(path)) {
    throw new StationError({
      code: 'LauncherRuns',
      message: `Cannot listen on ${path}: another launcher listens there`,
      hint: 'Stop the other one first (systemd may hold the socket: systemctl stop import-station-launch.socket).',
    });
  }
  await unlink(path);
};

const isListenedOn = async (path: string): Promise<boolean> => {
  const probe = connect(path);
  try {
    await once(probe, 'connect');
    return true;
  } catch (error: unknown) {
    if (hasCode(error, 'ECONNREFUSED') || hasCode(error, 'ENOENT')) return false;
    throw error;
  } finally {
    probe.destroy();
  }
};

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const unusable = (path: string, cause: unknown): StationError =>
  new StationError({
    code: 'LauncherFolder',
    message: `Cannot use ${path} for the launcher's socket: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Run the launcher as root, and look what is at that path.',
    cause,
  });
