// The doctor on real parts: a station that runs, buckets that refuse, a clock that is off, files with wrong modes.

import assert from 'node:assert/strict';
import { chmod, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { doctorSchema, type DoctorReport } from '#cli/json-shapes.ts';
import { MINUTE_MS } from '#language/units.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { run } from '../support/run.ts';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.ts';
import { addAccount, prepareJob } from '../support/signed-drive.ts';
import { PRODUCT_FOLDER, startStation, STATION_UID, type Station } from '../support/station.ts';

const stack = new AsyncDisposableStack();
const BUCKET = 'customer-data';

let station: Station;
let minio: Minio;
let proxy: S3Proxy;

before(async () => {
  const server = stack.use(await startMinio());
  proxy = stack.use(await startS3Proxy(server.endpoint));
  minio = { ...server, endpoint: proxy.endpoint, pid: 0 };
  station = stack.use(await startStation({ bays: [{ name: 'Bay 1', image: '/nowhere/drive.img' }] }));
});

after(() => stack.disposeAsync());

const examine = async (
  ...args: readonly string[]
): Promise<{ readonly exitCode: number; readonly report: DoctorReport; readonly stdout: string }> => {
  const { exitCode, stdout, stderr } = await station.cli('doctor', ...args, '--json');
  assert.equal(stderr, '');
  return { exitCode, stdout, report: doctorSchema.strict().parse(JSON.parse(stdout)) };
};

const levelOf = ({ findings }: DoctorReport, check: string): string =>
  findings
    .filter((finding) => finding.check === check)
    .map(({ level }) => level)
    .join(' ');

test('doctor: finds no problem with a station that runs, its clock and the buckets of its open jobs', async () => {
  await prepareJob({ station, minio });

  const { exitCode, report, stdout } = await examine();

  assert.deepEqual(
    report.findings.filter(({ level }) => level === 'problem'),
    [],
  );
  assert.equal(exitCode, 0);
  for (const code of ['Config', 'Node', 'StateDir', 'StoreKey', 'Disk', 'Tools', 'Mounts', 'Daemon', 'Launcher']) {
    assert.equal(levelOf(report, code), 'ok', code);
  }
  // The data bucket, and the log in it.
  assert.equal(levelOf(report, 'Bucket'), 'ok ok');
  assert.equal(levelOf(report, 'Clock'), 'ok ok');
  for (const type of ['ext4', 'xfs', 'btrfs']) assert.equal(levelOf(report, `FileSystem_${type}`), 'ok', type);
  for (const type of ['exfat', 'ntfs']) assert.equal(levelOf(report, `FileSystem_${type}`), 'ok', type);
  assert.ok(!stdout.includes(minio.secretAccessKey));
  const left = await minio.listObjects(BUCKET);
  assert.deepEqual([left, await minio.listUploads(BUCKET, [''])], [[], []]);
});

test('doctor: says it for people too, by area, with who acts and what to do', async () => {
  const text = await station.ask('doctor');

  assert.match(text, /^CONFIGURATION\nok +The configuration .* is valid\.$/mu);
  assert.match(text, /^FILE SYSTEMS$/mu);
  assert.match(text, /^(?:WARNING|UNKNOWN) .*\n +Who acts: {3}.*\n +What to do: .*$/mu);
});

test('doctor: says of each bucket what it refuses: one that is not there, a key without rights, a wrong secret', async () => {
  const readOnly = await minio.addUser([
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket', 's3:GetBucketLocation'],
      Resource: ['arn:aws:s3:::*'],
    },
  ]);
  await addAccount({ station, minio, email: 'reader@example.com', key: readOnly });
  const wrong = { ...minio, secretAccessKey: `${minio.secretAccessKey}x` };
  await addAccount({ station, minio, email: 'wrong@example.com', key: { ...wrong } });

  const missing = await examine('--account', 'ada@example.com', '--bucket', 'no-such-bucket');
  const denied = await examine('--account', 'reader@example.com', '--bucket', BUCKET);
  const unsigned = await examine('--account', 'wrong@example.com', '--bucket', BUCKET);

  assert.deepEqual(
    [missing, denied, unsigned].map(({ exitCode }) => exitCode),
    [3, 3, 3],
  );
  assert.equal(levelOf(missing.report, 'NoSuchBucket'), 'problem');
  assert.equal(levelOf(denied.report, 'AccessDenied'), 'problem');
  assert.equal(levelOf(unsigned.report, 'SignatureDoesNotMatch'), 'problem');
  assert.ok(missing.report.findings.some(({ check, todo = '' }) => check === 'NoSuchBucket' && todo !== ''));
});

