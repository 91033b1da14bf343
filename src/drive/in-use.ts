// What the host itself uses: mounts and swap of its own namespace. A drive of which any of it is in use is no
// customer's drive, whatever its port.

import { readdir, readFile, stat } from 'node:fs/promises';

import { isGone } from './sysfs.ts';

/** One mount of /proc/PID/mountinfo (proc_pid_mountinfo(5)), names unescaped. */
export interface Mount {
  /** `8:1`; `0:N` for file systems that have a device number of their own, such as btrfs. */
  readonly majorMinor: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
}

/** Device number (`8:1`) of everything in use, with the reason in words. */
export type UsedDevices = ReadonlyMap<string, string>;

/** Reads mounts and swap of the host, following a btrfs to all its devices. Nothing mounted is opened or asked. */
export const readUsedDevices = async (): Promise<UsedDevices> => {
  const used = new Map<string, string>();
  for (const mount of parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))) {
    const reason = `it is mounted at ${mount.mountPoint}`;
    used.set(mount.majorMinor, reason);
    if (mount.source.startsWith('/dev/')) addUnless(used, await deviceNumber(mount.source), reason);
  }
  for (const file of parseSwaps(await readOptional('/proc/swaps'))) {
    if (file.startsWith('/dev/')) addUnless(used, await deviceNumber(file), 'it is swap space');
  }
  await addBtrfsPartners(used);
  return used;
};

/** Reads the text of a mountinfo file; a line that is not understood is left out. */
export const parseMountinfo = (text: string): readonly Mount[] =>
  text.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , majorMinor, , mountPoint, options] = before.split(' ');
    const [fsType, source] = after.split(' ');
    if (majorMinor === undefined || mountPoint === undefined || options === undefined) return [];
    if (fsType === undefined || source === undefined) return [];
    return [
      {
        majorMinor,
        mountPoint: unescapeOctal(mountPoint),
        options: options.split(','),
        fsType,
        source: unescapeOctal(source),
      },
    ];
  });

/** Files and devices of /proc/swaps, without its heading. */
export const parseSwaps = (text: string): readonly string[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [file] = line.split(/\s+/u);
      return file === undefined || file === '' ? [] : [unescapeOctal(file)];
    });

const OCTAL = 8;

// Blank, tab, line feed and backslash stand as \040 and the like in both files.
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/gu, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, OCTAL)));

const addUnless = (used: Map<string, string>, majorMinor: string | undefined, reason: string): void => {
  if (majorMinor !== undefined && !used.has(majorMinor)) used.set(majorMinor, reason);
};

// Device numbers as glibc's makedev packs them (<sys/sysmacros.h>); 64 bits, so no bit operators.
const MINOR_LOW = 0x100;
const MAJOR_LOW = 0x1000;
const MAJOR_SHIFT = 0x100;
const MINOR_SHIFT = 0x100000;

/** `8:1` of a packed device number (`rdev` of a stat). */
export const majorMinorOf = (device: number): string => {
  const major = Math.floor(device / MAJOR_SHIFT) % MAJOR_LOW;
  const minor = (device % MINOR_LOW) + Math.floor(device / MINOR_SHIFT) * MINOR_LOW;
  return `${String(major)}:${String(minor)}`;
};

// A stat of a device node asks devtmpfs, not the device.
const deviceNumber = async (path: string): Promise<string | undefined> => {
  try {
    const node = await stat(path);
    return node.isBlockDevice() ? majorMinorOf(node.rdev) : undefined;
  } catch (error: unknown) {
    // Sources such as /dev/root are names without a node.
    if (isGone(error)) return undefined;
    throw error;
  }
};

const readOptional = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error: unknown) {
    // Hidden from a sandboxed daemon (ProcSubset=pid) and absent in a kernel without swap.
    if (isGone(error)) return '';
    throw error;
  }
};

const BTRFS_FOLDER = '/sys/fs/btrfs';

// mountinfo names one device of a btrfs; sysfs lists all of them.
const addBtrfsPartners = async (used: Map<string, string>): Promise<void> => {
  for (const entry of await listOptional(BTRFS_FOLDER)) {
    const names = await listOptional(`${BTRFS_FOLDER}/${entry}/devices`);
    const numbers = await Promise.all(names.map((name) => deviceNumber(`/dev/${name.replaceAll('!', '/')}`)));
    const reason = numbers.map((number) => (number === undefined ? undefined : used.get(number))).find(Boolean);
    if (reason !== undefined) for (const number of numbers) addUnless(used, number, reason);
  }
};

const listOptional = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error: unknown) {
    if (isGone(error)) return [];
    throw error;
  }
};
