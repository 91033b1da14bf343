// The data sets, each from its seed: a plan of files and how they are written. S small, M middle, L large, W wide, D deep
// and mixed. Also the sets of `--quick` and `--memory`.

import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KIB, MIB, GIB } from '#language/units.ts';
import { createRandom, randomBytesOf } from './random.ts';

/** A file of a set. */
export interface PlannedFile {
  /** Below the set's folder. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** A data set. */
export interface DataSet {
  readonly name: SetName;
  /** For people. */
  readonly title: string;
  readonly fileCount: number;
  readonly totalBytes: number;
  readonly files: () => Iterable<PlannedFile>;
  /** Its files have no content of their own: all of it is a hole. */
  readonly isSparse?: boolean;
}

/** Names of the sets that are compared. */
export const SET_NAMES = ['S', 'M', 'L', 'W', 'D'] as const;
/** See SET_NAMES. */
export type SetName = (typeof SET_NAMES)[number];

const SMALL_MIN_BYTES = 4 * KIB;
const SMALL_MAX_BYTES = 16 * KIB;
const FILES_PER_FOLDER = 500;
const SEEDS: Readonly<Record<SetName, number>> = { S: 11, M: 12, L: 13, W: 14, D: 15 };

/** Makes the plan of a set; `scale` 1 is the full one, a smaller one is for trials. */
export const createDataSet = (name: SetName, scale: number): DataSet => {
  const scaled = (count: number): number => Math.max(1, Math.round(count * scale));
  switch (name) {
    case 'S':
      return smallFiles(scaled(20_000));
    case 'M':
      return equalFiles(name, scaled(2_000), MIB);
    case 'L':
      // The files become smaller and not fewer: what is concurrent stays so.
      return equalFiles(name, 4, scaled(GIB / MIB) * MIB);
    case 'W':
      return emptyFiles(scaled(200_000));
    case 'D':
      return deepFiles(scaled(4_000));
  }
};

/** Files of 4 to 16 KiB, some hundreds in a folder. */
export const smallFiles = (count: number): DataSet =>
  fromList('S', `${count.toLocaleString('en')} files of 4 to 16 KiB`, () => {
    const random = createRandom(SEEDS.S);
    return Array.from({ length: count }, (_, index) => ({
      path: `d${String(Math.floor(index / FILES_PER_FOLDER))}/f${String(index)}.bin`,
      sizeBytes: SMALL_MIN_BYTES + random(SMALL_MAX_BYTES - SMALL_MIN_BYTES + 1),
    }));
  });

/** Files of one size. */
export const equalFiles = (name: 'M' | 'L', count: number, sizeBytes: number): DataSet =>
  fromList(name, `${count.toLocaleString('en')} files of ${(sizeBytes / MIB).toLocaleString('en')} MiB`, () =>
    Array.from({ length: count }, (_, index) => ({
      path: `d${String(Math.floor(index / FILES_PER_FOLDER))}/f${String(index)}.bin`,
      sizeBytes,
    })),
  );

/** Empty files in one folder, or in folders of so many. */
export const emptyFiles = (count: number, perFolder = Number.POSITIVE_INFINITY): DataSet =>
  fromList('W', `${count.toLocaleString('en')} empty files`, () =>
    Array.from({ length: count }, (_, index) => ({
      path: `d${String(Math.floor(index / perFolder))}/f${String(index)}`,
      sizeBytes: 0,
    })),
  );

/** One file that is a hole. */
export const sparseFile = (sizeBytes: number): DataSet => ({
  ...fromList('L', `one sparse file of ${(sizeBytes / GIB).toLocaleString('en')} GiB`, () => [
    { path: 'sparse.bin', sizeBytes },
  ]),
  isSparse: true,
});

// Shares of the files, and the size up to which a file of each share is.
const MIXTURE = [
  { upTo: 60, minBytes: 0, maxBytes: 16 * KIB },
  { upTo: 90, minBytes: 16 * KIB, maxBytes: 256 * KIB },
  { upTo: 99, minBytes: 256 * KIB, maxBytes: 2 * MIB },
  { upTo: 100, minBytes: 4 * MIB, maxBytes: 24 * MIB },
] as const;
const DEEPEST = 40;
const NAMES = [
  'photos',
  'Übersicht 2011',
  '夏休み',
  'a b  c',
  "it's",
  'x'.repeat(60),
  '+plus&and=',
  'year-2011',
] as const;

const deepFiles = (count: number): DataSet =>
  fromList('D', `${count.toLocaleString('en')} files of 0 to 24 MiB, up to ${String(DEEPEST)} folders deep`, () => {
    const random = createRandom(SEEDS.D);
    return Array.from({ length: count }, (_, index) => {
      // Chains of folders that share their beginnings; long names would end beyond the 1,024 bytes of a key.
      const depth = 1 + random(random(DEEPEST) + 1);
      const folders = Array.from({ length: depth }, (_step, level) =>
        level < 3 ? NAMES[random(NAMES.length)] : `l${String(level)}-${String(random(2))}`,
      );
      const share = random(100);
      const { minBytes, maxBytes } = MIXTURE.find(({ upTo }) => share < upTo) ?? MIXTURE[0];
      return {
        path: `${folders.join('/')}/file ${String(index)}.jpg`,
        sizeBytes: minBytes + random(maxBytes - minBytes),
      };
    });
  });

const fromList = (name: SetName, title: string, files: () => readonly PlannedFile[]): DataSet => {
  const planned = files();
  const totalBytes = planned.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { name, title, fileCount: planned.length, totalBytes, files };
};

const CONTENT_BYTES = 4 * MIB;
const INODE_BYTES = 16 * KIB;

/** Size of a file system that has room for the set; its image is sparse. */
export const imageBytesOf = ({ fileCount, totalBytes }: DataSet): number =>
  Math.ceil((totalBytes * 1.05 + fileCount * (INODE_BYTES + 8 * KIB)) / MIB) * MIB + 256 * MIB;

/** Writes the set into an empty folder. Blocks the process: nothing else is done meanwhile. */
export const writeDataSet = (set: DataSet, folder: string): void => {
  const content = randomBytesOf(SEEDS[set.name], CONTENT_BYTES);
  const made = new Set<string>();
  let serial = 0;
  for (const { path, sizeBytes } of set.files()) {
    const target = join(folder, path);
    const parent = dirname(target);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    const file = openSync(target, 'wx');
    try {
      if (set.isSparse === true) ftruncateSync(file, sizeBytes);
      for (let at = 0; at < sizeBytes && set.isSparse !== true; at += CONTENT_BYTES) {
        // No two blocks of a set are alike.
        content.writeUInt32LE(serial, 0);
        serial += 1;
        writeSync(file, content, 0, Math.min(CONTENT_BYTES, sizeBytes - at));
      }
    } finally {
      closeSync(file);
    }
  }
};
