// The start of a loader, outer half: checks the volume, then becomes the process that holds the loader's namespaces.

import { join } from 'node:path';

import type { AttachedDrive } from '#drive/contract.ts';
import { mountOptions } from '#drive/mount-options.ts';
import { COMMAND_ENVIRONMENT, runCommand } from '#drive/run-command.ts';
import { readDiskByName } from '#drive/sysfs.ts';
import type { Config } from '#config/contract.ts';
import { printable } from '#language/printable.ts';
import { SECOND_MS } from '#language/units.ts';
import type { LaunchRequest } from '#protocol/launch.ts';
import { tryExclusive } from './exclusive.ts';
import { INSIDE_COMMAND, type LaunchPlan } from './launch-plan.ts';
import { makeReadOnly } from './probe.ts';
import { compileCacheOf } from './compile-cache.ts';
import { PRODUCT_FOLDER } from './product.ts';
import { replaceProcess } from './replace-process.ts';
import type { LaunchProblem } from './reply.ts';
import { UNSHARE } from './running-loaders.ts';

/** What to load, for whom. */
export interface LoadTask {
  readonly request: Extract<LaunchRequest, { readonly kind: 'load' }>;
  /** As the launcher itself has seen it. */
  readonly drive: AttachedDrive;
  readonly loader: Pick<Config['launch'], 'loaderUid' | 'loaderGid'>;
  /** Folder whose `src/main.ts loader` is the loader. */
  readonly productFolder: string;
}

/**
 * Replaces this process by `unshare`, whose child becomes the loader on the same standard streams; returns only what
 * stands against it.
 */
export const startLoader = async (task: LoadTask, signal: AbortSignal): Promise<LaunchProblem> => {
  const { request, drive, loader, productFolder } = task;
  if (mountOptions(request.type).kind === 'unsupported') {
    return { code: 'UnsupportedFileSystem', message: `no type ${request.type} is mounted here` };
  }
  const disk = await readDiskByName(drive.kernelName);
  if (disk?.diskSequence !== drive.diskSequence) return { code: 'LaunchRefused', message: 'the drive went away' };
  const volume =
    request.partitionNumber === 0 ? disk : disk.partitions.find(({ number }) => number === request.partitionNumber);
  if (volume === undefined) {
    return { code: 'LaunchRefused', message: `there is no partition ${String(request.partitionNumber)}` };
  }
  const readOnly = await makeReadOnly(disk, signal);
  if (readOnly.kind === 'problem') return { code: 'MountFailed', message: readOnly.message };
  const exclusive = await tryExclusive(volume.device);
  if (exclusive.kind === 'busy') return { code: 'DriveInUse', message: `${volume.device} is in use` };
  if (exclusive.kind === 'problem') return { code: 'MountFailed', message: exclusive.message };
  const flushed = await forget([disk.device, volume.device], signal);
  if (flushed !== undefined) return { code: 'MountFailed', message: flushed };
  return becomeUnshare({
    kernelName: drive.kernelName,
    diskSequence: drive.diskSequence,
    partitionNumber: request.partitionNumber,
    device: volume.device,
    type: request.type,
    loaderUid: loader.loaderUid,
    loaderGid: loader.loaderGid,
    productFolder,
  });
};

const FLUSH_DEADLINE_MS = 30 * SECOND_MS;

// What the host remembers of the drive is thrown away (ioctl BLKFLSBUF), so that each loader reads the drive itself: a second
// reading that met the first one's memory would prove nothing.
const forget = async (devices: readonly string[], signal: AbortSignal): Promise<string | undefined> => {
  const args = ['--flushbufs', ...new Set(devices)];
  const result = await runCommand({ program: 'blockdev', args, deadlineMs: FLUSH_DEADLINE_MS }, signal);
  if (result.kind === 'problem') return printable(result.message);
  return result.exitCode === 0 ? undefined : printable(result.stderr.trim());
};

// The core limit is set here, so that it holds for everything that follows: the loader's memory holds credentials.
const becomeUnshare = (plan: LaunchPlan): never => {
  const inside = [process.execPath, join(PRODUCT_FOLDER, 'src', 'main.ts'), INSIDE_COMMAND, JSON.stringify(plan)];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const args = ['prlimit', '--core=0:0', UNSHARE, ...namespaces, '--', ...inside];
  return replaceProcess({
    path: '/usr/bin/prlimit',
    args,
    environment: { ...COMMAND_ENVIRONMENT, ...compileCacheOf(PRODUCT_FOLDER) },
  });
};
