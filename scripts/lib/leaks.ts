// What a run of tests left behind on the machine. A run has a temporary folder of its own, by whose path its mounts,
// loop devices and processes are known, so that runs beside each other accuse nobody wrongly.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Something that should be gone. */
export interface Leak {
  readonly says: string;
  /** Removes it, so that the next run is not judged by it. */
  readonly remove: () => void;
}

/** Compares the machine with what it was when this was made. */
export interface LeakCheck {
  /** Waits a while for what is just ending, and gives what stays. */
  find(): Promise<readonly Leak[]>;
}

// A loader ends by itself when its channel has ended; FUSE drivers write out what they hold.
const GRACE_MS = 15_000;
const EVERY_MS = 200;
const CHECKOUT = join(import.meta.dirname, '..', '..');
const SCRATCH_BYTES = 1024 * 1024;

/** Begins a comparison; `folder` is the temporary folder of the run. */
export const createLeakCheck = (folder: string): LeakCheck => {
  const loadersBefore = new Set(listLoaders().map(({ pid }) => pid));
  const readOnlyBefore = new Set(listFreeReadOnlyLoops());
  const listNow = (): readonly Leak[] => [
    ...listProcesses(folder, loadersBefore),
    ...listMounts(folder),
    ...listLoops(folder),
    ...listFiles(folder),
  ];
  return {
    find: async () => {
      const deadline = performance.now() + GRACE_MS;
      while (listNow().length > 0 && performance.now() < deadline) await pause(EVERY_MS);
      const leaks = listNow();
      const spoiled = listFreeReadOnlyLoops().filter((name) => !readOnlyBefore.has(name) && isSpoiled(name, folder));
      return [...leaks, ...spoiled.map(spoiledLoop)];
    },
  };
};

const attempt = <Value>(action: () => Value, otherwise: Value): Value => {
  try {
    return action();
  } catch {
    // Processes and devices go while they are looked at.
    return otherwise;
  }
};

const readProcess = (pid: number, file: string): string =>
  attempt(() => readFileSync(`/proc/${String(pid)}/${file}`, 'utf8'), '');

const listPids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);

interface Process {
  readonly pid: number;
  readonly command: string;
}

// Neither their arguments nor their environment names the run: they are known by this checkout, which a loader has as a
// mount of its own, so that a station of the host is left alone.
const listLoaders = (): readonly Process[] =>
  listPids()
    .map((pid) => ({ pid, command: readProcess(pid, 'cmdline').replaceAll('\0', ' ') }))
    .filter(
      ({ pid, command }) =>
        / \S*\/main\.ts (?:loader|launch)(?: |-inside )/u.test(command) && isOfCheckout(pid, command),
    );

const isOfCheckout = (pid: number, command: string): boolean =>
  command.includes(` ${CHECKOUT}/src/main.ts `) ||
  readProcess(pid, 'mountinfo')
    .split('\n')
    .some((line) => (line.split(' ')[3] ?? '').endsWith(CHECKOUT));

const listProcesses = (folder: string, loadersBefore: ReadonlySet<number>): readonly Leak[] => {
  const named = listPids()
    .map((pid) => ({ pid, command: readProcess(pid, 'cmdline').replaceAll('\0', ' ') }))
    .filter(({ pid, command }) => command.includes(folder) || readProcess(pid, 'environ').includes(folder));
  const loaders = listLoaders().filter(({ pid }) => !loadersBefore.has(pid));
  const all = new Map([...named, ...loaders].map((found) => [found.pid, found.command]));
  return [...all].map(([pid, command]) => ({
    says: `process ${String(pid)}: ${command}`,
    remove: () => {
      process.kill(pid, 'SIGKILL');
    },
  }));
};

const listMounts = (folder: string): readonly Leak[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(folder))
    .map((point) => ({
      says: `mount: ${point}`,
      remove: () => {
        execFileSync('umount', ['--lazy', '--', point]);
      },
    }));

const listLoopNames = (): readonly string[] => readdirSync('/sys/block').filter((name) => name.startsWith('loop'));

const backingFile = (name: string): string =>
  attempt(() => readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trimEnd(), '');

const listLoops = (folder: string): readonly Leak[] =>
  listLoopNames()
    .filter((name) => backingFile(name).startsWith(folder))
    .map((name) => ({
      says: `loop device: /dev/${name} of ${backingFile(name)}`,
      remove: () => {
        execFileSync('losetup', ['--detach', `/dev/${name}`]);
      },
    }));

const listFiles = (folder: string): readonly Leak[] =>
  readdirSync(folder, { withFileTypes: true }).map((entry) => ({
    says: `${entry.isSocket() ? 'socket' : 'temporary file or folder'}: ${join(folder, entry.name)}`,
    remove: () => {
      rmSync(join(folder, entry.name), { recursive: true, force: true });
    },
  }));

const listFreeReadOnlyLoops = (): readonly string[] =>
  listLoopNames().filter(
    (name) =>
      backingFile(name) === '' && attempt(() => readFileSync(`/sys/block/${name}/ro`, 'utf8'), '0').trim() === '1',
  );

// A device that was attached read-only shows so until its next use, which is no harm. The switch of `blockdev --setro`
// stays and would make the next image read-only; which of the two it is shows only by using the device.
const isSpoiled = (name: string, folder: string): boolean => {
  const scratch = join(folder, `scratch-${name}`);
  writeFileSync(scratch, '');
  truncateSync(scratch, SCRATCH_BYTES);
  try {
    execFileSync('losetup', ['--', `/dev/${name}`, scratch], { stdio: 'ignore' });
  } catch {
    // Somebody else uses it now.
    rmSync(scratch);
    return false;
  }
  try {
    return readFileSync(`/sys/block/${name}/ro`, 'utf8').trim() === '1';
  } finally {
    execFileSync('losetup', ['--detach', `/dev/${name}`]);
    rmSync(scratch);
  }
};

const spoiledLoop = (name: string): Leak => ({
  says: `free loop device that stayed read-only: /dev/${name}`,
  remove: () => {
    execFileSync('blockdev', ['--setrw', `/dev/${name}`]);
  },
});
