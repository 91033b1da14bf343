// What the doctor makes of what it saw: nothing is called good that was not seen, and every trouble has its remedy.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HostFacts } from '#doctor/facts.ts';
import type { Finding } from '#doctor/finding.ts';
import { judgeAll } from '#doctor/judge-all.ts';
import { judgeBuckets } from '#doctor/judge-buckets.ts';
import { judgeUdev, TOOLS } from '#doctor/judge-host.ts';
import { FILE_SYSTEMS } from '#drive/mount-options.ts';
import { GIB, MIB } from '#language/units.ts';
import { noticeOf } from '#notice/catalogue.ts';
import { aConfig, aHost, aPath, briefly, UID } from './a-host.ts';

const CONFIG_PATH = '/etc/import-station/import-station.toml';
const HIDDEN = { kind: 'hidden', message: 'EACCES' } as const;
const MISSING = { kind: 'missing' } as const;

const judged = (change: Partial<HostFacts> = {}, config = aConfig()): readonly Finding[] =>
  judgeAll(aHost(change), config, CONFIG_PATH);

test('doctor: finds nothing wrong with a host that is as it should be, and looks at every file system', () => {
  const findings = judged();

  assert.deepEqual(briefly(findings), []);
  assert.equal(findings.filter(({ area }) => area === 'file systems').length, FILE_SYSTEMS.length);
});

const WITH_MAIL =
  '[mail]\nhost = "smtp.example.com"\nuser = "me"\nfrom = "a@example.com"\noperator = "b@example.com"\n';

const programsWithout = (...names: readonly string[]): HostFacts['programs'] =>
  new Map([...TOOLS.keys()].map((name) => [name, !names.includes(name)]));

const driversOf = (change: Partial<HostFacts['drivers']>): HostFacts['drivers'] => ({ ...aHost().drivers, ...change });

