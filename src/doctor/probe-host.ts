// Looks at the host, and changes nothing: files by lstat, the kernel by /proc, sockets by a connection that says nothing.

import { constants } from 'node:fs';
import { access, lstat, readdir, readFile, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { release } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { Config } from '#config/contract.ts';
import { UDEV_RULE_PATH } from '#config/udev-rule.ts';
import { parseMountinfo } from '#drive/in-use.ts';
import { COMMAND_ENVIRONMENT, runCommand } from '#drive/run-command.ts';
import { systemCode } from '#drive/system-code.ts';
import { SECOND_MS } from '#language/units.ts';
import type { DiskRoom, DriverFacts, HostFacts, PathFacts, SecretFacts, SocketFacts, TextFacts } from './facts.ts';
import { TOOLS } from './judge-host.ts';

/** Where the parts of the station lie. */
export interface ProbePaths {
  readonly configPath: string;
  /** Name of the store's file in the state directory. */
  readonly storeFile: string;
}

const CONNECT_MS = 2 * SECOND_MS;
const COMMAND_MS = 5 * SECOND_MS;
const MODE_BITS = 0o7777;
const FUSE_HELPERS = ['mount.exfat-fuse', 'exfat-fuse', 'mount.ntfs-3g', 'ntfs-3g'];
const RIGHTS = ['read', 'technician', 'operator'];
/** Folders in which systemd looks for a credential that a unit names without a path (systemd.exec(5)). */
const CREDENTIAL_FOLDERS = ['/etc/credstore.encrypted', '/run/credstore.encrypted', '/usr/lib/credstore.encrypted'];

/** Looks at everything that the configuration names. Errors: the signal's reason. */
export const probeHost = async (
  config: Config,
  { configPath, storeFile }: ProbePaths,
  signal: AbortSignal,
): Promise<HostFacts> => {
  const { station, mail, launch } = config;
  const { stateDir, runDir, storeKeyFile } = station;
  const isRoot = process.geteuid?.() === 0;
  const needsPassword = mail?.user !== undefined;
  const sockets = RIGHTS.map((right) => [right, join(runDir, 'control', `${right}.sock`)] as const);
  return {
    isRoot,
    nodeVersion: process.version,
    kernelRelease: release(),
    config: await pathFacts(configPath),
    stateDir: await pathFacts(stateDir),
    aboveStateDir: await Promise.all(
      foldersAbove(stateDir).map(async (path) => [path, await pathFacts(path)] as const),
    ),
    runDir: await pathFacts(runDir),
    controlDir: await pathFacts(join(runDir, 'control')),
    launchDir: await pathFacts(dirname(launch.socket)),
    knownUids: await knownIds('passwd', [station.uid, launch.loaderUid], signal),
    knownGids: await knownIds('group', [station.gid, launch.loaderGid], signal),
    unit: await unitText(),
    store: await pathFacts(join(stateDir, storeFile)),
    disk: await diskRoom(stateDir),
    storeKey: await secretFacts(storeKeyFile, 'import-station.store-key'),
    smtpPassword: needsPassword ? await secretFacts(mail.passwordFile, 'import-station.smtp-password') : undefined,
    drivers: await driverFacts(),
    programs: await findPrograms([...TOOLS.keys(), ...FUSE_HELPERS]),
    canMount: isRoot ? await canMount(signal) : undefined,
    isUdevRunning: (await pathFacts('/run/udev/control')).kind === 'there',
    udevRule: await textFacts(UDEV_RULE_PATH),
    controlSockets: new Map(
      await Promise.all(sockets.map(async ([right, path]) => [right, await socketFacts(path)] as const)),
    ),
    controlPaths: new Map(
      await Promise.all(sockets.map(async ([right, path]) => [right, await pathFacts(path)] as const)),
    ),
    launcherSocket: await socketFacts(launch.socket),
    groups: await groupsOf(config, signal),
    isClockSynchronised: await isClockSynchronised(signal),
  };
};

const pathFacts = async (path: string): Promise<PathFacts> => {
  try {
    const { mode, uid, gid, size } = await lstat(path);
    return { kind: 'there', type: typeOf(mode), uid, gid, mode: mode & MODE_BITS, sizeBytes: size };
  } catch (error: unknown) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'hidden', message: code };
  }
};

const typeOf = (mode: number): Extract<PathFacts, { readonly kind: 'there' }>['type'] => {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return 'file';
    case constants.S_IFDIR:
      return 'folder';
    case constants.S_IFSOCK:
      return 'socket';
    case constants.S_IFLNK:
      return 'link';
    default:
      return 'other';
  }
};

const textFacts = async (path: string): Promise<TextFacts> => {
  try {
    return { kind: 'text', text: await readFile(path, 'utf8') };
  } catch (error: unknown) {
    const code = systemCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'hidden', message: code };
  }
};

const readText = async (path: string): Promise<string | undefined> => {
  const facts = await textFacts(path);
  return facts.kind === 'text' ? facts.text : undefined;
};

