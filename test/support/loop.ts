// Drives for tests: images with a file system or a partition table, and loop devices as the ports they are plugged into.
// Loop devices belong to the machine: what is attached here is detached here.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KIB, MIB } from '#language/units.ts';
import { run, tryRun } from './run.ts';
import { until } from './wait.ts';

/** File systems that can be made here; which of them can be filled depends on the host (`canMount`). */
export type FsType = 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs' | 'ntfs' | 'exfat' | 'vfat';

/** Content of a file by its path; a path that ends with `/` is an empty directory. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** What an image is made of. */
export interface ImageOptions {
  /** Where it is written. */
  readonly path: string;
  readonly fsType: FsType;
  /** Default: the smallest size that mkfs takes here with room for a few files. */
  readonly sizeBytes?: number;
  readonly label?: string;
  /** 36 characters, or 8 hex digits for vfat; ntfs and exfat choose their own. */
  readonly uuid?: string;
  readonly files?: Files;
  /** Does what `files` cannot: links, owners, names that are no text. Gets the folder where the image is mounted. */
  readonly populate?: (folder: string) => Promise<void>;
}

/** One partition of a disk image. */
export interface PartitionOptions {
  /** Image whose bytes the partition holds; without it the partition is empty. */
  readonly image?: string;
  /** Default: the size of its image, else 8 MiB. */
  readonly sizeBytes?: number;
  /** As sfdisk takes it: `linux`, `uefi`, a GUID or a hex byte. */
  readonly type?: string;
}

/** A disk image with a partition table. */
export interface DiskOptions {
  readonly path: string;
  readonly table: 'gpt' | 'dos';
  readonly partitions: readonly PartitionOptions[];
}

/** An image in a port. */
export interface Plug extends AsyncDisposable {
  /** `/dev/loop3` */
  readonly device: string;
  /** `loop3` */
  readonly kernelName: string;
  readonly image: string;
  /** Pulls the drive, whatever uses it; twice is once. The kernel lets go of it when its last user has. */
  unplug(): Promise<void>;
}

// mkfs.xfs refuses less than 300 MB, mkfs.btrfs less than 109 MiB; images are sparse.
const SMALLEST_BYTES: Readonly<Record<FsType, number>> = {
  ext2: 32 * MIB,
  ext3: 32 * MIB,
  ext4: 32 * MIB,
  xfs: 320 * MIB,
  btrfs: 128 * MIB,
  ntfs: 32 * MIB,
  exfat: 32 * MIB,
  vfat: 64 * MIB,
};

// Where partitions begin, and what is kept free at the end for the second header of a GPT.
const ALIGNMENT_BYTES = MIB;
const EMPTY_PARTITION_BYTES = 8 * MIB;
const SECTOR_BYTES = 512;

/**
 * Makes an image with one file system and its files, and gives its path. Only the finished image has that name: a bay that
 * waits for it does not see it while it is filled.
 */
export const makeImage = async (options: ImageOptions): Promise<string> => {
  const { path, fsType, sizeBytes = SMALLEST_BYTES[fsType], files = {}, populate } = options;
  const draft = `${path}.draft`;
  await mkdir(dirname(path), { recursive: true });
  await rm(draft, { force: true });
  await run('truncate', ['--size', String(sizeBytes), '--', draft]);
  await run(`mkfs.${fsType}`, [...mkfsArguments(options), draft]);
  if (Object.keys(files).length > 0 || populate !== undefined) {
    await withMounted(draft, fsType, async (folder) => {
      await writeFiles(folder, files);
      await populate?.(folder);
    });
  }
  await rename(draft, path);
  return path;
};

const mkfsArguments = ({ fsType, label, uuid }: ImageOptions): readonly string[] => {
  const given = (flag: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [flag, value];
  switch (fsType) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return ['-q', '-F', ...given('-L', label), ...given('-U', uuid)];
    case 'xfs':
      return ['-q', '-f', ...given('-L', label), ...given('-m', uuid === undefined ? undefined : `uuid=${uuid}`)];
    case 'btrfs':
      return ['-q', '-f', ...given('-L', label), ...given('-U', uuid)];
    case 'ntfs':
      return ['-Q', '-q', '-F', ...given('-L', label)];
    case 'exfat':
      return given('-L', label);
    case 'vfat':
      return [...given('-n', label), ...given('-i', uuid)];
  }
};

/** Writes files below a folder, with the directories that they need. */
export const writeFiles = async (folder: string, files: Files): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) await writeFile(path, content);
  }
};

/** Makes a subvolume of a mounted btrfs, and the one that is shown when the btrfs is mounted without a wish. */
export const setDefaultSubvolume = async (path: string): Promise<void> => {
  await run('btrfs', ['subvolume', 'create', path]);
  await run('btrfs', ['subvolume', 'set-default', path]);
};

/** Mounts an image writable, hands over the folder, and leaves the image clean and detached. */
export const withMounted = async (
  image: string,
  fsType: FsType,
  use: (folder: string) => Promise<void>,
): Promise<void> => {
  await using device = await attach(image, []);
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    await run('mount', ['-t', await mountType(fsType), device.device, folder]);
    try {
      await use(folder);
    } finally {
      await run('umount', [folder]);
    }
  } finally {
    await rmdir(folder);
  }
};

