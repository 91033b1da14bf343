// The configuration: defaults, all problems at once with path, value and line, and the shipped example.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Config } from '#config/contract.ts';
import { DEFAULTS } from '#config/defaults.ts';
import { formatConfigProblem, parseConfig, readConfig } from '#config/read-config.ts';
import { HOUR_MS, MIB } from '#language/units.ts';

const HOST = { hostName: 'host-7' };
const METRICS_SECTION = /^# \[metrics\]\n(?:#.*\n)*/mu;
const MAIL_SECTION = /^# \[mail\]\n(?:#.*\n)*/mu;
const IDS = '[station]\nuid = 980\ngid = 980\n[launch]\nloader_uid = 981\nloader_gid = 981\n';
const EXAMPLE = join(import.meta.dirname, '../../../config/import-station.toml');

const parsed = (source: string, host: Parameters<typeof parseConfig>[1] = HOST): Config => {
  const result = parseConfig(source, host);
  assert.ok(result.kind === 'ok', JSON.stringify(result));
  return result.config;
};

const problemsOf = (source: string): readonly string[] => {
  const result = parseConfig(source, HOST);
  return result.kind === 'ok' ? [] : result.problems.map(formatConfigProblem);
};

const temporaryFile = (t: { after(clean: () => void): void }, content: string | Uint8Array): string => {
  const folder = mkdtempSync(join(tmpdir(), 'import-station-config-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'station.toml');
  writeFileSync(path, content);
  return path;
};

test('parseConfig: fills every default in, when only the identities are given', () => {
  const config = parsed(IDS);

  assert.deepEqual(config, {
    station: {
      name: 'host-7',
      stateDir: DEFAULTS.station.stateDir,
      runDir: DEFAULTS.station.runDir,
      uid: 980,
      gid: 980,
      storeKeyFile: '/var/lib/import-station/store-key',
      requireReceive: false,
      spinDown: false,
    },
    launch: { socket: '/run/import-station/launch/launch.sock', loaderUid: 981, loaderGid: 981 },
    control: {},
    watch: { folder: '/dev/disk', everyMs: 5000, debounceMs: 500 },
    load: {
      multipartThresholdBytes: 16 * MIB,
      partSizeBytes: 8 * MIB,
      maxBytesInFlight: 32 * MIB,
      maxRequestsInFlight: 256,
      readerThreads: 2,
      maxDepth: 256,
      sparseHoldBytes: 100 * 1024 ** 3,
      verify: 'none',
    },
    log: { formulaGuard: true, lineEnd: 'lf' },
    journal: { level: 'info' },
    jobs: { perDay: 50, expiryDays: 30, failedWait: false },
    bays: [],
  });
});

test('parseConfig: takes what is given, when every key is', () => {
  const config = parsed(`
[station]
name = "Halle 3"
state_dir = "/srv/state"
run_dir = "/srv/run"
uid = 10
gid = 11
store_key_file = "/srv/key"
require_receive = true
spin_down = true
[launch]
socket = "/srv/launch.sock"
loader_uid = 12
loader_gid = 13
[control]
read_group = "readers"
technician_group = "1234"
operator_group = "import-station-operator"
[watch]
folder = "/srv/disk"
every_ms = 100
debounce_ms = 0
[load]
multipart_threshold_mib = 5
part_size_mib = 6
max_in_flight_mib = 7
max_requests_in_flight = 8
reader_threads = 9
max_depth = 10
sparse_hold_mib = 7
verify = "reread"
[log]
formula_guard = false
line_end = "crlf"
[journal]
level = "debug"
[jobs]
per_day = 3
expiry_days = 4
failed_wait = true
facility_country = "USA"
[mail]
host = "smtp.example.com"
port = 2525
security = "tls"
user = "station"
password_file = "/srv/password"
ca_file = "/srv/ca.pem"
from = "station@example.com"
operator = "ops@example.com"
timeout_ms = 200
first_pause_ms = 300
longest_pause_ms = 400
give_up_hours = 5
[[bay]]
name = "Bay 1"
port = "pci-0000:00:14.0-usb-0:1:1.0"
[[bay]]
name = "Trial"
image = "/srv/drive.img"
`);

  assert.deepEqual(config, {
    station: {
      name: 'Halle 3',
      stateDir: '/srv/state',
      runDir: '/srv/run',
      uid: 10,
      gid: 11,
      storeKeyFile: '/srv/key',
      requireReceive: true,
      spinDown: true,
    },
    launch: { socket: '/srv/launch.sock', loaderUid: 12, loaderGid: 13 },
    control: { readGroup: 'readers', technicianGroup: '1234', operatorGroup: 'import-station-operator' },
    watch: { folder: '/srv/disk', everyMs: 100, debounceMs: 0 },
    load: {
      multipartThresholdBytes: 5 * MIB,
      partSizeBytes: 6 * MIB,
      maxBytesInFlight: 7 * MIB,
      maxRequestsInFlight: 8,
      readerThreads: 9,
      maxDepth: 10,
      sparseHoldBytes: 7 * MIB,
      verify: 'reread',
    },
    log: { formulaGuard: false, lineEnd: 'crlf' },
    journal: { level: 'debug' },
    jobs: { perDay: 3, expiryDays: 4, failedWait: true, facilityCountry: 'USA' },
    mail: {
      host: 'smtp.example.com',
      port: 2525,
      security: 'tls',
      user: 'station',
      passwordFile: '/srv/password',
      certificateAuthorityFile: '/srv/ca.pem',
      from: 'station@example.com',
      operator: 'ops@example.com',
      timeoutMs: 200,
      firstPauseMs: 300,
      longestPauseMs: 400,
      giveUpMs: 5 * HOUR_MS,
    },
    bays: [
      { name: 'Bay 1', port: { idPath: 'pci-0000:00:14.0-usb-0:1:1.0' } },
      { name: 'Trial', port: { backingFile: '/srv/drive.img' } },
    ],
  });
});

const aCredentialsFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

test('parseConfig: takes the key of the store from the systemd credentials, when there is one', (t) => {
  const credentialsDir = aCredentialsFolder(t);

  const without = parsed(IDS, { ...HOST, credentialsDir });
  writeFileSync(join(credentialsDir, 'store-key'), '');
  const config = parsed(IDS, { ...HOST, credentialsDir });

  // systemd makes the folder even where all credentials of the unit are absent.
  assert.equal(without.station.storeKeyFile, '/var/lib/import-station/store-key');
  assert.equal(config.station.storeKeyFile, join(credentialsDir, 'store-key'));
});

const MAIL = `${IDS}[mail]
host = "127.0.0.1"
from = "station@example.com"
operator = "ops@example.com"
`;

test('parseConfig: takes the password for mail from the systemd credentials where it is one, else from the state directory', (t) => {
  const source = `${MAIL}user = "station"\n`;
  const credentialsDir = aCredentialsFolder(t);
  const passwordFile = (): string | undefined => parsed(source, { ...HOST, credentialsDir }).mail?.passwordFile;

  const without = passwordFile();
  writeFileSync(join(credentialsDir, 'smtp-password'), '');

  assert.deepEqual(
    [parsed(source).mail?.passwordFile, without, passwordFile()],
    [
      '/var/lib/import-station/smtp-password',
      '/var/lib/import-station/smtp-password',
      join(credentialsDir, 'smtp-password'),
    ],
  );
});

for (const [security, port] of [
  ['starttls', 587],
  ['tls', 465],
  ['none', 25],
] as const) {
  test(`parseConfig: knows the usual port of a mail server, when it speaks ${security}`, () => {
    assert.equal(parsed(`${MAIL}security = "${security}"\n`).mail?.port, port);
  });
}

test('parseConfig: refuses mail that would pass a network in the clear', () => {
  const source = MAIL.replace('127.0.0.1', 'smtp.example.com');

  assert.deepEqual(problemsOf(`${source}security = "none"\n`), [
    'At mail.security (line 11): got "none", expected starttls or tls, because the server is not on this host',
  ]);
});

test('parseConfig: tells all problems of mail at once', () => {
  const problems = problemsOf(`${IDS}[mail]
from = "Station <station@example.com>"
operator = "a@example.com, b@example.com"
password_file = "/srv/password"
first_pause_ms = 60000
longest_pause_ms = 1000
`);

  assert.deepEqual(problems.map((problem) => /^At (\S+)/u.exec(problem)?.[1]).toSorted(), [
    'mail.first_pause_ms',
    'mail.from',
    'mail.host',
    'mail.operator',
    'mail.password_file',
  ]);
});

test('parseConfig: gives a configuration that cannot be changed, down to its bays', () => {
  const config = parsed(`${IDS}[[bay]]\nname = "1"\nport = "p"\n`);

  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.load) && Object.isFrozen(config.bays[0]?.port));
});

