// Every command against a daemon that repeats the documented answers: what it asks, with which right, what it prints.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { z } from 'zod';
import { accountListSchema, jobListSchema } from '#cli/json-shapes.ts';
import { noticeOf } from '#notice/catalogue.ts';
import {
  accountInputSchema,
  accountSchema,
  drivesSchema,
  jobCreatedSchema,
  jobInputSchema,
  jobSchema,
  keyInputSchema,
  statusSchema,
} from '#protocol/control.ts';
import { until } from '../../support/wait.ts';
import { documentedJson } from './documented-json.ts';
import { runInProcess, startRepeatingDaemon, type Answers } from './in-process.ts';

const example = (command: string): unknown => documentedJson().get(command);

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const TOKEN = 'FwoGZXIvYXdzEXAMPLETOKEN';

const ANSWERS: Answers = {
  'GET /status': [200, example('status')],
  'GET /drives': [200, example('drives')],
  'GET /accounts': [200, example('account list')],
  'GET /accounts/ada%40example.com': [200, example('account show')],
  'POST /accounts': [200, example('account show')],
  'DELETE /accounts/ada%40example.com': [200, {}],
  'POST /accounts/ada%40example.com/keys': [200, example('account show')],
  'DELETE /accounts/ada%40example.com/keys/AKIAIOSFODNN7EXAMPLE': [200, example('account show')],
  'GET /jobs': [200, example('job list')],
  'GET /jobs/53tx4': [200, example('job show')],
  'GET /jobs/ZZZZZ': [404, { error: noticeOf('InvalidJobId', { jobId: 'ZZZZZ' }) }],
  'POST /jobs': [201, example('job create')],
  'POST /retry': [200, { retried: 'Bay 3' }],
  'POST /hold': [200, { held: 'Bay 3' }],
  'POST /confirm': [200, { confirmed: 'Bay 3' }],
  'POST /release': [200, { released: 'Bay 3', switchedOff: true }],
};

const READING: readonly (readonly [args: readonly string[], documented: string, schema: z.ZodType])[] = [
  [['status'], 'status', statusSchema],
  [['drives'], 'drives', drivesSchema],
  [['account', 'list'], 'account list', accountListSchema],
  [['account', 'show', 'ada@example.com'], 'account show', accountSchema],
  [['job', 'list'], 'job list', jobListSchema],
  [['job', 'show', '53tx4'], 'job show', jobSchema],
];

for (const [args, documented, schema] of READING) {
  test(`${args.join(' ')}: prints what the daemon says by the read socket, with --json`, async () => {
    await using daemon = await startRepeatingDaemon(ANSWERS);

    const { exitCode, stdout, stderr } = await runInProcess([...args, '--json'], daemon);

    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.deepEqual(schema.parse(JSON.parse(stdout)), example(documented));
    assert.deepEqual(
      daemon.received.map(({ right }) => right),
      ['read'],
    );
  });

  test(`${args.join(' ')}: prints lines for a person, without --json`, async () => {
    await using daemon = await startRepeatingDaemon(ANSWERS);

    const { exitCode, stdout, stderr } = await runInProcess(args, daemon);

    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.ok(stdout.endsWith('\n'));
    assert.doesNotMatch(stdout, /undefined|\[object|\[secret\]|[ \t]\n/u);
  });
}

test('status: prints one object a line until it is stopped, with --watch and --json', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);
  const stop = new AbortController();
  const onStdout = (text: string): void => {
    if (text.split('\n').length > 2) stop.abort();
  };

  const { exitCode, stdout } = await runInProcess(['status', '--watch', '--json'], {
    configPath: daemon.configPath,
    signal: stop.signal,
    onStdout,
  });

  const lines = stdout.trimEnd().split('\n');
  assert.equal(exitCode, 130);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.deepEqual(statusSchema.parse(JSON.parse(line)), example('status'));
});

const SETTINGS = ['--existing', 'refuse', '--trusted-network', '--sse', 'kms:alias/imports'];

