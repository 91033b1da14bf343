// A Debian in a folder whose systemd is process 1 of namespaces of its own: units start, stop and are watched over as on a
// host. It sees no network, and neither the machine's settings nor its devices can be changed from it.

import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DebianRoot } from './debian-root.ts';
import { createPart } from './part.ts';
import { run, tryRun, type RunResult } from './run.ts';
import { until } from './wait.ts';

/** A running Debian. Disposing it ends all of it at once. */
export interface BootedRoot extends AsyncDisposable {
  tryRun(program: string, ...args: readonly string[]): Promise<RunResult>;
  /** Runs a program that must end with 0, and gives its stdout. */
  run(program: string, ...args: readonly string[]): Promise<string>;
}

const BOOT_DEADLINE_MS = 60_000;

// What systemd in a container must not do to the machine: its clock, its modules, its log.
const FORBIDDEN = '-sys_time,-sys_module,-sys_boot,-syslog';

// $1 the folder. /sys and /proc/sys are read-only, so no udevd starts and no setting is changed.
const BOOT = `
  root=$1
  mount --bind "$root" "$root"
  cd "$root"
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  for name in null zero full random urandom tty; do
    : >"dev/$name"
    mount --bind "/dev/$name" "dev/$name"
  done
  mkdir dev/pts dev/shm dev/disk run/host
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs tmpfs dev/shm
  pivot_root . run/host
  umount --lazy /run/host
  # As on a host: credentials are mounted in a namespace of systemd's, from where they spread to the unit's.
  mount --make-rshared /
  exec setpriv --inh-caps=${FORBIDDEN} --bounding-set=${FORBIDDEN} \\
    env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /lib/systemd/systemd --system --log-target=console --show-status=no systemd.unit=multi-user.target
`;

// $1 the folder, $2 the control group, $3 BOOT. Joined before the namespace of control groups is made, so that it becomes the top of what systemd sees.
const JOIN = `
  echo $$ >"$2/cgroup.procs"
  exec unshare --mount --propagation private --pid --fork --kill-child --cgroup --uts --ipc --net -- sh -ec "$3" sh "$1"
`;

/** Whether this machine lets a test have control groups of its own. */
export const canBoot = async (): Promise<boolean> => (await controlGroups()) !== undefined;

const controlGroups = async (): Promise<string | undefined> => {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.find(([, , type, options]) => type === 'cgroup2' && options?.startsWith('rw') === true)?.[1];
};

/** Boots it and waits until its units have started. */
export const bootRoot = async ({ folder }: DebianRoot): Promise<BootedRoot> => {
  const top = await controlGroups();
  if (top === undefined) throw new Error('This machine has no writable cgroup2, expected one to start systemd in');
  const group = join(top, `import-station-${basename(join(folder, '..'))}`);
  await mkdir(group);
  const child = spawn('sh', ['-ec', JOIN, 'sh', folder, group, BOOT], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const part = createPart(child, []);
  const first = await until(() => firstChild(part.pid), { what: 'the namespaces are made', describe: part.stderr });
  const enter = ['--target', first, '--mount', '--pid', '--net', '--uts', '--ipc', '--root', '--wd', '--'];
  const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive'];
  const booted: BootedRoot = {
    tryRun: (program, ...args) => tryRun('nsenter', [...enter, ...clean, program, ...args]),
    run: (program, ...args) => run('nsenter', [...enter, ...clean, program, ...args]),
    [Symbol.asyncDispose]: async () => {
      // The first process of the namespace: all others end with it.
      if (part.isRunning()) process.kill(Number(first), 'SIGKILL');
      await part.end('SIGKILL');
      await until(() => removeGroup(group), { what: `${group} is gone` });
    },
  };
  try {
    await until(
      async () => {
        const { stdout } = await booted.tryRun('systemctl', 'is-system-running');
        return ['running', 'degraded'].includes(stdout.trim());
      },
      { what: 'systemd has booted', deadlineMs: BOOT_DEADLINE_MS, everyMs: 200, describe: () => said + part.stderr() },
    );
    return booted;
  } catch (error: unknown) {
    await booted[Symbol.asyncDispose]();
    throw error;
  }
};

const firstChild = async (pid: number): Promise<string | undefined> => {
  const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '');
  return children.trim() === '' ? undefined : children.trim();
};

// A group goes when the groups below it have gone and its last process is reaped.
const removeGroup = async (group: string): Promise<boolean> => {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return true;
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(group, entry.name));
  return rmdir(group).then(
    () => true,
    () => false,
  );
};
