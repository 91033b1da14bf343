// A loader of tests as the host sees it: its processes, what it tells of itself, and whether its drive is free.

import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { z } from 'zod';

import type { LaunchConnection, TestLauncher } from './launcher.ts';
import { processesWith } from './part.ts';
import { LOADER_UID } from './station.ts';

const lookedSchema = z.looseObject({
  kind: z.literal('looked'),
  pid: z.number(),
  uid: z.number(),
  gid: z.number(),
  groups: z.array(z.number()),
  status: z.string(),
  limits: z.string(),
  mounts: z.string(),
  environment: z.record(z.string(), z.string()),
  root: z.array(z.string()),
  devices: z.array(z.string()),
  processes: z.array(z.string()),
  openFiles: z.array(z.string()),
  digests: z.record(z.string(), z.string()),
});
/** What the stand-in for the loader tells first. */
export type Looked = z.infer<typeof lookedSchema>;
/** Any message. */
export const kindSchema = z.looseObject({ kind: z.string() });
/** How opening a path went, by error code. */
export const triedSchema = z.object({
  kind: z.literal('tried'),
  path: z.string(),
  read: z.string(),
  write: z.string(),
});

/** Asks for a loader that must come up. */
export const startLoader = async (
  launcher: TestLauncher,
  request: string,
): Promise<LaunchConnection & { looked: Looked }> => {
  const connection = await launcher.connect();
  connection.say(request);
  const first = await connection.next();
  return { ...connection, looked: lookedSchema.parse(first, { error: () => JSON.stringify(first) }) };
};

/** True where nothing uses the device. */
export const isExclusive = async (device: string): Promise<boolean> => {
  try {
    const handle = await open(device, constants.O_RDONLY | constants.O_EXCL);
    await handle.close();
    return true;
  } catch {
    return false;
  }
};

/** Everything that has the drive mounted, by its number on the host and its user: the loader itself knows only 1. */
export const usersOf = async (device: string): Promise<readonly { readonly pid: number; readonly uid: number }[]> => {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
  const found = names.map(async (name) => {
    // It may have ended by now.
    const mounts = await readFile(`/proc/${name}/mountinfo`, 'utf8').catch(() => '');
    if (!mounts.includes(' /drive ') || !mounts.includes(` ${device} `)) return undefined;
    const process = await stat(`/proc/${name}`).catch(() => undefined);
    return process && { pid: Number(name), uid: process.uid };
  });
  return (await Promise.all(found)).filter((user) => user !== undefined);
};

/** The loader's number on the host. */
export const loaderPid = async (device: string): Promise<number> => {
  const loader = (await usersOf(device)).find(({ uid }) => uid === LOADER_UID);
  assert.ok(loader !== undefined, `a process of the loader's user has ${device} mounted`);
  return loader.pid;
};

/** The processes of one loader on the host. A kernel driver has no server. */
export const familyOf = async (
  loader: number,
): Promise<{ readonly outer: number; readonly loader: number; readonly server?: number }> => {
  const namespace = await readlink(`/proc/${String(loader)}/ns/pid`);
  const status = await readFile(`/proc/${String(loader)}/status`, 'utf8');
  const outer = Number(/^PPid:\s+(\d+)$/mu.exec(status)?.[1]);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  for (const pid of pids.filter((one) => one !== loader)) {
    const other = await readlink(`/proc/${String(pid)}/ns/pid`).catch(() => '');
    if (other === namespace) return { outer, loader, server: pid };
  }
  return { outer, loader };
};

/** The loaders of one station, by their numbers on the host: they come of its launcher. */
export const loadersOf = async (launcherPid: number): Promise<readonly number[]> => {
  const pids = (await processesWith('main.ts\0loader')).map((line) => Number.parseInt(line, 10));
  const own: number[] = [];
  for (const pid of pids) {
    if ((await statusField(pid, 'Uid')) === String(LOADER_UID) && (await comesOf(pid, launcherPid))) own.push(pid);
  }
  return own;
};

const comesOf = async (pid: number, ancestor: number): Promise<boolean> => {
  for (let at = pid; at > 1; at = Number(await statusField(at, 'PPid'))) if (at === ancestor) return true;
  return false;
};

// First value of a field of proc_pid_status(5); undefined where the process is gone.
const statusField = async (pid: number, name: string): Promise<string | undefined> => {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  return new RegExp(`^${name}:\\t(\\d+)`, 'mu').exec(status)?.[1];
};

/** True where the process is there, if only as a zombie. */
export const isThere = (pid: number): Promise<boolean> =>
  stat(`/proc/${String(pid)}`).then(
    () => true,
    () => false,
  );
