// The command as it is called on a host: through its script, with nothing of ours on the PATH.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { manifestCheckSchema } from '#cli/json-shapes.ts';
import { tryRun, type RunResult } from '../../support/run.ts';
import { DEADLINE_MS, until } from '../../support/wait.ts';
import { runInProcess } from './in-process.ts';

const SCRIPT = join(import.meta.dirname, '../../../scripts/import-station');

// Neither `node` nor anything else that is not Debian's own.
const ENVIRONMENT = { PATH: '/usr/bin:/bin' };

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

// Spec 1.8 (a), the manifest of the vectors of spec 2.4.
const VECTOR_MANIFEST = `manifestVersion: 1.0
accessKeyId: AKIAIOSFODNN7EXAMPLE
bucket: vector-bucket
deviceId: VEC-0001
eraseDevice: no
returnAddress:
    name: Ada Example
    street1: 12 Sample Street
    city: Seattle
    stateOrProvince: WA
    postalCode: 98101
    phoneNumber: 206-555-0100
    country: USA
`;

// Spec 2.4: the SIGNATURE file for V1 as we write it.
const VECTOR_SIGNATURE_SHA256 = '2d632f4007f2fc591c80ba4ca002f29f5508e8875b92b98ca2f2802382f3b8d8';

const COMMANDS: readonly (readonly string[])[] = [
  [],
  ['manifest'],
  ['manifest', 'check'],
  ['sign'],
  ['account'],
  ['account', 'add'],
  ['account', 'list'],
  ['account', 'show'],
  ['account', 'remove'],
  ['account', 'key'],
  ['account', 'key', 'add'],
  ['account', 'key', 'remove'],
  ['job'],
  ['job', 'create'],
  ['job', 'show'],
  ['job', 'list'],
  ['job', 'cancel'],
  ['receive'],
  ['reject'],
  ['return'],
  ['reasons'],
  ['drives'],
  ['status'],
  ['retry'],
  ['hold'],
  ['confirm'],
  ['release'],
  ['config'],
  ['config', 'check'],
  ['config', 'bay'],
  ['completion'],
  ['daemon'],
];

const command = (args: readonly string[], path = SCRIPT): Promise<RunResult> =>
  tryRun(path, args, { env: ENVIRONMENT, cwd: '/' });

const temporaryFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'command-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

const writeFile = (folder: string, name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

for (const args of COMMANDS) {
  test(`${['import-station', ...args, '--help'].join(' ')}: ends with an example`, async () => {
    const { exitCode, stdout, stderr } = await runInProcess([...args, '--help']);

    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.match(stdout, /^Examples?:\n {2}import-station /mu);
  });
}

test('scripts/import-station: runs on its own Node through a link to a link', async (t) => {
  const folder = temporaryFolder(t);
  symlinkSync(SCRIPT, join(folder, 'first'));
  symlinkSync('first', join(folder, 'import-station'));

  const { exitCode, stdout } = await command(['--help'], join(folder, 'import-station'));

  assert.equal(exitCode, 0);
  assert.match(stdout, /^Usage: import-station /u);
});

test('scripts/import-station: says what to run and ends with 69, without node_modules', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(SCRIPT, join(folder, 'scripts/import-station'));

  const { exitCode, stdout, stderr } = await command(['--help'], join(folder, 'scripts/import-station'));

  assert.deepEqual({ exitCode, stdout }, { exitCode: 69, stdout: '' });
  assert.equal(stderr, `import-station: the packages are not installed; run: (cd '${folder}' && npm ci)\n`);
});

test('import-station: ends with 2 and shows the commands, without a command', async () => {
  const { exitCode, stdout, stderr } = await runInProcess([]);

  assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' });
  assert.match(stderr, /^Usage: import-station /u);
});

for (const [args, said] of [
  [['stauts'], /unknown command 'stauts' \(Did you mean status\?\)\.$/mu],
  [['job', 'show'], /missing required argument 'job-id'\.$/mu],
  [['sign', '--job', '53TX4'], /required option '--manifest <file>' not specified\.$/mu],
  [['account', 'list', 'x'], /too many arguments/u],
  [['account', 'add', 'a@example.com', '--existing', 'burn'], /Allowed choices are replace, refuse\.$/mu],
] as const) {
  test(`import-station ${args.join(' ')}: ends with 2 and says what is wrong in three parts`, async () => {
    const { exitCode, stdout, stderr } = await runInProcess(args);

    assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' });
    assert.match(stderr, said);
    assert.match(stderr, /^import-station: .*\n {2}Who acts: .*\n {2}What to do: .*\n {2}Code: +UsageError\n$/u);
  });
}

