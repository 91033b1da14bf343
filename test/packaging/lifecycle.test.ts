// The life of the package on a host: installed, configured, started, upgraded, removed, installed again, purged. The host
// is a Debian of the test's own that has what the package asks for and no network. The tests follow upon each other.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';

import { buildDeb } from '../support/deb.ts';
import { bootRoot, canBoot, type BootedRoot } from '../support/booted-root.ts';
import { makeDebianRoot, neededPackages, type DebianRoot } from '../support/debian-root.ts';
import { makeImage, plug } from '../support/loop.ts';
import { startNotifySocket } from '../support/notify-socket.ts';
import { createPart } from '../support/part.ts';
import { PRODUCT_FOLDER } from '../support/station.ts';
import { until } from '../support/wait.ts';

const NEXT_RELEASE = '99.0.0';
const CONFIG = 'etc/import-station/import-station.toml';
const STATE = 'var/lib/import-station';
const UNIT = 'usr/lib/systemd/system/import-station.service';
const CUSTOMER = 'ada@example.com';
const EDIT = '# Edited by the administrator.\n';
const START_DEADLINE_MS = 60_000;

let folder = '';
let image = '';
let root: DebianRoot;
let canBootHere = false;
/** Path within the root, by the release. */
const packages = { first: '', next: '' };

const inside = (path: string): string => join(root.folder, path);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  await chmod(folder, 0o755);
  canBootHere = await canBoot();
  const [first, made] = await Promise.all([
    buildDeb({ out: folder }),
    neededPackages().then((names) => makeDebianRoot(join(folder, 'root'), names)),
  ]);
  root = made;
  const next = await buildDeb({ out: folder, release: NEXT_RELEASE });
  for (const [key, path] of [
    ['first', first],
    ['next', next],
  ] as const) {
    packages[key] = `/srv/${basename(path)}`;
    await copyFile(path, inside(packages[key]));
  }
  image = await makeImage({ path: join(folder, 'drive.img'), fsType: 'ext4', files: { 'a.txt': 'a' } });
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const install = (path: string): Promise<string> => root.run('dpkg', ['--install', path]);

const station = (...args: readonly string[]): Promise<string> => root.run('import-station', args);

/** Has the users' numbers, as the host has given them. */
const idsOf = async (user: string): Promise<{ readonly uid: number; readonly gid: number }> => {
  const fields = (await root.run('getent', ['passwd', user])).split(':');
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
};

const areEnabled = async (): Promise<readonly string[]> => {
  const units = ['import-station.service', 'import-station-launch.socket'];
  return (await root.run('systemctl', ['is-enabled', ...units])).trim().split('\n');
};

const accountOf = (email: string): readonly string[] => [
  ...['account', 'add', email, '--endpoint', 'http://127.0.0.1:9', '--path-style', '--region', 'us-east-1'],
  ...['--key-id', 'AKIAEXAMPLE', '--secret-file', '/srv/secret'],
];

test('package: is installed without a network, and is enabled but not started', async () => {
  const said = await install(packages.first);

  assert.match(said, /systemctl start import-station/u);
  assert.deepEqual(await areEnabled(), ['enabled', 'enabled']);
  const { uid, gid } = await idsOf('import-station');
  const state = statSync(inside(STATE));
  assert.deepEqual([state.uid, state.gid, state.mode & 0o777], [uid, gid, 0o700]);
  assert.notEqual((await idsOf('import-station-loader')).uid, uid);
  assert.match(await root.run('getent', ['group', 'import-station-operator']), /^import-station-operator:/u);
  // Nothing is half installed, and nothing that it needs is missing.
  assert.equal(await root.run('dpkg', ['--audit']), '');
});

test('package: the command runs without a network, and the shipped configuration is sound', async () => {
  const manifest: unknown = JSON.parse(await readFile(join(PRODUCT_FOLDER, 'package.json'), 'utf8'));
  const { version } = Object(manifest) as { readonly version: string };

  assert.equal((await station('--version')).trim(), version);
  assert.equal((await root.tryRun('import-station', ['config', 'check'])).exitCode, 0);
});

