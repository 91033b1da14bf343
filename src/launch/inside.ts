// The start of a loader, inner half: runs as root in namespaces of its own, mounts, moves into a root of its own,
// gives up every privilege but one, and becomes the loader.

import { readFileSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { printable } from '#language/printable.ts';
import { StationError } from '#language/station-error.ts';
import { parseLaunchPlan, type LaunchPlan } from './launch-plan.ts';
import { buildLoaderRoot, DRIVE_UNDER_CONSTRUCTION, enterLoaderRoot } from './loader-root.ts';
import { mountVolume } from './mount-volume.ts';
import { compileCacheOf } from './compile-cache.ts';
import { innerNodePath, INNER_PRODUCT_FOLDER } from './product.ts';
import { replaceProcess } from './replace-process.ts';
import { formatReply, problemReply, type LaunchProblem } from './reply.ts';
import { runningLoaders } from './running-loaders.ts';

// Standard output: the connection, written to only while there is no loader.
const CONNECTION = 1;

/** Becomes the loader of the plan; returns after it has answered what stands against it. */
export const runInside = async (argument: string | undefined): Promise<void> => {
  const plan = parseLaunchPlan(argument ?? '');
  const problem = plan === undefined ? notByHand() : await becomeLoader(plan);
  writeSync(CONNECTION, formatReply(problemReply(problem)));
};

const notByHand = (): LaunchProblem => ({
  code: 'LaunchRefused',
  message: 'this command is run by import-station launch alone',
});

const becomeLoader = async (plan: LaunchPlan): Promise<LaunchProblem> => {
  try {
    const node = innerNodePath(plan.productFolder);
    if (node === undefined) return { code: 'LaunchRefused', message: `Node is outside of /usr and the product` };
    if (await hasRival(plan)) return { code: 'DriveInUse', message: `${plan.device} has another loader` };
    buildLoaderRoot(plan.productFolder);
    const problem = await mountVolume(plan, DRIVE_UNDER_CONSTRUCTION);
    if (problem !== undefined) return problem;
    enterLoaderRoot();
    return becomeProgram(plan, node);
  } catch (error: unknown) {
    // A drive that fails or goes away, or a host that lacks something: an answer, not a crash.
    if (error instanceof StationError || (error instanceof Error && 'code' in error)) {
      return { code: 'MountFailed', message: printable(error.message) };
    }
    throw error;
  }
};

// The exclusive open was a moment ago, and two mounts of one device do not exclude each other. Each looks for the other
// after it can be found itself, so of two at the same moment at least one sees the other.
const hasRival = async (plan: LaunchPlan): Promise<boolean> => {
  const own = outerPid();
  const loaders = await runningLoaders(plan);
  return loaders.some(({ pid, plan: other }) => pid !== own && other.partitionNumber === plan.partitionNumber);
};

// /proc is still the host's, so it gives the numbers of the host; this process itself knows only that it is 1.
const outerPid = (): number => {
  const status = readFileSync(`/proc/${readlinkSync('/proc/self')}/status`, 'utf8');
  return Number(/^PPid:\s+(?<pid>\d+)$/mu.exec(status)?.groups?.['pid']);
};

const CAPABILITIES = '-all,+dac_read_search';

// Whole files lie outside the heap. Without a limit V8 reckons with the host's memory and lets garbage lie: measured 270 MiB
// of RSS for a load of small files, 190 with these, at the same speed.
const HEAP_FLAGS = ['--max-old-space-size=160', '--max-semi-space-size=8'];

const ENVIRONMENT = {
  ...{ PATH: '/usr/bin:/bin', HOME: '/', LANG: 'C.UTF-8' },
  // Four threads as ever, for names of hosts and the like, and those that may hang in the drive (load/reader.ts).
  UV_THREADPOOL_SIZE: '12',
};

// Files of other owners must be read, so that one capability stays. The signal of --kill-child is forgotten by the
// kernel when the user changes (prctl(2), PR_SET_PDEATHSIG), so setpriv sets it again.
const becomeProgram = ({ loaderUid, loaderGid }: LaunchPlan, node: string): never => {
  const credentials = ['--reuid', String(loaderUid), '--regid', String(loaderGid), '--clear-groups'];
  const privileges = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=${CAPABILITIES}`);
  // Only a loader that is itself is held by this: one that was taken over can run any program of /usr, and by the
  // capability open files of the host by handle (open_by_handle_at(2)) on the file systems that are bound here.
  const loader = [node, ...HEAP_FLAGS, '--no-addons', join(INNER_PRODUCT_FOLDER, 'src', 'main.ts'), 'loader'];
  return replaceProcess({
    path: '/usr/bin/setpriv',
    args: ['setpriv', ...credentials, '--no-new-privs', ...privileges, '--pdeathsig', 'keep', '--', ...loader],
    environment: { ...ENVIRONMENT, ...compileCacheOf(INNER_PRODUCT_FOLDER) },
  });
};