const CASES: readonly {
  readonly what: string;
  readonly change: Partial<HostFacts>;
  readonly more?: string;
  readonly found: readonly string[];
  readonly todo?: RegExp;
}[] = [
  { what: 'an old Node', change: { nodeVersion: 'v20.19.0' }, found: ['problem NodeTooOld'] },
  { what: 'somebody who is not root', change: { isRoot: false }, found: ['note NotRoot'] },
  {
    what: 'no state directory',
    change: { stateDir: MISSING },
    found: ['warning StateDirMissing'],
    todo: /install -d -o 980 -g 980 -m 0700/u,
  },
  { what: 'a state directory that may not be seen', change: { stateDir: HIDDEN }, found: ['unknown StateDirHidden'] },
  {
    what: 'a link for a state directory',
    change: { stateDir: aPath({ type: 'link' }) },
    found: ['problem StateDirNoFolder'],
  },
  {
    what: "somebody else's state directory",
    change: { stateDir: aPath({ type: 'folder', mode: 0o700, uid: 0 }) },
    found: ['problem StateDirOwner'],
    todo: /chown -R 980:980/u,
  },
  {
    what: 'an open state directory',
    change: { stateDir: aPath({ type: 'folder', mode: 0o755 }) },
    found: ['problem StateDirMode'],
    todo: /chmod 0700/u,
  },
  {
    what: 'a state directory that its owner may not write',
    change: { stateDir: aPath({ type: 'folder', mode: 0o500 }) },
    found: ['problem StateDirClosed'],
  },
  {
    what: 'a closed folder above the state directory',
    change: { aboveStateDir: [['/srv/a b', aPath({ type: 'folder', uid: 0, gid: 0, mode: 0o750 })]] },
    found: ['problem StateDirUnreachable'],
    todo: /chmod a\+x '\/srv\/a b'/u,
  },
  {
    what: 'users that the host does not have',
    change: { knownUids: new Set([UID]) },
    found: ['warning UserMissing'],
  },
  { what: 'users that nobody speaks of', change: { knownGids: undefined }, found: ['unknown UsersHidden'] },
  {
    what: 'a folder of sockets that others may enter',
    change: { launchDir: aPath({ type: 'folder', mode: 0o755 }) },
    found: ['problem SocketFolder'],
  },
  {
    what: "a configuration that is not root's",
    change: { config: aPath({ uid: 1234, mode: 0o644 }) },
    found: ['problem ConfigWritable'],
    todo: /chown root:/u,
  },
  {
    what: 'a sealed key that the unit does not load',
    change: {
      storeKey: { path: '/k', file: MISSING, credential: '/etc/credstore.encrypted/import-station.store-key' },
      unit: '[Service]',
    },
    found: ['warning StoreKeyNotLoaded'],
    todo: /LoadCredentialEncrypted=store-key:import-station\.store-key/u,
  },
  {
    what: 'a disk without any inode',
    change: { disk: { sizeBytes: 100 * GIB, freeBytes: 90 * GIB, inodes: 1000, freeInodes: 0, isReadOnly: false } },
    found: ['problem DiskInodes'],
  },
  {
    what: 'a kernel that does not say what it knows',
    change: { drivers: driversOf({ registered: undefined, loadable: undefined }) },
    found: FILE_SYSTEMS.map((type) => `unknown FileSystem_${type}`),
  },
  {
    what: 'a socket without a group that is open to everyone',
    change: { controlPaths: new Map([['operator', aPath({ type: 'socket', mode: 0o666 })]]) },
    found: ['warning Socket_operator'],
  },
  { what: 'no run directory yet', change: { runDir: MISSING }, found: ['note RunDirMissing'] },
  {
    what: 'a run directory that others may write',
    change: { runDir: aPath({ type: 'folder', mode: 0o777 }) },
    found: ['problem RunDirOwner'],
  },
  {
    what: 'a configuration that others may write',
    change: { config: aPath({ mode: 0o664 }) },
    found: ['problem ConfigWritable'],
    todo: /chmod 0644/u,
  },
  {
    what: 'no key and no store',
    change: { storeKey: { path: '/k', file: MISSING, credential: undefined }, store: MISSING },
    found: ['note StoreKeyNotYet'],
  },
  {
    what: 'no key beside a store',
    change: { storeKey: { path: '/k', file: MISSING, credential: undefined } },
    found: ['problem StoreKeyMissing'],
    todo: /systemd-creds encrypt --name=store-key/u,
  },
  {
    what: 'a sealed key',
    change: {
      storeKey: { path: '/k', file: MISSING, credential: '/etc/credstore.encrypted/import-station.store-key' },
    },
    found: [],
  },
  {
    what: 'a key of another size',
    change: { storeKey: { path: '/k', file: aPath({ sizeBytes: 31 }), credential: undefined } },
    found: ['problem StoreKeySize'],
  },
  {
    what: 'a key that others may read',
    change: { storeKey: { path: '/k', file: aPath({ mode: 0o640 }), credential: undefined } },
    found: ['problem StoreKeyOpen'],
    todo: /chmod 0600/u,
  },
  {
    what: "a credential of root's as systemd hands it over",
    change: { storeKey: { path: '/k', file: aPath({ uid: 0, mode: 0o440 }), credential: undefined } },
    found: [],
  },
  {
    what: 'no password for the mail server',
    change: { smtpPassword: { path: '/p', file: MISSING, credential: undefined } },
    more: WITH_MAIL,
    found: ['problem SmtpPasswordMissing'],
    todo: /import-station\.smtp-password/u,
  },
  {
    what: 'a password that may not be seen',
    change: { smtpPassword: { path: '/p', file: HIDDEN, credential: undefined } },
    more: WITH_MAIL,
    found: ['unknown SmtpPasswordHidden'],
  },
  { what: 'a disk that does not say', change: { disk: undefined }, found: ['unknown DiskHidden'] },
  {
    what: 'a disk that is nearly full',
    change: { disk: { sizeBytes: GIB, freeBytes: 40 * MIB, inodes: 0, freeInodes: 0, isReadOnly: false } },
    found: ['warning DiskFills'],
  },
  {
    what: 'a disk that is full',
    change: { disk: { sizeBytes: GIB, freeBytes: MIB, inodes: 0, freeInodes: 0, isReadOnly: false } },
    found: ['problem DiskFull'],
  },
  {
    what: 'a disk without inodes',
    change: { disk: { sizeBytes: 100 * GIB, freeBytes: 90 * GIB, inodes: 1000, freeInodes: 10, isReadOnly: false } },
    found: ['warning DiskInodes'],
  },
  {
    what: 'a disk that is read-only',
    change: { disk: { sizeBytes: 100 * GIB, freeBytes: 90 * GIB, inodes: 0, freeInodes: 0, isReadOnly: true } },
    found: ['problem DiskReadOnly'],
  },
  {
    what: 'no driver for NTFS',
    change: { drivers: driversOf({ loadable: new Set(['btrfs', 'vfat', 'exfat', 'hfsplus', 'isofs', 'udf']) }) },
    found: ['warning FileSystem_ntfs'],
    todo: /apt install ntfs-3g/u,
  },
  {
    what: 'a FUSE driver without /dev/fuse',
    change: {
      drivers: driversOf({
        loadable: new Set(['btrfs', 'vfat', 'exfat', 'hfsplus', 'isofs', 'udf']),
        hasFuseDevice: false,
      }),
      programs: new Map([...programsWithout(), ['ntfs-3g', true]]),
    },
    found: ['warning FileSystem_ntfs', 'warning FuseMissing'],
    todo: /modprobe fuse/u,
  },
  {
    what: 'a kernel without btrfs',
    change: { drivers: driversOf({ loadable: new Set(['vfat', 'exfat', 'ntfs3', 'hfsplus', 'isofs', 'udf']) }) },
    found: ['warning FileSystem_btrfs'],
    todo: /modprobe btrfs/u,
  },
  {
    what: 'modules that cannot be seen',
    change: {
      drivers: driversOf({ loadable: undefined }),
      programs: new Map([...programsWithout(), ['mount.exfat-fuse', true], ['ntfs-3g', true]]),
    },
    found: ['btrfs', 'vfat', 'hfsplus', 'iso9660', 'udf'].map((type) => `unknown FileSystem_${type}`),
  },
  {
    what: 'a missing program',
    change: { programs: programsWithout('lsblk') },
    found: ['problem ToolMissing'],
    todo: /apt install util-linux/u,
  },
  { what: 'a host without mounts', change: { canMount: false }, found: ['problem NoMounts'] },
  { what: 'mounts that only root can try', change: { canMount: undefined }, found: ['unknown MountsHidden'] },
  { what: 'no udev', change: { isUdevRunning: false }, found: ['problem UdevNotRunning'] },
  {
    what: 'no udev rule',
    change: { udevRule: MISSING },
    found: ['warning UdevRuleMissing'],
    todo: /import-station config udev > \/etc\/udev\/rules\.d\/61-import-station\.rules/u,
  },
  {
    what: 'the udev rule of other bays',
    change: { udevRule: { kind: 'text', text: 'x' } },
    found: ['warning UdevRuleOld'],
  },
  { what: 'a udev rule that may not be read', change: { udevRule: HIDDEN }, found: ['unknown UdevRuleHidden'] },
  {
    what: 'no daemon',
    change: { controlSockets: new Map([['read', 'nobody listens']]) },
    found: ['warning DaemonNotRunning'],
    todo: /systemctl start import-station/u,
  },
  {
    what: 'sockets that are not for you',
    change: { controlSockets: new Map([['read', 'hidden']]) },
    found: ['unknown DaemonHidden'],
  },
  {
    what: 'a group that does not exist',
    change: { groups: new Map() },
    found: ['problem GroupMissing'],
    todo: /groupadd --system import-station-read/u,
  },
  {
    what: 'a socket of another group',
    change: { controlPaths: new Map([['read', aPath({ type: 'socket', gid: 7, mode: 0o660 })]]) },
    found: ['warning Socket_read'],
  },
  {
    what: 'no launcher',
    change: { launcherSocket: 'missing' },
    found: ['warning LauncherNotRunning'],
    todo: /import-station-launch\.socket/u,
  },
  { what: 'a launcher that may not be seen', change: { launcherSocket: 'hidden' }, found: ['unknown LauncherHidden'] },
  {
    what: 'a clock that nobody keeps',
    change: { isClockSynchronised: false },
    found: ['warning ClockNotSynchronised'],
  },
  {
    what: 'a clock that nobody speaks of',
    change: { isClockSynchronised: undefined },
    found: ['unknown ClockUnknown'],
  },
];