test('package: every file of the product finds all that it imports', async () => {
  // The entry and the reading thread begin their work when they are loaded.
  const script = `
    import { globSync } from 'node:fs';
    const files = globSync('/usr/lib/import-station/src/**/*.ts').filter((path) => !/(main|-thread)\\.ts$/.test(path));
    for (const path of files) await import(path);
    console.log(files.length);
  `;
  const [node] = await readdir(inside('usr/lib/import-station/node_modules')).then((names) =>
    names.filter((name) => name.startsWith('node-linux-')),
  );

  const count = await root.run(`/usr/lib/import-station/node_modules/${node ?? ''}/bin/node`, [
    ...['--input-type=module', '--eval', script],
  ]);

  assert.ok(Number(count) > 200, count);
});

test('package: what Node makes of the product is there before the first start, for the users of the station too', async () => {
  const cache = '/usr/lib/import-station/node_modules/.compile-cache';

  const files = await root.run('find', [cache, '-type', 'f']);
  const unread = await root.run('find', [cache, '!', '-perm', '-o=r']);
  const writable = await root.run('find', [cache, '-perm', '/022']);

  assert.ok(files.split('\n').length > 200, files);
  assert.equal(unread, '');
  assert.equal(writable, '');
});

test('package: the udev rule that it ships is what "config udev" prints, without a bay', async () => {
  const config = '/srv/without-bays.toml';
  await writeFile(inside(config), '');
  const rulesOf = (text: string): readonly string[] => text.split('\n').filter((line) => !line.startsWith('#'));

  const shipped = await readFile(inside('usr/lib/udev/rules.d/61-import-station.rules'), 'utf8');
  const printed = await station('config', 'udev', '--config', config);

  assert.deepEqual(rulesOf(shipped), rulesOf(printed));
});

test('units: what they start is installed, and systemd finds nothing wrong with them', async () => {
  const units = ['import-station.service', 'import-station-launch.socket', 'import-station-launch@.service'];

  const { exitCode, stdout, stderr } = await root.tryRun('systemd-analyze', ['verify', '--man=no', ...units]);

  assert.deepEqual({ exitCode, said: stdout + stderr }, { exitCode: 0, said: '' });
});

