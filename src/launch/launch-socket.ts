// The folder and the socket of the launcher. Both belong to the daemon's user, who is not trusted: everything here is
// done to the thing itself and never through a link that this user may have put in its place. So folders are held open
// and names are looked up in them, the last part of a path alone.

import { constants } from 'node:fs';
import { chown, lstat, mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { once } from 'node:events';
import { basename, dirname, join } from 'node:path';

import type { Config } from '#config/contract.ts';
import { directoryPath } from '#drive/held-directory.ts';
import { StationError } from '#language/station-error.ts';

type SocketConfig = Pick<Config, 'station' | 'launch'>;

const RUN_FOLDER_MODE = 0o755;
const SOCKET_FOLDER_MODE = 0o700;
// Takes everything from others, and the run bits from all: sockets come out as 0600.
const PRIVATE_UMASK = 0o177;

/**
 * Makes the run folder where it is missing, and the socket's own folder: 0700, the daemon's. The result is that folder,
 * open; it must stay open for as long as the server lives, which removes its socket in it.
 */
export const openSocketFolder = async ({ station, launch }: SocketConfig): Promise<FileHandle> => {
  const socketFolder = dirname(launch.socket);
  const own = { mode: SOCKET_FOLDER_MODE, owner: station, shown: socketFolder };
  if (socketFolder === station.runDir) return makeFolder(socketFolder, own);
  const { runDir } = station;
  await using run = await makeFolder(runDir, { mode: RUN_FOLDER_MODE, owner: station, shown: runDir });
  return await makeFolder(dirname(socketFolder) === runDir ? within(run, basename(socketFolder)) : socketFolder, own);
};

/** Listens on the socket, which then has mode 0600 and the daemon's owner. Errors: StationError LauncherRuns. */
export const listenPrivately = async (
  server: Server,
  folder: FileHandle,
  { station, launch }: SocketConfig,
): Promise<void> => {
  const path = within(folder, basename(launch.socket));
  await removeStale(path, launch.socket);
  const before = process.umask(PRIVATE_UMASK);
  try {
    // The socket is made within this call.
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
  await giveSocket(path, station, launch.socket);
};

const within = ({ fd }: FileHandle, name: string): string => join(directoryPath(fd), name);

// open(2); Node does not name it. Such a descriptor is the thing itself, whatever its kind, and opens nothing.
const O_PATH = 0o10000000;
const ROOT_UID = 0;

// Nobody but root can have made a socket of root's with no other name, so it is the one that was made a moment ago.
const giveSocket = async (path: string, { uid, gid }: Config['station'], shown: string): Promise<void> => {
  await using socket = await open(path, O_PATH | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw unusable(shown, error);
  });
  const stats = await socket.stat();
  if (!stats.isSocket() || stats.uid !== ROOT_UID || stats.nlink !== 1) {
    throw unusable(shown, new Error('it was exchanged'));
  }
  await chown(directoryPath(socket.fd), uid, gid);
};

const makeFolder = async (
  path: string,
  { mode, owner, shown }: { readonly mode: number; readonly owner: Config['station']; readonly shown: string },
): Promise<FileHandle> => {
  try {
    await mkdir(path, { mode });
  } catch (error: unknown) {
    if (!hasCode(error, 'EEXIST')) throw unusable(shown, error);
  }
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await folder.chmod(mode);
    await folder.chown(owner.uid, owner.gid);
    return folder;
  } catch (error: unknown) {
    await folder?.close();
    throw unusable(shown, error);
  }
};

// A socket that nobody listens on is left by a server that was killed.
const removeStale = async (path: string, shown: string): Promise<void> => {
  const entry = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (entry === undefined) return;
  if (!entry.isSocket()) throw unusable(shown, new Error('it is no socket'));
  if (await isListenedOn(path)) {
    throw new StationError({
      code: 'LauncherRuns',
      message: `Cannot listen on ${shown}: another launcher listens there`,
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