test('import-station: does not repeat a secret that was given as an option by mistake', async () => {
  const { exitCode, stdout, stderr } = await runInProcess(['sign', '--job', '53TX4', `--secret=${SECRET}`]);

  assert.equal(exitCode, 2);
  assert.doesNotMatch(stdout + stderr, /wJalr/u);
});

test('manifest check: ends with 0, for a valid manifest', async (t) => {
  const path = writeFile(temporaryFolder(t), 'Manifest.txt', VECTOR_MANIFEST);

  const { exitCode, stdout, stderr } = await command(['manifest', 'check', path]);

  assert.equal(exitCode, 0);
  assert.equal(stdout, `${path}: the manifest is valid.\n`);
  assert.match(stderr, /^Note: Objects that exist in "vector-bucket" already are replaced/mu);
});

test('manifest check: ends with 3 and tells every finding by field and line, for a manifest that is wrong', async (t) => {
  const wrong = VECTOR_MANIFEST.replace('bucket: vector-bucket\n', 'acl: secret\n').replace('98101', '');
  const path = writeFile(temporaryFolder(t), 'Manifest.txt', wrong);

  const { exitCode, stdout, stderr } = await command(['manifest', 'check', path]);
  const json = await command(['manifest', 'check', path, '--json']);

  assert.deepEqual({ exitCode, stdout }, { exitCode: 3, stdout: '' });
  assert.match(stderr, /^ {2}line 3, acl: .*\(InvalidManifestField\)$/mu);
  assert.match(stderr, /^ {2}bucket: .*\(MissingManifestField\)$/mu);
  assert.match(stderr, /returnAddress\.postalCode: .*\(InvalidAddress\)$/mu);
  assert.match(stderr, /^ {2}Who acts: {3}the customer$/mu);
  const check = manifestCheckSchema.parse(JSON.parse(json.stdout));
  assert.deepEqual(
    { exitCode: json.exitCode, stderr: json.stderr, valid: check.valid },
    { exitCode: 3, stderr: '', valid: false },
  );
  assert.deepEqual(check.problems.map(({ field }) => field).toSorted(), ['acl', 'bucket', 'returnAddress.postalCode']);
});

test('manifest check: ends with 3, for an ignore pattern that cannot be compiled', async (t) => {
  const path = writeFile(temporaryFolder(t), 'Manifest.txt', `${VECTOR_MANIFEST}ignore:\n  - ^(?=a)\n`);

  const { exitCode, stderr } = await command(['manifest', 'check', path]);

  assert.equal(exitCode, 3);
  assert.match(stderr, /^ {2}line 15, ignore\[1\]: /mu);
});

test('manifest check: tells bad patterns among the other findings, by line', async (t) => {
  const text = `${VECTOR_MANIFEST}ignore:\n  - ^(?=a)\nacl: secret\n`.replace('bucket: vector-bucket\n', 'bucket: x\n');
  const path = writeFile(temporaryFolder(t), 'Manifest.txt', text);

  const { stdout } = await command(['manifest', 'check', path, '--json']);

  const { problems } = manifestCheckSchema.parse(JSON.parse(stdout));
  assert.deepEqual(
    problems.map(({ field, line }) => [field, line]),
    [
      ['bucket', 3],
      ['ignore[1]', 15],
      ['acl', 16],
    ],
  );
});

for (const [name, said] of [
  ['nothing.txt', /there is no such file/u],
  ['', /it is a folder/u],
] as const) {
  test(`manifest check: ends with 69, for "${name}"`, async (t) => {
    const { exitCode, stderr } = await runInProcess(['manifest', 'check', join(temporaryFolder(t), name)]);

    assert.equal(exitCode, 69);
    assert.match(stderr, said);
  });
}

test('--version: prints the version of package.json', async () => {
  const manifest = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8');

  const { exitCode, stdout } = await runInProcess(['--version']);

  assert.equal(exitCode, 0);
  assert.ok(manifest.includes(`"version": "${stdout.trim()}"`), stdout);
});

