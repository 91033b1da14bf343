// Lays out the files of the package as they will lie on a host.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import { formatCopyright } from './copyright.ts';
import { installModules } from './modules.ts';
import { runGit } from './tools.ts';

/** What is laid out where. */
export interface Staging {
  /** Folder of the checkout. */
  readonly source: string;
  /** Folder that stands for the root of a host. */
  readonly tree: string;
  readonly architecture: Architecture;
  /** Version that the product will say. */
  readonly release: string;
}

/** Folder of the product on a host. */
const PRODUCT = '/usr/lib/import-station';
const DOCUMENTS = '/usr/share/doc/import-station';
const COMMAND = 'scripts/import-station';
/** Run when the package is installed. */
const COMPILE = 'scripts/lib/compile.ts';
const GZIP_BEST = 9;

/** Folders and names on a host for what lies in systemd/. */
const SYSTEM_FILES: Readonly<Record<string, string>> = {
  'import-station.service': '/usr/lib/systemd/system/import-station.service',
  'import-station-launch@.service': '/usr/lib/systemd/system/import-station-launch@.service',
  'import-station-launch.socket': '/usr/lib/systemd/system/import-station-launch.socket',
  'import-station.sysusers.conf': '/usr/lib/sysusers.d/import-station.conf',
  'import-station.tmpfiles.conf': '/usr/lib/tmpfiles.d/import-station.conf',
  '61-import-station.rules': '/usr/lib/udev/rules.d/61-import-station.rules',
};

/** Where each shell looks for completions. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: '/usr/share/bash-completion/completions/import-station',
  zsh: '/usr/share/zsh/vendor-completions/_import-station',
  fish: '/usr/share/fish/vendor_completions.d/import-station.fish',
};

/** Adds the product with its packages and its Node, the command, units, users, folders, rules and the configuration. */
export const addProduct = (staging: Staging): void => {
  const { source, architecture, release } = staging;
  const product = join(staging.tree, PRODUCT);
  for (const path of trackedFiles(source, 'src', 'package.json', 'package-lock.json', '.npmrc', COMMAND, COMPILE)) {
    addFile(staging, `${PRODUCT}/${path}`, readFileSync(join(source, path)));
  }
  installModules(product, architecture);
  const manifest = readFileSync(join(source, 'package.json'), 'utf8');
  addFile(staging, `${PRODUCT}/package.json`, replaceOnce(manifest, /(?<="version": ")[^"]+/u, release));
  chmodSync(join(product, COMMAND), 0o755);
  mkdirSync(join(staging.tree, 'usr', 'bin'), { recursive: true });
  symlinkSync(`../lib/import-station/${COMMAND}`, join(staging.tree, 'usr', 'bin', 'import-station'));
  for (const [name, path] of Object.entries(SYSTEM_FILES)) addCopy(staging, path, join('systemd', name));
  const example = readFileSync(join(source, 'config', 'import-station.toml'), 'utf8');
  addFile(staging, '/etc/import-station/import-station.toml', packagedConfig(example));
};

/** Adds what people read: licences, changes, README, pages, manual; completions, and what other programs show of it. */
export const addDocuments = (staging: Staging, changelog: string): void => {
  const { source, tree } = staging;
  const installedAs = PRODUCT.slice(1);
  addFile(staging, `${DOCUMENTS}/copyright`, formatCopyright(join(tree, PRODUCT), `/${installedAs}`));
  addFile(staging, `${DOCUMENTS}/changelog.Debian.gz`, pressed(changelog));
  addCopy(staging, `${DOCUMENTS}/README.md`, 'README.md');
  for (const path of trackedFiles(source, 'docs/*.md')) addCopy(staging, `${DOCUMENTS}/${path}`, path);
  // The example as the README links to it.
  addCopy(staging, `${DOCUMENTS}/config/import-station.toml`, 'config/import-station.toml');
  for (const path of globSync('docs/man/*.[1-9]', { cwd: source }).toSorted()) {
    const target = `/usr/share/man/man${path.slice(-1)}/${basename(path)}.gz`;
    addFile(staging, target, pressed(readFileSync(join(source, path), 'utf8')));
  }
  for (const path of globSync('config/{grafana/*.json,prometheus/*.yml}', { cwd: source }).toSorted()) {
    addCopy(staging, `/usr/share/import-station/${path.slice('config/'.length)}`, path);
  }
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    addFile(staging, path, completionFor(source, shell));
  }
  // Of no use on a host, where nothing is installed from them.
  for (const name of ['package-lock.json', '.npmrc']) removeFile(staging, `${PRODUCT}/${name}`);
  addFile(
    staging,
    '/usr/share/lintian/overrides/import-station',
    readFileSync(join(source, 'packaging/lintian-overrides')),
  );
};

// What git knows, as it lies there: no scratch file of a developer gets into a package.
const trackedFiles = (source: string, ...paths: readonly string[]): readonly string[] =>
  runGit(source, 'ls-files', '-z', '--', ...paths)
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(source, path)))
    .toSorted();

const addFile = ({ tree }: Staging, path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
};

const addCopy = ({ tree, source }: Staging, path: string, from: string): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  copyFileSync(join(source, from), join(tree, path));
};

const removeFile = ({ tree }: Staging, path: string): void => {
  rmSync(join(tree, path));
};

const pressed = (text: string): Buffer => gzipSync(text, { level: GZIP_BEST });

// The users are those that the package makes, whatever their numbers; the groups are there for the same reason.
const packagedConfig = (example: string): string => {
  const ids = ['uid', 'gid', 'loader_uid', 'loader_gid'];
  const withoutIds = ids.reduce((text, key) => replaceOnce(text, new RegExp(`^(?=${key} = )`, 'mu'), '# '), example);
  return ['read', 'technician', 'operator'].reduce(
    (text, right) => replaceOnce(text, new RegExp(`^# (?=${right}_group = )`, 'mu'), ''),
    withoutIds,
  );
};

const replaceOnce = (text: string, pattern: RegExp, replacement: string): string => {
  const found = [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].length;
  if (found !== 1) throw new Error(`Cannot fill in ${pattern.source}: found ${String(found)} times, expected once`);
  return text.replace(pattern, replacement);
};

// By the Node of the checkout, which is of this machine, whatever the package is for.
const completionFor = (source: string, shell: string): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(source, 'src/main.ts'), 'completion', shell], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw new Error(`import-station completion ${shell} ended with ${String(status)}: ${stderr}`);
};