test('account add: sends the key from its files by the operator socket, and shows no secret', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);
  const [secretFile, tokenFile, caFile] = ['secret', 'token', 'ca.pem'].map((name) => join(daemon.folder, name));
  assert.ok(secretFile !== undefined && tokenFile !== undefined && caFile !== undefined);
  writeFileSync(secretFile, `${SECRET}\r\n`);
  writeFileSync(tokenFile, `${TOKEN}\n`);
  writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\n');
  const args = ['account', 'add', 'ada@example.com', '--key-id', 'AKIAIOSFODNN7EXAMPLE', '--secret-file', secretFile];
  const more = ['--session-token-file', tokenFile, '--endpoint', 'https://s3.example.com', '--path-style'];
  const rest = ['--ca-file', caFile, '--max-object-size', '1TiB', '--expected-bucket-owner', '111122223333'];

  const { exitCode, stdout, stderr } = await runInProcess([...args, ...more, ...rest, ...SETTINGS], daemon);

  assert.equal(exitCode, 0);
  assert.deepEqual(
    daemon.received.map(({ right, body }) => ({ right, body: accountInputSchema.parse(body) })),
    [
      {
        right: 'operator',
        body: {
          email: 'ada@example.com',
          endpoint: 'https://s3.example.com',
          forcePathStyle: true,
          certificateAuthority: '-----BEGIN CERTIFICATE-----\n',
          expectedBucketOwner: '111122223333',
          isNetworkTrusted: true,
          sse: 'kms:alias/imports',
          existing: 'refuse',
          maxObjectBytes: 1_099_511_627_776,
          keys: [
            {
              accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
              secretAccessKey: SECRET,
              sessionToken: TOKEN,
              signs: true,
              loads: true,
            },
          ],
        },
      },
    ],
  );
  assert.doesNotMatch(stdout + stderr, /wJalr|FwoGZ/u);
});

test('account key add: makes a key that only loads, with --loads', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);
  const secretFile = join(daemon.folder, 'secret');
  writeFileSync(secretFile, SECRET);
  const args = ['account', 'key', 'add', 'ada@example.com', '--key-id', 'ASIA-2', '--secret-file', secretFile];

  const { exitCode } = await runInProcess([...args, '--loads'], daemon);

  assert.equal(exitCode, 0);
  const key = keyInputSchema.parse(daemon.received[0]?.body);
  assert.deepEqual({ signs: key.signs, loads: key.loads }, { signs: false, loads: true });
});

test('account add: refuses without asking the daemon, where there is neither a secret file nor a terminal', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);

  const { exitCode, stderr } = await runInProcess(['account', 'add', 'ada@example.com', '--key-id', 'AKIA'], daemon);

  assert.equal(exitCode, 2);
  assert.match(stderr, /--secret-file is missing, and there is no terminal/u);
  assert.deepEqual(daemon.received, []);
});

const secretFiles: readonly (readonly [string, string | Buffer, RegExp | undefined])[] = [
  ['a byte order mark before it and blanks behind it', `\uFEFF${SECRET}  \r\n\n`, undefined],
  ['a second line', `${SECRET}\nmore`, /holds no secret: expected one line/u],
  ['it in UTF-16', Buffer.from(`\uFEFF${SECRET}`, 'utf16le'), /holds no secret: expected one line/u],
];
for (const [what, content, refusal] of secretFiles) {
  test(`account add: ${refusal === undefined ? 'takes' : 'refuses'} a secret file with ${what}`, async () => {
    await using daemon = await startRepeatingDaemon(ANSWERS);
    const secretFile = join(daemon.folder, 'secret');
    writeFileSync(secretFile, content);
    const args = ['account', 'add', 'ada@example.com', '--key-id', 'AKIA', '--secret-file', secretFile];

    const { exitCode, stderr } = await runInProcess(args, daemon);

    assert.equal(exitCode, refusal === undefined ? 0 : 2);
    assert.match(stderr, refusal ?? /^$/u);
    const sent = daemon.received.map(({ body }) => JSON.stringify(body));
    assert.equal(
      sent.every((body) => body.includes(`"secretAccessKey":"${SECRET}"`)),
      true,
    );
    assert.equal(stderr.includes(SECRET), false);
  });
}