test('config check: ends with 0 for the example, with 3 and every finding for a wrong one', async (t) => {
  const example = join(import.meta.dirname, '../../../config/import-station.toml');
  const wrong = writeFile(temporaryFolder(t), 'wrong.toml', '[station]\nuid = 0\nnmae = "x"\n');

  const good = await command(['config', 'check', example]);
  const bad = await command(['config', 'check', wrong]);

  assert.deepEqual({ exitCode: good.exitCode, stderr: good.stderr }, { exitCode: 0, stderr: '' });
  assert.deepEqual({ exitCode: bad.exitCode, stdout: bad.stdout }, { exitCode: 3, stdout: '' });
  assert.match(bad.stderr, /station\.uid \(line 2\)/u);
  assert.match(bad.stderr, /station\.nmae \(line 3\)/u);
});

test('sign: writes the SIGNATURE file of the vector, byte for byte, replacing what is there', async (t) => {
  const folder = temporaryFolder(t);
  const manifest = writeFile(folder, 'Manifest.txt', VECTOR_MANIFEST);
  const secret = writeFile(folder, 'secret', `${SECRET}\n`);
  const elsewhere = writeFile(folder, 'elsewhere', 'untouched');
  symlinkSync(elsewhere, join(folder, 'SIGNATURE'));
  const args = ['sign', '--job', '53tx4', '--manifest', manifest, '--secret-file', secret, '--out', folder];

  const { exitCode, stdout, stderr } = await command(args);

  assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: '' });
  assert.equal(stderr, `Wrote ${join(folder, 'SIGNATURE')} for job 53TX4.\n`);
  assert.equal(sha256(join(folder, 'SIGNATURE')), VECTOR_SIGNATURE_SHA256);
  assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
});

test('sign: takes the secret from a pipe', async (t) => {
  const folder = temporaryFolder(t);
  const manifest = writeFile(folder, 'Manifest.txt', VECTOR_MANIFEST);
  const secret = writeFile(folder, 'secret', SECRET);
  const line = 'cat "$2" | "$1" sign --job 53TX4 --manifest "$3" --secret-file /dev/stdin --out "$4"';

  const { exitCode } = await tryRun('/bin/sh', ['-c', line, 'sh', SCRIPT, secret, manifest, folder], {
    env: ENVIRONMENT,
  });

  assert.equal(exitCode, 0);
  assert.equal(sha256(join(folder, 'SIGNATURE')), VECTOR_SIGNATURE_SHA256);
});

for (const [what, job, manifest, exitCode, said] of [
  ['a job ID that is none', '53TXO', VECTOR_MANIFEST, 1, /There is no job 53TXO/u],
  ['a manifest that is wrong', '53TX4', 'bucket: x\n', 3, /^ {2}manifestVersion: /mu],
] as const) {
  test(`sign: writes nothing, for ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    const path = writeFile(folder, 'Manifest.txt', manifest);
    const secret = writeFile(folder, 'secret', SECRET);
    const args = ['sign', '--job', job, '--manifest', path, '--secret-file', secret, '--out', folder];

    const ended = await runInProcess(args);

    assert.equal(ended.exitCode, exitCode);
    assert.match(ended.stderr, said);
    assert.throws(() => readFileSync(join(folder, 'SIGNATURE')), { code: 'ENOENT' });
  });
}

test('sign: asks for the secret at a terminal, and shows nothing of it', async (t) => {
  const folder = temporaryFolder(t);
  const manifest = writeFile(folder, 'Manifest.txt', VECTOR_MANIFEST);
  const line = `'${SCRIPT}' sign --job 53TX4 --manifest '${manifest}' --out '${folder}'`;
  // script(1) of util-linux gives the command a terminal of its own.
  const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], { env: { ...ENVIRONMENT, SHELL: '/bin/sh' } });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
  });
  const closed = once(child, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
  await until(() => shown.includes('Secret access key: '), { what: 'the secret is asked for', describe: () => shown });

  child.stdin.write(`${SECRET}\r`);

  assert.deepEqual(await closed, [0, null]);
  assert.doesNotMatch(shown, /wJalr/u);
  assert.equal(sha256(join(folder, 'SIGNATURE')), VECTOR_SIGNATURE_SHA256);
});

test('scripts/import-station: switches core files off for good', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(SCRIPT, join(folder, 'scripts/import-station'));
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
  const bin = join(folder, `node_modules/node-linux-${architecture}/bin`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'node'), '#!/bin/sh\nulimit -Sc; ulimit -Hc\n', { mode: 0o755 });

  const { stdout } = await tryRun('/bin/sh', ['-c', `ulimit -c unlimited; exec '${folder}/scripts/import-station'`], {
    env: ENVIRONMENT,
  });

  assert.equal(stdout, '0\n0\n');
});
