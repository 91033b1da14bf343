// Mounts by a driver in user space (FUSE), so that its server can be killed at any moment.
//
// INVARIANTS
//   The mount is in the loader's mount namespace and not in the server's. A server that is the last one to leave a
//   namespace with its own mount would, in its exit, ask itself to let go of the file system: it then waits for ever,
//   cannot be killed, and holds up every sync(2) of the host.
//   The server is of the loader's process namespace: it ends with the loader.

import { dirname } from 'node:path';

import { MOUNT_FLAGS, type MountAttempt } from '#drive/mount-options.ts';
import { mustRun, runSystem, type SystemResult } from './system.ts';

// $1 type, $2 options, $3 device, $4 mount point, $5 the mount that the mount point is on. The server is started and
// mounts in a namespace of its own, from where the mount spreads to the loader's, because $5 is shared by both; then
// the two are parted, and the server's own view of the mount is taken away.
const MOUNT_APART = 'mount -n -t "$1" -o "$2" -- "$3" "$4" && mount -n --make-private "$5" && umount -n --lazy "$4"';

/** Mounts a device by a program; `mountPoint` lies directly on a mount of this process's own. */
export const mountFuse = ({ fsType, options }: MountAttempt, device: string, mountPoint: string): SystemResult => {
  const base = dirname(mountPoint);
  mustRun('mount', ['-n', '--make-shared', base]);
  const script = ['sh', '-c', MOUNT_APART, 'sh', fsType, options.join(','), device, mountPoint, base];
  const result = runSystem('unshare', ['--mount', '--propagation', 'unchanged', '--', ...script]);
  mustRun('mount', ['-n', '--make-private', base]);
  if (result.exitCode !== 0) return result;
  mustRun('mount', ['-n', '--make-private', mountPoint]);
  // Drivers do not know of `nosymfollow`; as a flag of the mount itself it holds for them too.
  mustRun('mount', ['-n', '-o', ['remount', 'bind', ...MOUNT_FLAGS].join(','), mountPoint]);
  return result;
};
