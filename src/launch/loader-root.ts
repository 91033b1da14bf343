// The root file system of a loader: what it needs to run, read-only, and nothing else of the host.
//
//   /usr, /bin, /lib*    the host's programs and libraries      /product   the product with its Node
//   /proc                of the loader's own processes          /dev       null, urandom
//   /etc                 name resolution and certificates       /drive     the mount of the volume
//
// INVARIANTS
//   Everything but /drive is made before anything of the drive is mounted, and only from paths that root owns.
//   After `enterLoaderRoot` no path and no open directory leads back to the host's root.

import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { INNER_PRODUCT_FOLDER } from './product.ts';
import { mustRun } from './system.ts';

/** Where the new root is built; on the host's side /run is hidden from this process by it. */
const ROOT_UNDER_CONSTRUCTION = '/run';

/** Mount point of the volume while the root is built. */
export const DRIVE_UNDER_CONSTRUCTION = `${ROOT_UNDER_CONSTRUCTION}/drive`;

const OLD_ROOT = 'old';
const SAFE = 'ro,nosuid,nodev';

/** Builds the root on a tmpfs of this process's own mount namespace. */
export const buildLoaderRoot = (productFolder: string): void => {
  // They may be links into /run, so they are read before it is covered.
  const etc = readEtc();
  mustRun('mount', [
    '-n',
    '-t',
    'tmpfs',
    '-o',
    'mode=0755,size=4m,nosuid,nodev,noexec',
    'tmpfs',
    ROOT_UNDER_CONSTRUCTION,
  ]);
  for (const name of ['drive', OLD_ROOT]) mkdirSync(inside(name));
  bind('/usr', 'usr', SAFE);
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64']) addLibrary(name);
  addProduct(productFolder);
  addDevices();
  addEtc(etc);
  mkdirSync(inside('proc'));
  mustRun('mount', ['-n', '-t', 'proc', '-o', 'nosuid,nodev,noexec,subset=pid', 'proc', inside('proc')]);
};

/** Makes the built root this process's own, and lets go of the host's. */
export const enterLoaderRoot = (): void => {
  process.chdir(ROOT_UNDER_CONSTRUCTION);
  // pivot_root(2) changes the root of every process of the mount namespace that has the old one, this one included.
  mustRun('pivot_root', [ROOT_UNDER_CONSTRUCTION, `${ROOT_UNDER_CONSTRUCTION}/${OLD_ROOT}`]);
  process.chdir('/');
  mustRun('umount', ['-n', '--lazy', `/${OLD_ROOT}`]);
  rmdirSync(`/${OLD_ROOT}`);
  mustRun('mount', ['-n', '-o', 'remount,bind,ro,nosuid,nodev,noexec', '/']);
};

const inside = (path: string): string => join(ROOT_UNDER_CONSTRUCTION, path);

const bind = (source: string, target: string, options: string): void => {
  mkdirSync(inside(target), { recursive: true });
  mustRun('mount', ['-n', '-o', `bind,${options}`, source, inside(target)]);
};

// Links into /usr on a merged system, folders of their own on others.
const addLibrary = (name: string): void => {
  const entry = lstatSync(`/${name}`, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), inside(name));
  else if (entry?.isDirectory()) bind(`/${name}`, name, SAFE);
};

// node_modules holds the Node that runs.
const addProduct = (productFolder: string): void => {
  bind(join(productFolder, 'src'), `${INNER_PRODUCT_FOLDER}/src`, `${SAFE},noexec`);
  bind(join(productFolder, 'node_modules'), `${INNER_PRODUCT_FOLDER}/node_modules`, SAFE);
  writeFileSync(inside(`${INNER_PRODUCT_FOLDER}/package.json`), readFileSync(join(productFolder, 'package.json')));
};

const addDevices = (): void => {
  mkdirSync(inside('dev'));
  for (const name of ['null', 'urandom']) {
    writeFileSync(inside(`dev/${name}`), '');
    mustRun('mount', ['-n', '--bind', `/dev/${name}`, inside(`dev/${name}`)]);
  }
};

const ETC_FILES = ['resolv.conf', 'hosts', 'host.conf', 'nsswitch.conf', 'gai.conf', 'ld.so.cache'] as const;
const CERTIFICATES = 'etc/ssl/certs';

const readEtc = (): ReadonlyMap<string, Buffer> =>
  new Map(
    ETC_FILES.filter((name) => statSync(`/etc/${name}`, { throwIfNoEntry: false })?.isFile() === true).map((name) => [
      name,
      readFileSync(`/etc/${name}`),
    ]),
  );

const addEtc = (files: ReadonlyMap<string, Buffer>): void => {
  mkdirSync(inside('etc'));
  for (const [name, content] of files) writeFileSync(inside(`etc/${name}`), content);
  if (statSync(`/${CERTIFICATES}`, { throwIfNoEntry: false })?.isDirectory())
    bind(`/${CERTIFICATES}`, CERTIFICATES, `${SAFE},noexec`);
};
