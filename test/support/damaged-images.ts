// Images with a file system that is damaged by a seed: a few bytes of its structures, or of what it holds, are others. The
// same seed and number give the same damage to the same structures.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, open, rm, rmdir, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { mountOptions } from '#drive/mount-options.ts';
import { KIB, MIB } from '#language/units.ts';
import { withMounted, writeFiles, type FsType } from './loop.ts';
import { run, tryRun } from './run.ts';

/** File systems of the corpus; `ext4-plain` has no checksums, so that damage is believed. */
export const DAMAGED_KINDS = ['ext4', 'ext4-plain', 'xfs', 'btrfs'] as const;

/** See DAMAGED_KINDS. */
export type DamagedKind = (typeof DAMAGED_KINDS)[number];

/** A place that can be damaged. */
interface Place {
  readonly offset: number;
  readonly length: number;
}

/** An undamaged image, and what of it can be damaged. */
export interface BaseImage {
  readonly path: string;
  readonly kind: DamagedKind;
  readonly places: ReadonlyMap<string, readonly Place[]>;
  readonly signatureOffset: number;
  /** Where the content of a file lies, of those that lie in one piece. */
  readonly contentOffsets: ReadonlyMap<string, number>;
}

/** What is damaged, in how many bytes. */
interface Damage {
  readonly kind: DamagedKind;
  readonly structure: string;
  readonly bytes: number;
}

/** What stands in SIGNATURE until the image has a job: exactly as long as a SIGNATURE is. */
const PLACEHOLDER = Buffer.from('no SIGNATURE yet '.padEnd(90, '#'));

const SIZES: Readonly<Record<DamagedKind, number>> = {
  ext4: 16 * MIB,
  'ext4-plain': 16 * MIB,
  xfs: 64 * MIB,
  btrfs: 48 * MIB,
};

const FILE_COUNT = 12;
const NAME_COUNT = 30;

/** Whole numbers from 0 to below a limit, the same for the same seed. */
type Random = (limit: number) => number;

const UINT32 = 0x1_0000_0000;

// mulberry32, seeded by the first bytes of a hash: any text is a seed, and near ones have nothing in common.
const createRandom = (seed: string): Random => {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / UINT32) * limit);
  };
};

// Bytes that no two files share, and that no file system compresses into something else.
const noise = (seed: string, length: number): Buffer => {
  const random = createRandom(seed);
  return Buffer.from(Array.from({ length }, () => random(256)));
};

/** What every image holds, by path: files of no and of many blocks, a folder of many names, folders in each other. */
export const CORPUS_FILES: ReadonlyMap<string, Buffer> = new Map([
  ...Array.from({ length: FILE_COUNT }, (_, index): [string, Buffer] => [
    `data/${String(index % 3)}/file-${String(index)}.bin`,
    noise(`file ${String(index)}`, index * index * 150),
  ]),
  ...Array.from({ length: NAME_COUNT }, (_, index): [string, Buffer] => [
    `many/a-name-that-takes-its-place-in-a-block-${String(index)}`,
    noise(`name ${String(index)}`, 40),
  ]),
  ['a/b/c/d/e/deep.txt', noise('deep', 5000)],
]);

/** Makes the undamaged image of a kind in a folder. */
export const makeBase = async (folder: string, kind: DamagedKind): Promise<BaseImage> => {
  const path = join(folder, `${kind}.base`);
  const fsType = fsTypeOf(kind);
  await run('truncate', ['--size', String(SIZES[kind]), '--', path]);
  await run(`mkfs.${fsType}`, [...MKFS[kind], path]);
  await withMounted(path, fsType, async (mounted) => {
    await writeFiles(mounted, Object.fromEntries(CORPUS_FILES));
    await run('sync', ['--file-system', mounted]);
    // Its bytes are exchanged on the image later, so they lie in a block of their own, and none of btrfs has their sum.
    if (kind === 'btrfs') await run('mount', ['-o', 'remount,max_inline=0,nodatasum', mounted]);
    await writeFile(join(mounted, 'SIGNATURE'), PLACEHOLDER);
  });
  const bytes = readFileSync(path);
  const contents = [...CORPUS_FILES].map(([name, content]): [string, number] => [name, bytes.indexOf(content)]);
  return {
    path,
    kind,
    places: PLACES[kind](bytes),
    signatureOffset: bytes.indexOf(PLACEHOLDER),
    contentOffsets: new Map(contents.filter(([, offset]) => offset >= 0)),
  };
};

const fsTypeOf = (kind: DamagedKind): FsType => (kind === 'ext4-plain' ? 'ext4' : kind);

const MKFS: Readonly<Record<DamagedKind, readonly string[]>> = {
  ext4: ['-q', '-F', '-b', '1024'],
  'ext4-plain': ['-q', '-F', '-b', '1024', '-O', '^metadata_csum,^64bit'],
  // 300 MB is the least otherwise, and takes long to hash.
  xfs: ['-q', '-f', '--unsupported'],
  // One copy of each tree: damage is not healed by the other one.
  btrfs: ['-q', '-f', '--metadata', 'single', '--data', 'single'],
};