for (const { what, change, more, found, todo } of CASES) {
  test(`doctor: says ${found.length === 0 ? 'nothing' : found.join(', ')}, of ${what}`, () => {
    const findings = judged(change, aConfig(more));

    assert.deepEqual(briefly(findings), found);
    const troubles = findings.filter(({ level }) => level !== 'ok' && level !== 'note');
    assert.ok(troubles.every(({ actor, todo: remedy = '' }) => actor !== undefined && /^[A-Z].*\.$/u.test(remedy)));
    assert.ok(
      findings.every(({ what: words }) => /^[A-Za-z0-9/].*\.$/u.test(words)),
      JSON.stringify(findings),
    );
    if (todo !== undefined) assert.match(troubles.map(({ todo: remedy }) => remedy).join('\n'), todo);
  });
}

test('doctor: does not ask for udev, where all bays are images', () => {
  const config = aConfig();
  const bays = [{ name: 'Bay 1', port: { backingFile: '/a.img' } }];

  assert.deepEqual(briefly(judgeUdev(aHost({ isUdevRunning: false }), { ...config, bays })), ['note UdevNotNeeded']);
});

const CHECK = { account: 'ada@example.com', bucket: 'photos', keyId: 'AKIA' };

for (const { what, skewSeconds, found } of [
  { what: 'agrees', skewSeconds: 1.2, found: [] },
  { what: 'is half a minute off', skewSeconds: -29.4, found: [] },
  { what: 'is a minute off', skewSeconds: -60, found: ['warning ClockDrifts'] },
  { what: 'is six minutes off', skewSeconds: 360, found: ['problem ClockOff'] },
]) {
  test(`doctor: says ${found.join(', ') || 'nothing'}, of a clock that ${what}`, () => {
    const findings = judgeBuckets({ checks: [{ ...CHECK, region: 'us-east-1', skewSeconds }], left: 0 });

    assert.deepEqual(briefly(findings), found);
  });
}