test('parseConfig: tells all problems at once by path, line and value, when many keys are wrong', () => {
  const problems = problemsOf(
    [
      'colour = 1',
      '[station]',
      'uid = 0',
      'name = "a\\u001b[2J"',
      'state_dir = "state"',
      '[log]',
      'line_end = "cr"',
      'formula_guard = "yes"',
      '[load]',
      'part_size_mib = 100',
      '[[bay]]',
      'name = "Bay 1"',
      'port = "x"',
      '[[bay]]',
      'name = "bay 1"',
      'port = "x"',
      'slot = 9',
    ].join('\n'),
  );

  assert.deepEqual(problems, [
    'At launch.loader_uid: is missing, expected a whole number from 1 to 4294967294',
    'At launch.loader_gid: is missing, expected a whole number from 1 to 4294967294',
    'At colour (line 1): got 1, is no key that the station knows',
    'At station.gid (line 2): is missing, expected a whole number from 1 to 4294967294',
    'At station.uid (line 3): got 0, expected a whole number from 1 to 4294967294',
    'At station.name (line 4): got "a\\u{1b}[2J", expected 1 to 64 printable characters without blanks around them',
    'At station.state_dir (line 5): got "state", expected an absolute path without "..", doubled or final slashes',
    'At log.line_end (line 7): got "cr", expected one of lf, crlf',
    'At log.formula_guard (line 8): got "yes", expected true or false',
    'At load.part_size_mib (line 10): got 100, expected at most load.max_in_flight_mib, which is 32',
    'At bay[1].name (line 15): got "bay 1", expected a name that no other bay has, bay[0] has the same one',
    'At bay[1].port (line 16): got "x", expected a port that no other bay has, bay[0] has the same one',
    'At bay[1].slot (line 17): got 9, is no key that the station knows',
  ]);
});