/** The values of a directive of the installed unit, in their order. */
const directive = async (name: string): Promise<readonly string[]> =>
  (await readFile(inside(UNIT), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .flatMap((line) => line.slice(name.length + 1).split(' '));

test('package: the daemon, started as its unit says, tells ready, status, alive and stopping', async (t) => {
  t.diagnostic('without systemd: the service manager is a socket of the test');
  await mkdir(inside('run/notify'), { mode: 0o755, recursive: true });
  await using manager = await startNotifySocket(inside('run/notify'));
  const [user = ''] = await directive('User');
  const groups = [...(await directive('Group')), ...(await directive('SupplementaryGroups'))];
  assert.deepEqual(await directive('CapabilityBoundingSet'), ['']);
  assert.deepEqual(await directive('WatchdogSec'), ['3min']);
  const numbers = await Promise.all(
    groups.map(async (group) => (await root.run('getent', ['group', group])).split(':')[2] ?? ''),
  );
  const { uid, gid } = await idsOf(user);

  const child = root.start(
    'setpriv',
    [
      ...[`--reuid=${String(uid)}`, `--regid=${String(gid)}`, `--groups=${numbers.join(',')}`, '--no-new-privs'],
      ...['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--', ...(await directive('ExecStart'))],
    ],
    { NOTIFY_SOCKET: manager.path.slice(root.folder.length), WATCHDOG_USEC: '180000000' },
  );
  child.stdout?.resume();
  const warnings: string[] = [];
  const daemon = createPart(child, warnings);
  try {
    const isTold = (assignment: string): boolean =>
      manager.messages().some((message) => message.some((each) => each.startsWith(assignment)));
    await until(() => isTold('READY=1') && isTold('STATUS=0 of 2 bays busy') && isTold('WATCHDOG=1'), {
      what: 'the daemon says that it is ready and alive',
      deadlineMs: START_DEADLINE_MS,
      describe: () => JSON.stringify(manager.messages()) + daemon.stderr(),
    });
    const socket = statSync(inside('run/import-station/control/operator.sock'));

    assert.equal(await daemon.end('SIGTERM'), 0, daemon.stderr());
    assert.deepEqual(manager.messages().at(-1), ['STOPPING=1', 'STATUS=stopping']);
    assert.equal(socket.gid, Number((await root.run('getent', ['group', 'import-station-operator'])).split(':')[2]));
    assert.deepEqual(warnings, []);
  } finally {
    await daemon.end('SIGKILL');
  }
});

/** Runs the steps where systemd is process 1; elsewhere says why they are left out. */
const underSystemd = async (
  t: { diagnostic(text: string): void },
  steps: (host: BootedRoot) => Promise<void>,
): Promise<void> => {
  if (!canBootHere) {
    t.diagnostic('no writable cgroup2 here: no systemd can be started, so its units are not');
    return;
  }
  t.diagnostic('systemd is process 1 of namespaces of the test');
  await using host = await bootRoot(root);
  try {
    await steps(host);
  } catch (error: unknown) {
    const { stdout } = await host.tryRun('journalctl', '--no-pager', '--lines=60', '--output=cat');
    throw new Error(`The journal ends with:\n${stdout}`, { cause: error });
  }
};

const show = async (host: BootedRoot, property: string, unit = 'import-station.service'): Promise<string> =>
  (await host.run('systemctl', 'show', '--value', `--property=${property}`, unit)).trim();

const LIST_LAUNCHERS = [
  ...['systemctl', 'list-units', '--plain', '--no-legend', '--state=active,activating,deactivating'],
  'import-station-launch@*.service',
] as const;

test('units: start at boot, keep their state over a crash, stop at once; a loader looks into a drive', async (t) => {
  await writeFile(inside('srv/secret'), 'not-a-real-secret\n', { mode: 0o600 });
  await appendFile(inside(CONFIG), `${EDIT}[[bay]]\nname = "Trial"\nimage = "${image}"\n`);

  await underSystemd(t, async (host) => {
    await using drive = await plug(image);
    const [major = '', minor = ''] = (await readFile(`/sys/class/block/${drive.kernelName}/dev`, 'utf8')).split(':');
    await host.run('mknod', drive.device, 'b', major, minor.trim());

    assert.equal(await show(host, 'ActiveState'), 'active');
    assert.match(await show(host, 'StatusText'), /of 3 bays busy|hold/u);
    // The loader was started by its own unit, has mounted the drive and has looked for SIGNATURE.
    const status = await until(
      async () => {
        const text = await host.run('import-station', 'status');
        return text.includes('MissingSignature') ? text : undefined;
      },
      {
        what: 'the drive is looked into',
        deadlineMs: START_DEADLINE_MS,
        everyMs: 500,
        describe: async () => (await host.tryRun('import-station', 'status')).stdout,
      },
    );
    assert.match(status, /Trial/u);

    await host.run('import-station', ...accountOf(CUSTOMER));
    await host.run('systemctl', 'kill', '--signal=SIGKILL', 'import-station.service');
    await until(async () => (await show(host, 'NRestarts')) === '1' && (await show(host, 'ActiveState')) === 'active', {
      what: 'the daemon is started again after a crash',
      deadlineMs: START_DEADLINE_MS,
      everyMs: 200,
    });
    assert.match(await host.run('import-station', 'account', 'list'), new RegExp(CUSTOMER, 'u'));

    await appendFile(inside(CONFIG), '[[bay]]\nname = "Further"\nimage = "/nowhere.img"\n');
    await host.run('systemctl', 'reload', 'import-station.service');
    await until(async () => (await host.run('import-station', 'status')).includes('Further'), {
      what: 'the changed configuration is taken',
      everyMs: 200,
    });
    await host.run('systemctl', 'stop', 'import-station.service');
    assert.equal(await show(host, 'Result'), 'success');
    assert.equal(await show(host, 'ActiveState', 'import-station-launch.socket'), 'active');
    // One that is still at the drive would switch it read-only when it is another's already.
    await until(async () => (await host.run(...LIST_LAUNCHERS)).trim() === '', {
      what: 'no launcher is at the drive',
      deadlineMs: START_DEADLINE_MS,
      everyMs: 200,
    });
  });
});

test('credentials: the store opens with a key that is sealed as README tells it, and none lies in the state', async (t) => {
  const key = inside(`${STATE}/store-key`);
  const aside = inside('srv/store-key.aside');

  await underSystemd(t, async (host) => {
    await host.run('systemctl', 'stop', 'import-station.service');
    await rename(key, aside);
    await host.run('mkdir', '-p', '/etc/credstore.encrypted');
    const sealed = '/etc/credstore.encrypted/import-station.store-key';
    await host.run('systemd-creds', 'encrypt', '--name=store-key', '/srv/store-key.aside', sealed);
    await host.run('systemctl', 'start', 'import-station.service');

    await host.run('import-station', ...accountOf('bob@example.com'));

    assert.equal(existsSync(key), false);
    await host.run('import-station', 'account', 'remove', 'bob@example.com');
    await host.run('systemctl', 'stop', 'import-station.service');
    await host.run('rm', sealed);
    await rename(aside, key);
  });
});

test('upgrade: a running station runs on in the new version; state and edited configuration stay', async (t) => {
  await underSystemd(t, async (host) => {
    const former = await show(host, 'MainPID');

    const said = await host.run('dpkg', '--install', packages.next);

    assert.doesNotMatch(said, /not started yet/u);
    assert.equal(await show(host, 'ActiveState'), 'active');
    assert.notEqual(await show(host, 'MainPID'), former);
    assert.match(await host.run('import-station', 'account', 'list'), new RegExp(CUSTOMER, 'u'));

    await host.run('systemctl', 'stop', 'import-station.service');
    await host.run('dpkg', '--install', packages.next);
    assert.equal(await show(host, 'ActiveState'), 'inactive');

    await host.run('systemctl', 'start', 'import-station.service');
    await host.run('dpkg', '--remove', 'import-station');
    assert.notEqual(await show(host, 'ActiveState'), 'active');
    await host.run('dpkg', '--install', packages.first);
  });
  // The same without systemd, as in the making of an image.
  const said = await install(packages.next);

  assert.doesNotMatch(said, /Configuration file/u);
  assert.equal((await station('--version')).trim(), NEXT_RELEASE);
  assert.match(await readFile(inside(CONFIG), 'utf8'), new RegExp(EDIT, 'u'));
});

test('remove: keeps configuration and state, and an installation finds them again', async () => {
  if (!existsSync(inside(`${STATE}/station.db`))) await station(...accountOf(CUSTOMER));

  await root.run('dpkg', ['--remove', 'import-station']);

  assert.equal(existsSync(inside('usr/lib/import-station')), false);
  assert.equal(existsSync(inside(UNIT)), false);
  assert.match(await readFile(inside(CONFIG), 'utf8'), new RegExp(EDIT, 'u'));
  assert.equal(existsSync(inside(`${STATE}/station.db`)), true);

  await install(packages.next);
  assert.match(await station('account', 'list'), new RegExp(CUSTOMER, 'u'));
  assert.deepEqual(await areEnabled(), ['enabled', 'enabled']);
});

test('purge: removes configuration, state, credentials and rules without a question, and leaves what is not its own', async () => {
  const credentials = 'etc/credstore.encrypted';
  await mkdir(inside(credentials), { recursive: true });
  const own = [`${credentials}/import-station.store-key`, 'etc/udev/rules.d/61-import-station.rules'];
  const foreign = [`${credentials}/other.key`, 'etc/udev/rules.d/61-other.rules'];
  for (const path of [...own, ...foreign]) await writeFile(inside(path), '');

  await root.run('dpkg', ['--purge', 'import-station']);

  for (const path of [STATE, 'etc/import-station', 'run/import-station', ...own]) {
    assert.equal(existsSync(inside(path)), false, path);
  }
  for (const path of foreign) assert.equal(existsSync(inside(path)), true, path);
  const left = await root.run('find', ['/etc', '/usr', '/var/lib', '-xdev', '-name', '*import-station*']);
  assert.deepEqual(
    left.split('\n').filter((path) => path !== '' && !path.startsWith('/var/lib/dpkg/')),
    [],
  );
  // Users stay, so that their numbers do not become somebody else's.
  assert.notEqual((await idsOf('import-station')).uid, 0);
});