const mountType = async (fsType: FsType): Promise<string> =>
  (await isInKernel(fsType)) ? fsType : (USER_SPACE_DRIVERS.get(fsType) ?? fsType);

const USER_SPACE_DRIVERS: ReadonlyMap<FsType, string> = new Map([
  ['ntfs', 'ntfs-3g'],
  ['exfat', 'exfat-fuse'],
]);

// A module that mount would load by itself does not count: most test hosts have no modules at all.
const isInKernel = async (fsType: FsType): Promise<boolean> =>
  (await readFile('/proc/filesystems', 'utf8')).split(/\s+/u).includes(fsType);

/** True where this host can mount the file system, by the kernel's driver or one in user space. */
export const canMount = async (fsType: FsType): Promise<boolean> =>
  USER_SPACE_DRIVERS.has(fsType) || (await isInKernel(fsType));

/** Makes a disk image with a partition table, whose partitions hold the given images, and gives its path. */
export const makeDisk = async ({ path, table, partitions }: DiskOptions): Promise<string> => {
  const placed: (PartitionOptions & { readonly startBytes: number; readonly sizeBytes: number })[] = [];
  let end = ALIGNMENT_BYTES;
  for (const partition of partitions) {
    const sizeBytes = partition.sizeBytes ?? (await sizeOf(partition.image)) ?? EMPTY_PARTITION_BYTES;
    placed.push({ ...partition, startBytes: end, sizeBytes });
    end += Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  }
  await rm(path, { force: true });
  await run('truncate', ['--size', String(end + ALIGNMENT_BYTES), '--', path]);
  const lines = placed.map(
    ({ startBytes, sizeBytes, type = 'linux' }) =>
      `start=${String(startBytes / SECTOR_BYTES)}, size=${String(Math.ceil(sizeBytes / SECTOR_BYTES))}, type=${type}`,
  );
  await run('sfdisk', ['--quiet', '--', path], { input: [`label: ${table}`, ...lines, ''].join('\n') });
  for (const { image, startBytes } of placed) {
    if (image === undefined) continue;
    const offset = `seek=${String(startBytes / (64 * KIB))}`;
    await run('dd', [`if=${image}`, `of=${path}`, 'bs=64K', offset, 'conv=notrunc,sparse', 'status=none']);
  }
  return path;
};

const sizeOf = async (path: string | undefined): Promise<number | undefined> => {
  if (path === undefined) return undefined;
  await using file = await open(path, 'r');
  return (await file.stat()).size;
};

/**
 * Plugs an image in as a customer's drive: writable, as a drive without a switch is, with its partitions where it has a
 * table. That nothing is written is the station's doing.
 */
export const plug = async (image: string): Promise<Plug> => {
  const drive = await attach(image, []);
  // The kernel of some hosts reads no partition tables; where there is none, this changes nothing.
  await tryRun('partx', ['--add', drive.device]);
  return drive;
};

const attach = async (image: string, flags: readonly string[]): Promise<Plug> => {
  const device = (await run('losetup', [...flags, '--find', '--show', '--', image])).trim();
  const kernelName = basename(device);
  // A read-only switch outlives the image that a former user of this number had attached.
  await run('blockdev', ['--setrw', device]);
  // So may its partitions.
  await tryRun('partx', ['--delete', device]);
  let isPlugged = true;
  let isOver = false;
  const unplug = async (): Promise<void> => {
    if (!isPlugged) return;
    isPlugged = false;
    // The station's read-only switch would stay with the number.
    await run('blockdev', ['--setrw', device]);
    await run('losetup', ['--detach', device]);
  };
  return {
    device,
    kernelName,
    image,
    unplug,
    [Symbol.asyncDispose]: async () => {
      // By now the number may be that of the same image, plugged in again.
      if (isOver) return;
      await unplug();
      await until(() => isReleased(kernelName, image), { what: `${device} lets go of ${image}` });
      // A station that looked at the drive in this very moment may have switched it once more.
      if (await isFreeReadOnly(kernelName)) await run('blockdev', ['--setrw', device]);
      isOver = true;
    },
  };
};

const isFreeReadOnly = async (kernelName: string): Promise<boolean> => {
  const { exitCode } = await tryRun('cat', [`/sys/block/${kernelName}/loop/backing_file`]);
  return exitCode !== 0 && (await readFile(`/sys/block/${kernelName}/ro`, 'utf8')).trim() === '1';
};

// The number may be another's by then.
const isReleased = async (kernelName: string, image: string): Promise<boolean> => {
  const { exitCode, stdout } = await tryRun('cat', [`/sys/block/${kernelName}/loop/backing_file`]);
  return exitCode !== 0 || !stdout.startsWith(image);
};

/** SHA-256 of a file or an image, as 64 hex digits. */
export const sha256 = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  // Images are large, and pieces of 64 KiB cost as much again as the hash.
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  return hash.digest('hex');
};