test('doctor: calls a clock unknown that a bucket says nothing of', () => {
  assert.deepEqual(briefly(judgeBuckets({ checks: [CHECK], left: 0 })), ['unknown ClockUnsaid']);
});

test('doctor: says that a key alone was tried, where no bucket is known', () => {
  const [finding] = judgeBuckets({ checks: [{ ...CHECK, bucket: '', skewSeconds: 0 }], left: 0 });

  assert.match(finding?.what ?? '', /is known to the S3 service of ada@example\.com; no bucket was asked/u);
});

test('doctor: says which way the clock is off', () => {
  const [, ahead] = judgeBuckets({ checks: [{ ...CHECK, skewSeconds: -400 }], left: 0 });
  const [, behind] = judgeBuckets({ checks: [{ ...CHECK, skewSeconds: 400 }], left: 0 });

  assert.match(ahead?.what ?? '', /400 seconds ahead of/u);
  assert.match(behind?.what ?? '', /400 seconds behind/u);
});

test('doctor: says in the words of the catalogue what a bucket refuses, and how many were not asked', () => {
  const findings = judgeBuckets({
    checks: [{ ...CHECK, error: noticeOf('NoSuchBucket', { bucket: 'photos' }) }],
    left: 3,
  });

  assert.deepEqual(briefly(findings), ['problem NoSuchBucket', 'note BucketsLeft']);
  assert.equal(findings[0]?.actor, 'customer');
  assert.match(findings[0]?.what ?? '', /photos of ada@example\.com, key AKIA: /u);
});

test('doctor: says that no bucket was asked, where no job is open', () => {
  assert.deepEqual(briefly(judgeBuckets({ checks: [], left: 0 })), ['note NoBucket']);
});
