// The units as systemd reads them: verified, their exposure scored, users and folders made in a root of the test's own.
// No unit is started here: that needs systemd as PID 1. service-manager.test.ts proves the protocol on a socket of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeImage, plug } from '../support/loop.ts';
import { run, tryRun } from '../support/run.ts';
import { PRODUCT_FOLDER, startStation } from '../support/station.ts';

const UNITS = ['import-station.service', 'import-station-launch.socket', 'import-station-launch@.service'];
const SOURCE = join(PRODUCT_FOLDER, 'systemd');

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'systemd-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

// The command lies elsewhere in a checkout.
const copyUnits = async (folder: string): Promise<readonly string[]> =>
  Promise.all(
    UNITS.map(async (name) => {
      const text = await readFile(join(SOURCE, name), 'utf8');
      const path = join(folder, name);
      await writeFile(path, text.replaceAll('/usr/bin/import-station', `${PRODUCT_FOLDER}/scripts/import-station`));
      return path;
    }),
  );

test('units: systemd finds nothing wrong with them', async () => {
  await withFolder(async (folder) => {
    const paths = await copyUnits(folder);

    const { exitCode, stdout, stderr } = await tryRun('systemd-analyze', ['verify', '--man=no', ...paths]);

    // What it says of other units of the host is not ours.
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('import-station'));
    assert.deepEqual(ours, []);
    assert.equal(exitCode, 0);
  });
});

// In tenths, as README.md tells them.
for (const [unit, threshold] of [
  ['import-station.service', 21],
  ['import-station-launch@.service', 42],
] as const) {
  test(`units: the exposure of ${unit} is no more than README tells`, async () => {
    await withFolder(async (folder) => {
      const paths = await copyUnits(folder);
      const path = paths.find((name) => name.endsWith(unit)) ?? '';

      const { exitCode, stdout } = await tryRun('systemd-analyze', [
        ...['security', '--offline=true', '--no-pager', `--threshold=${String(threshold)}`, path],
      ]);

      assert.equal(exitCode, 0, stdout.split('\n').slice(-3).join('\n'));
    });
  });
}

test('units: every directive stands under a comment that gives its reason', () => {
  for (const unit of UNITS) {
    const lines = readFileSync(join(SOURCE, unit), 'utf8').split('\n');
    const nameOf = (line: string | undefined): string | undefined => /^(?<name>[A-Z][A-Za-z]+)=/u.exec(line ?? '')?.[1];
    const services = lines.slice(lines.findIndex((line) => line === '[Service]' || line === '[Socket]'));

    const bare = services.filter((line, index) => {
      const name = nameOf(line);
      const former = services[index - 1];
      // A list that goes over several lines has one reason. What starts a unit needs none.
      return name !== undefined && name !== 'WantedBy' && former?.startsWith('#') !== true && nameOf(former) !== name;
    });

    assert.deepEqual(bare, [], unit);
  }
});

test('sysusers and tmpfiles: make users, groups and folders as the units expect them', async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, 'etc'));
    await run('systemd-sysusers', [`--root=${folder}`, join(SOURCE, 'import-station.sysusers.conf')]);
    await run('systemd-tmpfiles', ['--create', `--root=${folder}`, join(SOURCE, 'import-station.tmpfiles.conf')]);

    const users = await readFile(join(folder, 'etc', 'passwd'), 'utf8');
    const groups = await readFile(join(folder, 'etc', 'group'), 'utf8');
    const launch = await stat(join(folder, 'run', 'import-station', 'launch'));

    assert.match(users, /^import-station:/mu);
    assert.match(users, /^import-station-loader:/mu);
    for (const right of ['read', 'technician', 'operator']) {
      assert.match(groups, new RegExp(`^import-station-${right}:`, 'mu'));
    }
    assert.equal(launch.mode & 0o777, 0o700);
    assert.equal(launch.uid, Number(/^import-station:x:(?<uid>\d+):/mu.exec(users)?.groups?.['uid']));
  });
});

const boundingSetOf = (unit: string): string => {
  const text = readFileSync(join(SOURCE, unit), 'utf8');
  const names = /^CapabilityBoundingSet=(?<names>.*)$/mu.exec(text)?.groups?.['names']?.split(' ') ?? [];
  return ['-all', ...names.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`)].join(',');
};

for (const fsType of ['ext4', 'ntfs'] as const) {
  test(`units: the capabilities of the launcher's unit are enough, for a drive with ${fsType}`, async () => {
    await withFolder(async (folder) => {
      const image = await makeImage({ path: join(folder, 'drive.img'), fsType, files: { 'a.txt': 'a' } });
      await using station = await startStation({
        bays: [{ name: 'Bay 1', image }],
        launcherBoundingSet: boundingSetOf('import-station-launch@.service'),
      });

      await using _drive = await plug(image);

      // The loader has mounted the drive and looked into it.
      assert.match((await station.waitForHold('Bay 1', 'MissingSignature')).hold?.happened ?? '', /SIGNATURE/u);
    });
  });
}
