// Makes the .deb of a laid-out tree: modes and times made equal, what dpkg has to know, the archive.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Staging } from './stage.ts';
import { runProgram } from './tools.ts';

/** Configuration that belongs to the administrator: dpkg asks before it replaces a changed one. */
const CONFIGURATION_FILES: readonly string[] = ['/etc/import-station/import-station.toml'];
const MAINTAINER_SCRIPTS: readonly string[] = ['postinst', 'prerm', 'postrm'];
const NODE = /\/node-linux-[a-z0-9]+\/bin\/node$/u;

const SCRIPT_MARK = Buffer.from('#!');
const KIB = 1024;

/** How the archive is made. */
export interface ArchiveOptions {
  readonly version: string;
  /** Time of everything in it, in seconds since 1970. */
  readonly epoch: number;
  /** Folder that it goes to. */
  readonly out: string;
  readonly isFast: boolean;
}

/** Makes the archive and gives its path. */
export const buildArchive = (staging: Staging, { version, epoch, out, isFast }: ArchiveOptions): string => {
  const { tree, architecture } = staging;
  const entries = listEntries(tree);
  addControl(staging, version, entries);
  for (const path of ['', ...listEntries(tree)]) settle(tree, path, epoch);
  const path = join(out, `import-station_${version}_${architecture}.deb`);
  const press = isFast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6'];
  // Whoever finds the package at its place finds all of it.
  const unfinished = `${tree}.deb`;
  runProgram('dpkg-deb', ['--root-owner-group', ...press, '--build', tree, unfinished], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  copyFileSync(unfinished, path);
  return path;
};

/** Paths below the tree, sorted by their bytes. */
const listEntries = (tree: string): readonly string[] =>
  readdirSync(tree, { recursive: true, encoding: 'utf8' }).toSorted((one, other) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  );

const addControl = ({ source, tree, architecture }: Staging, version: string, entries: readonly string[]): void => {
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  const files = entries.filter((path) => lstatSync(join(tree, path)).isFile());
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    ARCHITECTURE: architecture,
    INSTALLED_SIZE: String(installedKib(tree, entries)),
  };
  const template = readFileSync(join(source, 'packaging', 'control'), 'utf8');
  writeFileSync(
    join(control, 'control'),
    template.replaceAll(/@([A-Z_]+)@/gu, (_, name: string) => values[name] ?? ''),
  );
  writeFileSync(join(control, 'conffiles'), CONFIGURATION_FILES.map((path) => `${path}\n`).join(''));
  const sums = files.filter((path) => !CONFIGURATION_FILES.includes(`/${path}`)).map((path) => sumLine(tree, path));
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  for (const name of MAINTAINER_SCRIPTS) {
    writeFileSync(join(control, name), readFileSync(join(source, 'packaging', name)));
  }
};

// As dpkg-gencontrol reckons: files in whole KiB, everything else as one.
const installedKib = (tree: string, entries: readonly string[]): number =>
  entries
    .map((path) => lstatSync(join(tree, path)))
    .reduce((sum, stats) => sum + (stats.isFile() ? Math.ceil(stats.size / KIB) : 1), 0);

const sumLine = (tree: string, path: string): string =>
  `${createHash('md5')
    .update(readFileSync(join(tree, path)))
    .digest('hex')}  ${path}\n`;

const settle = (tree: string, path: string, epoch: number): void => {
  const whole = join(tree, path);
  const stats = lstatSync(whole);
  const isProgram = stats.isDirectory() || NODE.test(path) || (stats.isFile() && isScript(whole));
  if (!stats.isSymbolicLink()) chmodSync(whole, isProgram ? 0o755 : 0o644);
  lutimesSync(whole, epoch, epoch);
};

const isScript = (path: string): boolean => readFileSync(path).subarray(0, SCRIPT_MARK.length).equals(SCRIPT_MARK);