type FindPlaces = (bytes: Buffer) => ReadonlyMap<string, readonly Place[]>;

const SECTOR = 512;

const at = (offset: number, length: number): Place => ({ offset, length });

// What is not zero is in use, or was.
const anywhere = (bytes: Buffer): readonly Place[] => {
  const zeros = Buffer.alloc(SECTOR);
  return range(bytes.length / SECTOR)
    .map((index) => at(index * SECTOR, SECTOR))
    .filter(({ offset }) => !bytes.subarray(offset, offset + SECTOR).equals(zeros));
};

const range = (count: number): readonly number[] => Array.from({ length: Math.floor(count) }, (_, index) => index);

// Blocks with names of the files.
const blocksWithNames = (bytes: Buffer, blockBytes: number): readonly Place[] => {
  const blocks = new Set<number>();
  for (const name of ['a-name-that-takes', 'file-1', 'deep.txt', 'SIGNATURE', 'many']) {
    for (let found = bytes.indexOf(name); found >= 0; found = bytes.indexOf(name, found + 1)) {
      blocks.add(Math.floor(found / blockBytes) * blockBytes);
    }
  }
  return [...blocks].map((offset) => at(offset, blockBytes));
};

// Documentation/filesystems/ext4 of Linux: superblock at 1 KiB, with blocks of 1 KiB the group descriptors behind it.
const extPlaces: FindPlaces = (bytes) => {
  const inodesPerGroup = bytes.readUInt32LE(KIB + 40);
  const inodeBytes = bytes.readUInt16LE(KIB + 88);
  const groups = 2;
  const descriptorBytes = (bytes.readUInt32LE(KIB + 0x60) & 0x80) === 0 ? 32 : 64;
  const tables = range(groups).map((group) => bytes.readUInt32LE(2 * KIB + group * descriptorBytes + 8) * KIB);
  const inodes = tables.flatMap((table) =>
    range(inodesPerGroup)
      .map((index) => at(table + index * inodeBytes, inodeBytes))
      .filter(({ offset }) => bytes.readUInt16LE(offset) !== 0),
  );
  return new Map([
    ['superblock', [at(KIB, 256)]],
    ['group descriptor', range(groups).map((group) => at(2 * KIB + group * descriptorBytes, descriptorBytes))],
    ['inode', inodes],
    ['directory', blocksWithNames(bytes, KIB)],
    ['anywhere', anywhere(bytes)],
  ]);
};

// XFS Algorithms & Data Structures: sectors 1 to 3 of an allocation group are its headers; an inode begins with `IN`.
const xfsPlaces: FindPlaces = (bytes) => {
  const inodes = range(bytes.length / SECTOR)
    .map((index) => index * SECTOR)
    .filter((offset) => bytes.toString('latin1', offset, offset + 2) === 'IN' && bytes.readUInt16BE(offset + 2) !== 0);
  return new Map([
    ['superblock', [at(0, 272)]],
    ['group header', [at(SECTOR, 256), at(2 * SECTOR, 344), at(3 * SECTOR, SECTOR)]],
    ['inode', inodes.map((offset) => at(offset, 256))],
    ['directory', blocksWithNames(bytes, 4 * KIB)],
    ['anywhere', anywhere(bytes)],
  ]);
};

// Linux, include/uapi/linux/btrfs_tree.h: superblock at 64 KiB; a node of a tree has the fsid at 32.
const btrfsPlaces: FindPlaces = (bytes) => {
  const superblock = 64 * KIB;
  const nodeBytes = 16 * KIB;
  const fsid = bytes.subarray(superblock + 32, superblock + 48);
  const nodes = range(bytes.length / nodeBytes)
    .map((index) => at(index * nodeBytes, nodeBytes))
    .filter(({ offset }) => offset !== superblock && bytes.subarray(offset + 32, offset + 48).equals(fsid));
  return new Map([
    ['superblock', [at(superblock, KIB)]],
    ['node header', nodes.map(({ offset }) => at(offset, 101))],
    ['node', nodes],
    ['directory', blocksWithNames(bytes, nodeBytes)],
    ['anywhere', anywhere(bytes)],
  ]);
};

const PLACES: Readonly<Record<DamagedKind, FindPlaces>> = {
  ext4: extPlaces,
  'ext4-plain': extPlaces,
  xfs: xfsPlaces,
  btrfs: btrfsPlaces,
};

/** Which kind and structure the image of this number has damaged, and in how many bytes. */
export const planDamage = (seed: string, index: number): Damage => {
  const kind = pick(DAMAGED_KINDS, index);
  const structures = STRUCTURES[kind];
  const round = Math.floor(index / DAMAGED_KINDS.length);
  const bytes = pick([1, 2, 16, 200], createRandom(`${seed} bytes ${String(index)}`)(4));
  return { kind, structure: pick(structures, round), bytes };
};

