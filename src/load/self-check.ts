// Before a stranger's drive is read: is this process as harmless as it was meant to be? Anything else ends it.

import { readFile } from 'node:fs/promises';
import { parseMountinfo } from '#drive/in-use.ts';

/** Flags without which a mount of a customer's drive is not read (findings on isolation). */
const WANTED_FLAGS: readonly string[] = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'];

/** CAP_DAC_READ_SEARCH (capabilities(7)): files of all owners are to be read. */
const ALLOWED_CAPABILITIES = 1n << 2n;

/** What is wrong with the process or its mount, in words; undefined where nothing is. */
export const findUnsafe = async (root: string): Promise<string | undefined> => {
  const [mountinfo, status] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readFile('/proc/self/status', 'utf8'),
  ]);
  return unsafeMount(mountinfo, root) ?? unsafeProcess(status);
};

/** What is wrong with the mount at `root` by the text of a mountinfo file. */
export const unsafeMount = (mountinfo: string, root: string): string | undefined => {
  // Where several are stacked, the last one is what is seen.
  const mount = parseMountinfo(mountinfo).findLast(({ mountPoint }) => mountPoint === root);
  if (mount === undefined) return `nothing is mounted at ${root}`;
  const missing = WANTED_FLAGS.filter((flag) => !mount.options.includes(flag));
  return missing.length === 0 ? undefined : `the mount at ${root} lacks ${missing.join(', ')}`;
};

/** What is wrong with the process by the text of its status file (proc_pid_status(5)). */
export const unsafeProcess = (status: string): string | undefined => {
  const fields = new Map(
    status.split('\n').map((line): [string, string] => {
      const [name = '', value = ''] = line.split(/:\s*/u, 2);
      return [name, value.trim()];
    }),
  );
  if (fields.get('NoNewPrivs') !== '1') return 'the loader could gain privileges';
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
    const value = fields.get(set);
    if (value === undefined || !/^[0-9a-f]+$/u.test(value)) return `the loader's ${set} is unknown`;
    if ((BigInt(`0x${value}`) & ~ALLOWED_CAPABILITIES) !== 0n) return `the loader has capabilities in ${set}`;
  }
  if ((fields.get('Uid') ?? '0').split(/\s+/u).includes('0')) return 'the loader runs as root';
  return undefined;
};