const wrong = [
  {
    title: 'a bay with neither port nor image',
    source: `${IDS}[[bay]]\nname = "1"`,
    problem: 'At bay[0] (line 7): expected exactly one of port and image, got none',
  },
  {
    title: 'a bay with both port and image',
    source: `${IDS}[[bay]]\nname = "1"\nport = "p"\nimage = "/i"`,
    problem: 'At bay[0] (line 7): expected exactly one of port and image, got both',
  },
  {
    title: 'bays in an inline table',
    source: `bay = [{ name = "1", port = "a b" }]\n${IDS}`,
    problem: 'At bay[0].port (line 1): got "a b", expected the ID_PATH of a port, as "config bay" prints it',
  },
  {
    title: 'a section that is a number',
    source: `load = 5\n${IDS}`,
    problem: 'At load (line 1): got 5, expected a section',
  },
  {
    title: 'a date where text is expected',
    source: `${IDS}[journal]\nlevel = 2026-01-02\n`,
    problem: 'At journal.level (line 8): got 2026-01-02, expected one of debug, info, warn, error',
  },
  {
    title: 'a fraction where a whole number is expected',
    source: `${IDS}[watch]\nevery_ms = 500.5`,
    problem: 'At watch.every_ms (line 8): got 500.5, expected a whole number from 100 to 3600000',
  },
  {
    title: "a loader that runs as the daemon's user",
    source: '[station]\nuid = 7\ngid = 8\n[launch]\nloader_uid = 7\nloader_gid = 9',
    problem: 'At launch.loader_uid (line 5): got 7, expected another one than the daemon has under [station]',
  },
  {
    title: 'a socket path that the kernel cannot bind',
    source: `${IDS}socket = "/${'s'.repeat(107)}"`,
    problem: `At launch.socket (line 7): got "/${'s'.repeat(107)}", expected at most 107 bytes, because paths of sockets are limited`,
  },
  {
    title: 'a path with a dotted segment',
    source: `${IDS}[watch]\nfolder = "/dev/../disk"`,
    problem:
      'At watch.folder (line 8): got "/dev/../disk", expected an absolute path without "..", doubled or final slashes',
  },
  { title: 'TOML that is broken', source: '[station\n', problem: /^At line 1: Invalid TOML document: / },
  { title: 'a key that would reach the prototype', source: '__proto__ = 1', problem: /^At line 1: Invalid TOML/ },
] as const;

