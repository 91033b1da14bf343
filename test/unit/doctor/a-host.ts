// A host that is as it should be, for the tests of the judges.

import assert from 'node:assert/strict';
import type { Config } from '#config/contract.ts';
import { parseConfig } from '#config/read-config.ts';
import { udevRule } from '#config/udev-rule.ts';
import type { HostFacts, PathFacts } from '#doctor/facts.ts';
import type { Finding } from '#doctor/finding.ts';
import { TOOLS } from '#doctor/judge-host.ts';
import { GIB } from '#language/units.ts';

/** Its user and group. */
export const UID = 980;

const SOURCE = `
[station]
uid = ${String(UID)}
gid = ${String(UID)}
[launch]
loader_uid = 981
loader_gid = 981
[control]
read_group = "import-station-read"
[[bay]]
name = "Bay 1"
port = "pci-1"
`;

/** A configuration with one bay, and lines of your own at its end. */
export const aConfig = (more = ''): Config => {
  const read = parseConfig(`${SOURCE}${more}`, { hostName: 'host-7' });
  assert.ok(read.kind === 'ok', JSON.stringify(read));
  return read.config;
};

/** A file, folder or socket that is there. */
export const aPath = (change: Partial<Extract<PathFacts, { readonly kind: 'there' }>> = {}): PathFacts => ({
  kind: 'there',
  type: 'file',
  uid: UID,
  gid: UID,
  mode: 0o600,
  sizeBytes: 32,
  ...change,
});

/** The host. */
export const aHost = (change: Partial<HostFacts> = {}): HostFacts => ({
  isRoot: true,
  nodeVersion: 'v26.1.0',
  kernelRelease: '6.1.0',
  config: aPath({ uid: 0, mode: 0o644 }),
  stateDir: aPath({ type: 'folder', mode: 0o700 }),
  aboveStateDir: [['/', aPath({ type: 'folder', uid: 0, mode: 0o755 })]],
  runDir: aPath({ type: 'folder', mode: 0o755 }),
  controlDir: aPath({ type: 'folder', mode: 0o755 }),
  launchDir: aPath({ type: 'folder', mode: 0o700 }),
  knownUids: new Set([UID, 981]),
  knownGids: new Set([UID, 981]),
  unit: 'LoadCredentialEncrypted=store-key:import-station.store-key',
  store: aPath({ sizeBytes: 4096 }),
  disk: { sizeBytes: 100 * GIB, freeBytes: 50 * GIB, inodes: 1000, freeInodes: 900, isReadOnly: false },
  storeKey: { path: '/state/store-key', file: aPath(), credential: undefined },
  smtpPassword: undefined,
  drivers: {
    registered: new Set(['ext4', 'ext3', 'ext2', 'xfs']),
    loadable: new Set(['btrfs', 'vfat', 'exfat', 'ntfs3', 'hfsplus', 'isofs', 'udf']),
    hasFuseDevice: true,
  },
  programs: new Map([...TOOLS.keys()].map((name) => [name, true])),
  canMount: true,
  isUdevRunning: true,
  udevRule: { kind: 'text', text: `${udevRule(aConfig().bays).join('\n')}\n` },
  controlSockets: new Map([['read', 'answers']]),
  controlPaths: new Map([['read', aPath({ type: 'socket', gid: 700, mode: 0o660 })]]),
  launcherSocket: 'answers',
  groups: new Map([['import-station-read', 700]]),
  isClockSynchronised: true,
  ...change,
});

/** Findings in short, without those that are good: `problem StateDirMode`. */
export const briefly = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);