test('account add: refuses a size that is none', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);
  const secretFile = join(daemon.folder, 'secret');
  writeFileSync(secretFile, SECRET);
  const args = ['account', 'add', 'ada@example.com', '--key-id', 'AKIA', '--secret-file', secretFile];

  const { exitCode, stderr } = await runInProcess([...args, '--max-object-size', '5 potatoes'], daemon);

  assert.equal(exitCode, 2);
  assert.match(stderr, /--max-object-size is no size/u);
});

test('account remove, account key remove: ask by the operator socket', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);

  const removed = await runInProcess(['account', 'remove', 'ada@example.com'], daemon);
  const key = await runInProcess(['account', 'key', 'remove', 'ada@example.com', 'AKIAIOSFODNN7EXAMPLE'], daemon);

  assert.deepEqual([removed.exitCode, key.exitCode], [0, 0]);
  assert.equal(removed.stdout, 'Account ada@example.com removed.\n');
  assert.deepEqual(
    daemon.received.map(({ right, method }) => `${right} ${method}`),
    ['operator DELETE', 'operator DELETE'],
  );
});

test('job create: sends the exact bytes of the manifest, and says warnings on stderr', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);
  const manifest = join(daemon.folder, 'Manifest.txt');
  const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0x3a, 0x0d, 0x0a, 0xff]);
  writeFileSync(manifest, bytes);
  const args = ['job', 'create', '--account', 'ada@example.com', '--manifest', manifest, '--signing-key', 'AKIA-1'];

  const plain = await runInProcess(args, daemon);
  const json = await runInProcess([...args, '--json'], daemon);

  const sent = jobInputSchema.parse(daemon.received[0]?.body);
  assert.equal(daemon.received[0]?.right, 'operator');
  assert.deepEqual(Buffer.from(sent.manifest, 'base64'), bytes);
  assert.deepEqual({ account: sent.account, key: sent.signingKeyId }, { account: 'ada@example.com', key: 'AKIA-1' });
  assert.match(plain.stdout, /^Job 53TX4 created; its drive has to arrive before 2026-12-24 08:00 UTC\.$/mu);
  assert.equal(plain.stderr, 'Note: Objects that exist already are replaced.\n');
  assert.deepEqual(jobCreatedSchema.parse(JSON.parse(json.stdout)), example('job create'));
});

test('retry: asks by the technician socket', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);

  const { exitCode, stdout } = await runInProcess(['retry', 'Bay 3'], daemon);

  assert.equal(exitCode, 0);
  assert.equal(stdout, 'Bay 3 is tried again; see import-station status.\n');
  assert.deepEqual(daemon.received, [
    { right: 'technician', method: 'POST', path: '/retry', body: { target: 'Bay 3' } },
  ]);
});

for (const { args, path, body, says } of [
  {
    args: ['hold', 'Bay 3', '--why', 'wrong bucket'],
    path: '/hold',
    body: { target: 'Bay 3', why: 'wrong bucket' },
    says: 'Bay 3 is held until: import-station retry "Bay 3"\n',
  },
  {
    args: ['confirm', 'Bay 3', 'NothingToLoad', '--why', 'seen'],
    path: '/confirm',
    body: { bay: 'Bay 3', code: 'NothingToLoad', why: 'seen' },
    says: 'Bay 3 goes on; see import-station status.\n',
  },
  {
    args: ['release', 'Bay 3', '--now'],
    path: '/release',
    body: { bay: 'Bay 3', now: true },
    says: 'The drive in Bay 3 is free and switched off: take it out.\n',
  },
]) {
  test(`${String(args[0])}: asks by the technician socket`, async () => {
    await using daemon = await startRepeatingDaemon(ANSWERS);

    const { exitCode, stdout } = await runInProcess(args, daemon);

    assert.equal(exitCode, 0);
    assert.equal(stdout, says);
    assert.deepEqual(daemon.received, [{ right: 'technician', method: 'POST', path, body }]);
  });
}

