// The loaders that run now, found in the process table: nothing is recorded anywhere, so nothing can be stale, and the
// daemon (which owns the folder of the sockets) cannot name a process that root would then kill.

import { readdir, readFile, readlink, stat } from 'node:fs/promises';

import { INSIDE_COMMAND, parseLaunchPlan, type LaunchPlan } from './launch-plan.ts';

/** The outer process of a loader: it holds no file of the drive, and its end is the end of all that is inside. */
export interface RunningLoader {
  readonly pid: number;
  readonly plan: LaunchPlan;
}

/** Program that holds a loader's namespaces. */
export const UNSHARE = '/usr/bin/unshare';

const ROOT_UID = 0;

/** All running loaders of one attachment of a drive. */
export const runningLoaders = async (
  drive: Pick<LaunchPlan, 'kernelName' | 'diskSequence'>,
): Promise<readonly RunningLoader[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  const found = await Promise.all(pids.map(readLoader));
  return found
    .filter((loader) => loader !== undefined)
    .filter(({ plan }) => plan.kernelName === drive.kernelName && plan.diskSequence === drive.diskSequence);
};

/** Kills all loaders of one attachment of a drive, with their mounts and FUSE servers. Answers how many there were. */
export const endLoaders = async (drive: Pick<LaunchPlan, 'kernelName' | 'diskSequence'>): Promise<number> => {
  const loaders = await runningLoaders(drive);
  for (const { pid } of loaders) killIfThere(pid);
  return loaders.length;
};

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error: unknown) {
    // It ended by itself meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

// Only root's own unshare with our inner command counts: other users can give their processes any arguments.
const readLoader = async (pid: number): Promise<RunningLoader | undefined> => {
  const folder = `/proc/${String(pid)}`;
  try {
    const args = (await readFile(`${folder}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    if (args[0] !== UNSHARE || args.at(-2) !== INSIDE_COMMAND) return undefined;
    if ((await stat(folder)).uid !== ROOT_UID || (await readlink(`${folder}/exe`)) !== UNSHARE) return undefined;
    const plan = parseLaunchPlan(args.at(-1) ?? '');
    return plan === undefined ? undefined : { pid, plan };
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))) return undefined;
    throw error;
  }
};