const STRUCTURES: Readonly<Record<DamagedKind, readonly string[]>> = {
  ext4: ['superblock', 'group descriptor', 'inode', 'directory', 'anywhere'],
  'ext4-plain': ['inode', 'directory', 'superblock', 'inode', 'group descriptor', 'directory', 'anywhere'],
  xfs: ['inode', 'directory', 'group header', 'superblock', 'anywhere'],
  btrfs: ['node', 'directory', 'node header', 'superblock', 'anywhere'],
};

const pick = <Value>(values: readonly Value[], index: number): Value => {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('There is nothing to choose from');
  return value;
};

/** What a damaged image is made of. */
export interface DamagedImage {
  readonly path: string;
  readonly signature: Uint8Array;
  readonly seed: string;
  readonly index: number;
}

/** Writes a copy of a base with this SIGNATURE, damaged as seed and number say, and gives the damage in words. */
export const writeDamaged = async (base: BaseImage, image: DamagedImage): Promise<string> => {
  const { path, signature, seed, index } = image;
  const { structure, bytes: count } = planDamage(seed, index);
  const random = createRandom(`${seed} ${String(index)}`);
  await run('cp', ['--sparse=always', '--', base.path, path]);
  await using file = await open(path, 'r+');
  await file.write(signature, 0, signature.length, base.signatureOffset);
  const { offset, length } = pick(base.places.get(structure) ?? [], random(UINT32));
  const changes = new Map(range(count).map(() => [random(length), 1 + random(255)]));
  const { buffer: bytes } = await file.read(Buffer.alloc(length), 0, length, offset);
  for (const [place, mask] of changes) bytes.writeUInt8(bytes.readUInt8(place) ^ mask, place);
  await file.write(bytes, 0, length, offset);
  const places = [...changes.keys()].slice(0, 8).map(String).join(' ');
  return `${base.kind}, ${structure} at ${String(offset)}, ${String(changes.size)} bytes: ${places}`;
};

/** The files of CORPUS_FILES whose bytes on the image are those that were written. */
export const untouchedFiles = async (base: BaseImage, path: string): Promise<ReadonlySet<string>> => {
  await using file = await open(path, 'r');
  const untouched = new Set<string>();
  for (const [name, offset] of base.contentOffsets) {
    const content = CORPUS_FILES.get(name) ?? Buffer.alloc(0);
    const { buffer } = await file.read(Buffer.alloc(content.length), 0, content.length, offset);
    if (buffer.equals(content)) untouched.add(name);
  }
  return untouched;
};

/** What somebody else than the product finds on a volume: by path as latin1, an MD5, or what the system says. */
export type Found = ReadonlyMap<string, { readonly md5?: string; readonly isFolder: boolean; readonly errno?: string }>;

const DEEPEST = 100;
const LARGEST_BYTES = 16 * MIB;

/**
 * Mounts a copy of an image as the product does, by a device that takes no writes, and reads all of it; undefined: it cannot.
 * The image itself would be a drive in its bay, in use by the host.
 */
export const readByOthers = async (image: string): Promise<Found | undefined> => {
  const copy = `${image}.copy`;
  await run('cp', ['--sparse=always', '--', image, copy]);
  const device = (await run('losetup', ['--read-only', '--find', '--show', '--', copy])).trim();
  const folder = await mkdtemp(join(tmpdir(), 'others-'));
  try {
    const type = (await tryRun('blkid', ['-p', '-o', 'value', '-s', 'TYPE', device])).stdout.trim();
    const options = mountOptions(type);
    if (options.kind === 'unsupported') return undefined;
    const [{ options: given }] = options.attempts;
    const mounted = await tryRun('mount', ['-t', type, '-o', given.join(','), device, folder]);
    if (mounted.exitCode !== 0) return undefined;
    try {
      return new Map(readFolder(Buffer.from(folder), '', 0));
    } finally {
      await run('umount', [folder]);
    }
  } finally {
    await rmdir(folder);
    await run('losetup', ['--detach', device]);
    await rm(copy);
  }
};

type Entry = [string, { readonly md5?: string; readonly isFolder: boolean; readonly errno?: string }];

const readFolder = (path: Buffer, prefix: string, depth: number): readonly Entry[] => {
  if (depth > DEEPEST) return [];
  let names: readonly Buffer[];
  try {
    names = readdirSync(path, { encoding: 'buffer' });
  } catch (error: unknown) {
    return [[prefix, { isFolder: true, errno: codeOf(error) }]];
  }
  return names.flatMap((name) =>
    readName(Buffer.concat([path, Buffer.from('/'), name]), `${prefix}${name.toString('latin1')}`, depth),
  );
};

const readName = (path: Buffer, shown: string, depth: number): readonly Entry[] => {
  try {
    const stats = lstatSync(path);
    if (stats.isDirectory()) return readFolder(path, `${shown}/`, depth + 1);
    if (!stats.isFile() || stats.size > LARGEST_BYTES) return [[shown, { isFolder: false }]];
    return [[shown, { isFolder: false, md5: createHash('md5').update(readFileSync(path)).digest('hex') }]];
  } catch (error: unknown) {
    return [[shown, { isFolder: false, errno: codeOf(error) }]];
  }
};

const codeOf = (error: unknown): string => {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
};