test('doctor: says that the clock of the host is off against the bucket', async () => {
  proxy.setDateShift(-10 * MINUTE_MS);

  const { exitCode, report } = await examine('--account', 'ada@example.com', '--bucket', BUCKET);
  proxy.setDateShift(0);

  assert.equal(exitCode, 3);
  assert.equal(levelOf(report, 'ClockOff'), 'problem');
  assert.ok(report.findings.some(({ what }) => /(?:599|600|601) seconds ahead of that of customer-data/u.test(what)));
});

test('doctor: is told of an account that there is not', async () => {
  const { exitCode, report } = await examine('--account', 'nobody@example.com');

  assert.equal(exitCode, 3);
  assert.equal(levelOf(report, 'InvalidSender'), 'problem');
});

test('doctor: finds folders and secrets that are open, and what belongs to somebody else', async () => {
  const key = join(station.stateDir, 'store-key');
  await chmod(station.stateDir, 0o755);
  await chmod(key, 0o644);
  const open = await examine();
  await chown(station.stateDir, 0, 0);
  const strange = await examine();
  await chown(station.stateDir, STATION_UID, STATION_UID);
  await chmod(station.stateDir, 0o700);
  await chmod(key, 0o600);
  const mended = await examine();

  assert.equal(levelOf(open.report, 'StateDirMode'), 'problem');
  assert.equal(levelOf(open.report, 'StoreKeyOpen'), 'problem');
  assert.equal(levelOf(strange.report, 'StateDirOwner'), 'problem');
  assert.deepEqual([open.exitCode, strange.exitCode, mended.exitCode], [3, 3, 0]);
});

test('doctor: tries the keys of an account alone, when no job of it is open', async () => {
  const known = await minio.addUser([{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::*'] }]);
  await addAccount({ station, minio, email: 'idle@example.com', key: known });

  const good = await examine('--account', 'idle@example.com');
  const wrong = await examine('--account', 'wrong@example.com');

  assert.deepEqual([good.exitCode, levelOf(good.report, 'Bucket')], [0, 'ok']);
  assert.deepEqual([wrong.exitCode, levelOf(wrong.report, 'SignatureDoesNotMatch')], [3, 'problem']);
});

test('doctor: says within seconds that the daemon hangs, and that the launcher is gone whose socket is there', async () => {
  process.kill(station.daemon().pid, 'SIGSTOP');
  const hanging = await examine();
  process.kill(station.daemon().pid, 'SIGCONT');
  await station.launcher().end('SIGKILL');
  const dead = await examine();
  await station.startLauncher();

  assert.deepEqual([hanging.exitCode, levelOf(hanging.report, 'DaemonHangs')], [3, 'problem']);
  assert.equal(levelOf(dead.report, 'LauncherNotRunning'), 'warning');
  assert.equal(levelOf((await examine()).report, 'Launcher'), 'ok');
});

test('doctor: tells every finding of a configuration that cannot be used, and looks no further', async () => {
  const path = join(station.folder, 'wrong.toml');
  await writeFile(path, '[station]\nuid = 0\nodd = 1\n');

  const { exitCode, stdout } = await station.cliWith({}, 'doctor', '--config', path, '--json');
  const { findings } = doctorSchema.parse(JSON.parse(stdout));

  assert.equal(exitCode, 3);
  assert.ok(findings.length >= 2 && findings.every(({ check }) => check === 'InvalidConfig'));
  assert.ok(findings.some(({ what }) => what.includes('station.odd')));
});

test('doctor: works without a daemon, says how to start it, asks no bucket, and makes nothing', async () => {
  await using other = await startStation({ bays: [{ name: 'Bay 2', image: '/nowhere/2.img' }], isStarted: false });

  const { exitCode, stdout } = await other.cli('doctor', '--json');
  const report = doctorSchema.parse(JSON.parse(stdout));

  assert.equal(exitCode, 0);
  assert.equal(levelOf(report, 'DaemonNotRunning'), 'warning unknown');
  assert.equal(levelOf(report, 'LauncherNotRunning'), 'warning');
  assert.equal(levelOf(report, 'StoreKeyNotYet'), 'note');
});

test('doctor: calls nothing good that only root can see, when somebody else runs it', async () => {
  const script = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const command = join(PRODUCT_FOLDER, 'scripts/import-station');

  const stdout = await run('setpriv', [...script, command, 'doctor', '--json', '--config', station.configPath]);
  const report = doctorSchema.parse(JSON.parse(stdout));

  assert.equal(levelOf(report, 'NotRoot'), 'note');
  assert.equal(levelOf(report, 'StoreKeyHidden'), 'unknown');
  assert.equal(levelOf(report, 'DaemonHidden'), 'unknown');
  assert.equal(levelOf(report, 'MountsHidden'), 'unknown');
  assert.equal(levelOf(report, 'NotPermitted'), 'unknown');
});