for (const { title, source, problem } of wrong) {
  test(`parseConfig: refuses with one problem, when there is ${title}`, () => {
    const problems = problemsOf(source);

    assert.equal(problems.length, 1, problems.join('\n'));
    if (typeof problem === 'string') assert.equal(problems[0], problem);
    else assert.match(problems[0] ?? '', problem);
  });
}

test('readConfig: is a problem, when the file is missing, is a folder or is not UTF-8', (t) => {
  const bytes = temporaryFile(t, Buffer.from([0x23, 0xff, 0x0a]));
  const results = ['/nowhere/station.toml', tmpdir(), bytes].map((path) => readConfig(path, HOST));

  assert.deepEqual(
    results.map((result) => (result.kind === 'problem' ? result.problems.map(formatConfigProblem) : result)),
    [
      ['Cannot read the configuration "/nowhere/station.toml": ENOENT'],
      [`Cannot read the configuration "${tmpdir()}": EISDIR`],
      [`Cannot read the configuration "${bytes}": it is not UTF-8 text`],
    ],
  );
});

test('readConfig: is a problem, when the file is larger than a configuration can be', (t) => {
  const path = temporaryFile(t, `# ${'x'.repeat(MIB)}`);

  const result = readConfig(path, HOST);

  assert.ok(result.kind === 'problem');
  assert.match(result.problems[0]?.message ?? '', /expected at most 1048576$/u);
});

test('readConfig: reads the example of the repository', () => {
  const result = readConfig(EXAMPLE, HOST);

  assert.ok(result.kind === 'ok', JSON.stringify(result));
  assert.deepEqual(
    result.config.bays.map(({ name }) => name),
    ['Bay 1', 'Bay 2'],
  );
});

test('readConfig: finds every default of the example as the comments of the example give it', () => {
  const source = readFileSync(EXAMPLE, 'utf8');
  // A section that is not there has no defaults; the test below puts it there.
  const optional = /^# (name|store_key_file|facility_country|(?:read|technician|operator)_group|image|\[\[bay\]\]) ?/u;
  const uncommented = source
    .replace(MAIL_SECTION, '')
    .replace(METRICS_SECTION, '')
    .split('\n')
    .map((line) => (optional.test(line) ? '' : line.replace(/^# ([a-z_]+ = )/u, '$1')))
    .join('\n');

  assert.notEqual(uncommented, source);
  assert.deepEqual(parsed(uncommented), parsed(source));
});

test('readConfig: finds every default of mail as the comments of the example give it', () => {
  const [section = ''] = MAIL_SECTION.exec(readFileSync(EXAMPLE, 'utf8')) ?? [];
  const given = /^# (host|user|password_file|ca_file|from|operator) = .*$/gmu;
  const needed = 'host = "smtp.example.com"\nfrom = "import-station@example.com"\noperator = "operators@example.com"\n';
  const uncommented = section.replace(given, '').replace(/^# (\[mail\]|[a-z_]+ = )/gmu, '$1');

  assert.match(uncommented, /^\[mail\]\n(?:.*\n)*port = 587\n/u);
  assert.deepEqual(parsed(`${IDS}${uncommented}${needed}`), parsed(`${IDS}[mail]\n${needed}`));
});

test('readConfig: finds no fault with the example of mail as it stands', () => {
  const [section = ''] = MAIL_SECTION.exec(readFileSync(EXAMPLE, 'utf8')) ?? [];

  const { mail } = parsed(`${IDS}${section.replace(/^# (\[mail\]|[a-z_]+ = )/gmu, '$1')}`);

  assert.equal(mail?.host, 'smtp.example.com');
  assert.equal(mail.user, 'import-station');
});