test('config bay: prints a block for each drive that is in no bay, under a name that is free', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);

  const { exitCode, stdout } = await runInProcess(['config', 'bay'], daemon);

  assert.equal(exitCode, 0);
  assert.equal(
    stdout,
    '\n# Generic Flash Disk, 14.9 GiB, now /dev/sdc\n[[bay]]\nname = "Bay 2"\nport = "pci-0000:00:14.0-usb-0:4:1.0-scsi-0:0:0:0"\n',
  );
});

test('config bay: waits for a drive, while every drive is in a bay', async () => {
  const none = { madeAt: '2026-11-25T09:16:00.000Z', drives: [] };
  await using daemon = await startRepeatingDaemon({ 'GET /drives': [200, none] });
  const stop = new AbortController();
  const ended = runInProcess(['config', 'bay'], { configPath: daemon.configPath, signal: stop.signal });
  await until(() => daemon.received.length >= 2, { what: 'the drives are looked at a second time' });

  stop.abort();

  const { exitCode, stdout, stderr } = await ended;
  assert.deepEqual({ exitCode, stdout }, { exitCode: 130, stdout: '' });
  assert.match(stderr, /^Plug a drive into the port/u);
});

test('job show: says what happened, who acts and what to do, where the daemon refuses', async () => {
  await using daemon = await startRepeatingDaemon(ANSWERS);

  const { exitCode, stdout, stderr } = await runInProcess(['job', 'show', 'ZZZZZ'], daemon);

  assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' });
  assert.match(
    stderr,
    /^import-station: There is no job ZZZZZ\.\n {2}Who acts: .*\n {2}What to do: .*\n {2}Code: .*\n$/u,
  );
});

test('job show: refuses an answer of another form, as of another version', async () => {
  await using daemon = await startRepeatingDaemon({ 'GET /jobs/53TX4': [200, { jobId: 5 }] });

  const { exitCode, stderr } = await runInProcess(['job', 'show', '53TX4'], daemon);

  assert.equal(exitCode, 1);
  assert.match(stderr, /the answer has another form than expected at jobId/u);
});

for (const args of [['status'], ['drives'], ['retry', 'Bay 1'], ['release', 'Bay 1'], ['config', 'bay']]) {
  test(`${args.join(' ')}: is refused, while no daemon runs`, async () => {
    await using daemon = await startRepeatingDaemon();

    const { exitCode, stderr } = await runInProcess(args, daemon);

    assert.equal(exitCode, 69);
    assert.match(stderr, /The daemon does not run on this host/u);
    assert.match(stderr, /What to do: Start it with `systemctl start import-station`/u);
  });
}

test('status: tells all findings of a configuration that is wrong', async () => {
  await using daemon = await startRepeatingDaemon();
  writeFileSync(daemon.configPath, '[station]\nuid = "me"\nname = 5\n');

  const { exitCode, stderr } = await runInProcess(['status'], daemon);

  assert.equal(exitCode, 78);
  assert.match(stderr, /station\.uid \(line 2\)/u);
  assert.match(stderr, /station\.name \(line 3\)/u);
});

test('config udev: prints one match for each port of a bay, with nothing that udev reads as a pattern', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-udev-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const configPath = join(folder, 'station.toml');
  const ids = '[station]\nuid = 980\ngid = 980\n[launch]\nloader_uid = 981\nloader_gid = 981\n';
  writeFileSync(configPath, `${ids}[[bay]]\nname = "1"\nport = "a*\\"b"\n[[bay]]\nname = "2"\nimage = "/srv/i.img"\n`);

  const { exitCode, stdout } = await runInProcess(['config', 'udev'], { configPath });

  assert.equal(exitCode, 0);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.includes('ID_PATH')),
    ['ENV{ID_PATH}=="a??b", ENV{IMPORT_STATION_BAY}="1"'],
  );
});

test('retry: gives the name of --by, else that of the login', async () => {
  await using daemon = await startRepeatingDaemon({ 'POST /retry': [200, { retried: 'Bay 3' }] });
  const options = { configPath: daemon.configPath, userName: 'ada' };

  await runInProcess(['retry', 'Bay 3'], options);
  await runInProcess(['retry', 'Bay 3', '--by', 'Jörg B.'], options);

  assert.deepEqual(
    daemon.received.map(({ by }) => by),
    ['ada', 'Jörg B.'],
  );
});