// A state directory that is not made yet will lie on the disk of the folder above it.
const diskRoom = async (folder: string): Promise<DiskRoom | undefined> => {
  const existing = (await pathFacts(folder)).kind === 'missing' ? join(folder, '..') : folder;
  try {
    const { blocks, bavail, bsize, files, ffree } = await statfs(existing);
    const mounts = parseMountinfo((await readText('/proc/self/mountinfo')) ?? '');
    const below = mounts.filter(({ mountPoint }) =>
      `${existing}/`.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`),
    );
    const mount = below.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length).at(-1);
    return {
      sizeBytes: blocks * bsize,
      freeBytes: bavail * bsize,
      inodes: files,
      freeInodes: ffree,
      isReadOnly: mount?.options.includes('ro') === true,
    };
  } catch {
    return undefined;
  }
};

const secretFacts = async (path: string, credential: string): Promise<SecretFacts> => {
  const file = await pathFacts(path);
  for (const folder of CREDENTIAL_FOLDERS) {
    const sealed = join(folder, credential);
    if ((await pathFacts(sealed)).kind === 'there') return { path, file, credential: sealed };
  }
  return { path, file, credential: undefined };
};

const driverFacts = async (): Promise<DriverFacts> => {
  const registered = await readText('/proc/filesystems');
  const folder = `/lib/modules/${release()}`;
  const lists = [await readText(`${folder}/modules.dep`), await readText(`${folder}/modules.builtin`)];
  const names = lists
    .flatMap((text) => (text ?? '').split('\n'))
    .map((line) => basename(line.split(':')[0] ?? '').replace(/\.ko(?:\.\w+)?$/u, ''));
  return {
    registered:
      registered === undefined
        ? undefined
        : new Set(registered.split('\n').map((line) => line.split('\t').at(-1) ?? '')),
    loadable: lists.every((text) => text === undefined) ? undefined : new Set(names),
    hasFuseDevice: (await pathFacts('/dev/fuse')).kind === 'there',
  };
};

const findPrograms = async (names: readonly string[]): Promise<ReadonlyMap<string, boolean>> => {
  const folders = (COMMAND_ENVIRONMENT['PATH'] ?? '').split(':');
  const isThere = async (name: string): Promise<boolean> => {
    for (const folder of folders) {
      const found = await access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return true;
    }
    return false;
  };
  return new Map(await Promise.all(names.map(async (name) => [name, await isThere(name)] as const)));
};

// A namespace of a child that ends at once: nothing of it stays.
const canMount = async (signal: AbortSignal): Promise<boolean> => {
  const command = { program: 'unshare', args: ['--mount', 'true'], deadlineMs: COMMAND_MS };
  const result = await runCommand(command, signal);
  return result.kind === 'ended' && result.exitCode === 0;
};

const socketFacts = (path: string): Promise<SocketFacts> => {
  const { promise, resolve } = Promise.withResolvers<SocketFacts>();
  const socket = connect({ path });
  socket.setTimeout(CONNECT_MS, () => {
    resolve('nobody listens');
    socket.destroy();
  });
  socket.once('connect', () => {
    resolve('answers');
    socket.destroy();
  });
  socket.once('error', (error) => {
    resolve(OUTCOMES.get(systemCode(error)) ?? 'nobody listens');
  });
  return promise;
};

const OUTCOMES: ReadonlyMap<string, SocketFacts> = new Map([
  ['ENOENT', 'missing'],
  ['ENOTDIR', 'missing'],
  ['ENOTSOCK', 'no socket'],
  ['EACCES', 'hidden'],
  ['EPERM', 'hidden'],
]);

const ID_FIELD = 2;
const GETENT_NOT_FOUND = 2;

// getent(1) asks whoever the host asks, not its files alone.
const getent = async (
  database: 'passwd' | 'group',
  key: string,
  signal: AbortSignal,
): Promise<number | 'missing' | 'unknown'> => {
  const result = await runCommand({ program: 'getent', args: [database, key], deadlineMs: COMMAND_MS }, signal);
  if (result.kind !== 'ended') return 'unknown';
  if (result.exitCode === GETENT_NOT_FOUND) return 'missing';
  return result.exitCode === 0 ? Number(result.stdout.split(':')[ID_FIELD]) : 'unknown';
};

const knownIds = async (
  database: 'passwd' | 'group',
  ids: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlySet<number> | undefined> => {
  const found = await Promise.all(ids.map((id) => getent(database, String(id), signal)));
  return found.includes('unknown') ? undefined : new Set(found.filter((one) => typeof one === 'number'));
};

const groupsOf = async ({ control }: Config, signal: AbortSignal): Promise<ReadonlyMap<string, number>> => {
  const names = Object.values(control).filter((name) => name !== undefined);
  const found = await Promise.all(names.map(async (name) => [name, await getent('group', name, signal)] as const));
  return new Map(found.flatMap(([name, id]) => (typeof id === 'number' ? [[name, id] as const] : [])));
};

const foldersAbove = (path: string): readonly string[] => {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
};

const UNIT = 'import-station.service';
/** Of systemd.unit(5), those that win first. */
const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
];

const unitText = async (): Promise<string | undefined> => {
  const units = await Promise.all(UNIT_FOLDERS.map((folder) => readText(join(folder, UNIT))));
  const unit = units.find((text) => text !== undefined);
  if (unit === undefined) return undefined;
  const additions = await Promise.all(UNIT_FOLDERS.map((folder) => dropIns(join(folder, `${UNIT}.d`))));
  return [unit, ...additions.flat()].join('\n');
};

const dropIns = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(names.map((name) => readText(join(folder, name))));
  return texts.filter((text) => text !== undefined);
};

// timedatectl(1) asks a service over D-Bus; where there is no systemd nobody says.
const isClockSynchronised = async (signal: AbortSignal): Promise<boolean | undefined> => {
  if ((await pathFacts('/run/systemd/system')).kind !== 'there') return undefined;
  const args = ['show', '--property=NTPSynchronized', '--value'];
  const result = await runCommand({ program: 'timedatectl', args, deadlineMs: COMMAND_MS }, signal);
  if (result.kind !== 'ended' || result.exitCode !== 0) return undefined;
  return result.stdout.trim() === 'yes';
};
