// The npm packages that go into the Debian package: installed by the lock file for one architecture, without what the
// running product never opens. What goes is named here: nothing is guessed from what seems unused.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npmNameOf, type Architecture } from './architecture.ts';
import { runProgram, valueOf } from './tools.ts';

// The product reads one file of drivelist, which takes output of lsblk to pieces. Its native part, which asks other
// systems, is never loaded, so nothing is needed that builds, fetches or finds that part.
const CUT: ReadonlyMap<string, readonly string[]> = new Map([
  ['node_modules/drivelist', ['bindings', 'debug', 'node-addon-api', 'prebuild-install']],
]);

// Types, sources of types, maps from built text to them, scripts and pages: for developers alone. Node itself refuses to
// run TypeScript below node_modules.
const UNREAD = /\.(?:[cm]?ts|map|flow|tsbuildinfo|sh|html)$/u;
// The same, as folders and files of a package's own top folder.
const UNREAD_AT_TOP = /^(?:\.[^/]*|tests?|benchmarks?|examples?|docs)$/u;
const PROSE = /\.(?:md|markdown)$/iu;
const LICENCE = /^(?:licen[cs]e|copying|notice|authors)/iu;

const NODE = 'node_modules/node-linux-';
/** Of Node the program alone: no headers, with which native parts are built, and no manual. */
const NODE_EXTRAS: readonly string[] = ['include', 'share', 'CHANGELOG.md'];

/** Installs the packages below `folder`, which holds package.json and package-lock.json, and prunes them. */
export const installModules = (folder: string, architecture: Architecture): void => {
  const npmName = npmNameOf(architecture);
  runProgram(
    'npm',
    [
      ...['ci', '--omit=dev', `--cpu=${npmName}`, '--os=linux', '--ignore-scripts', '--prefer-offline'],
      ...['--no-audit', '--no-fund', '--no-progress', '--no-update-notifier', '--loglevel=error'],
    ],
    { cwd: folder },
  );
  const modules = join(folder, 'node_modules');
  for (const name of ['.bin', '.package-lock.json']) rmSync(join(modules, name), { recursive: true, force: true });
  removeUnreachable(folder, npmName);
  const node = join(folder, `${NODE}${npmName}`);
  for (const name of NODE_EXTRAS) rmSync(join(node, name), { recursive: true, force: true });
  for (const path of installedPackages(folder).filter((path) => !path.startsWith(NODE))) {
    removeUnreadAtTop(join(folder, path));
    removePrograms(join(folder, path));
  }
  removeUnread(modules);
};

/** Folders of all packages below `folder`, such as `node_modules/zod`, sorted. */
export const installedPackages = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@]+$/u.test(path))
    .toSorted();

/** What each package needs, by its folder; `''` is the product. */
type Lock = ReadonlyMap<string, readonly string[]>;

const readLock = (folder: string): Lock => {
  const lock: unknown = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const packages: readonly (readonly [string, unknown])[] = Object.entries(Object(valueOf(lock, 'packages')));
  return new Map(
    packages.map(([path, entry]) => {
      const needs = ['dependencies', 'optionalDependencies'].flatMap((key) => Object.keys(Object(valueOf(entry, key))));
      return [path, needs.filter((name) => CUT.get(path)?.includes(name) !== true)];
    }),
  );
};

// Node looks into the node_modules of each folder on the way up.
const findPackage = (lock: Lock, from: string, name: string): string | undefined => {
  const parts = from.split('/');
  const places = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [...places.map((place) => `${place}/node_modules/${name}`), `node_modules/${name}`].find((path) =>
    lock.has(path),
  );
};

const removeUnreachable = (folder: string, npmName: string): void => {
  const lock = readLock(folder);
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const name of lock.get(path) ?? []) {
      const found = findPackage(lock, path, name);
      if (found !== undefined) visit(found);
    }
  };
  visit('');
  for (const path of installedPackages(folder)) {
    // A package within one that has gone has gone with it.
    if (!reached.has(path)) rmSync(join(folder, path), { recursive: true, force: true });
  }
  const node = `${NODE}${npmName}`;
  if (!installedPackages(folder).includes(node))
    throw new Error(`npm installed no ${node}, expected it by the lock file`);
};

const removeUnreadAtTop = (folder: string): void => {
  for (const name of readdirSync(folder).filter((name) => UNREAD_AT_TOP.test(name))) {
    rmSync(join(folder, name), { recursive: true });
  }
};

// The product imports packages and runs none of their programs.
const removePrograms = (folder: string): void => {
  const bin = valueOf(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), 'bin');
  const paths = typeof bin === 'string' ? [bin] : Object.values(Object(bin)).map(String);
  for (const path of paths) rmSync(join(folder, path), { force: true });
};

const removeUnread = (modules: string): void => {
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const isProse = PROSE.test(entry.name) && !LICENCE.test(entry.name);
    if (UNREAD.test(entry.name) || isProse) rmSync(join(entry.parentPath, entry.name));
  }
  removeEmptyFolders(modules);
};

const removeEmptyFolders = (folder: string): void => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    removeEmptyFolders(path);
    if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
};
