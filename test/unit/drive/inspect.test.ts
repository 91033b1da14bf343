// What the root of a volume shows before anything of it is believed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { inspectRoot } from '#drive/inspect.ts';

const makeRoot = (t: TestContext): string => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'inspect-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  return root;
};

test('inspectRoot: gives SIGNATURE’s bytes, and counts neither it nor an empty lost+found among the others', async (t) => {
  const root = makeRoot(t);
  const content = Buffer.from([0x76, 0x00, 0xff, 0x0d, 0x0a]);
  fs.writeFileSync(path.join(root, 'SIGNATURE'), content);
  fs.mkdirSync(path.join(root, 'lost+found'));
  fs.writeFileSync(path.join(root, 'a'), '');
  fs.mkdirSync(path.join(root, 'b'));

  const { signature, otherEntries, nearMisses, usedBytes, usedFiles } = await inspectRoot(root);

  assert.deepEqual(signature, { kind: 'file', content: content.toString('base64') });
  assert.equal(otherEntries, 2);
  assert.deepEqual(nearMisses, []);
  assert.ok(usedBytes > 0);
  assert.ok(usedFiles > 0);
});

const lostAndFounds: readonly (readonly [string, (path: string) => void])[] = [
  ['holds a file', (lost) => (fs.mkdirSync(lost), fs.writeFileSync(path.join(lost, '#12'), 'x'))],
  ['holds a folder', (lost) => fs.mkdirSync(path.join(lost, '#13'), { recursive: true })],
  ['is a file', (lost) => fs.writeFileSync(lost, 'x')],
  ['is a link', (lost) => fs.symlinkSync('/', lost)],
];
for (const [what, make] of lostAndFounds) {
  test(`inspectRoot: counts a lost+found that ${what} among what there is to load`, async (t) => {
    const root = makeRoot(t);
    make(path.join(root, 'lost+found'));

    assert.equal((await inspectRoot(root)).otherEntries, 1);
  });
}

test('inspectRoot: accepts 4 KiB and not a byte more', async (t) => {
  const root = makeRoot(t);
  const file = path.join(root, 'SIGNATURE');

  fs.writeFileSync(file, Buffer.alloc(4096, 0x61));
  assert.equal((await inspectRoot(root)).signature.kind, 'file');
  fs.appendFileSync(file, 'a');
  assert.deepEqual((await inspectRoot(root)).signature, { kind: 'unusable', reason: 'too-large', sizeBytes: 4097 });
  fs.truncateSync(file, 10 * 1024 ** 3);
  assert.deepEqual((await inspectRoot(root)).signature, {
    kind: 'unusable',
    reason: 'too-large',
    sizeBytes: 10 * 1024 ** 3,
  });
});

const unusable: readonly (readonly [string, string, (file: string) => void])[] = [
  ['a link', 'link', (file) => fs.symlinkSync('/etc/passwd', file)],
  [
    'a link to a good SIGNATURE',
    'link',
    (file) => (fs.writeFileSync(`${file}1`, 'x'), fs.symlinkSync(`${file}1`, file)),
  ],
  ['a folder', 'directory', (file) => fs.mkdirSync(file)],
  ['a FIFO that nobody writes to', 'special', (file) => execFileSync('mkfifo', [file])],
];
for (const [what, reason, make] of unusable) {
  test(`inspectRoot: says what SIGNATURE is, when it is ${what}`, async (t) => {
    const root = makeRoot(t);
    make(path.join(root, 'SIGNATURE'));

    const { signature } = await inspectRoot(root);

    assert.equal(signature.kind === 'unusable' && signature.reason, reason);
  });
}

test('inspectRoot: names what looks like a SIGNATURE gone wrong, printable', async (t) => {
  const root = makeRoot(t);
  for (const name of ['signature', 'Signature', 'SIGNATURE.txt', 'SIGNATURE (1)', 'signatures', 'mysignature']) {
    fs.writeFileSync(path.join(root, name), '');
  }
  fs.mkdirSync(path.join(root, 'back\u001bup'));
  fs.writeFileSync(path.join(root, 'back\u001bup/SIGNATURE'), '');

  const { signature, nearMisses } = await inspectRoot(root);

  assert.deepEqual(signature, { kind: 'missing' });
  assert.deepEqual(nearMisses.toSorted(), [
    'SIGNATURE (1)',
    'SIGNATURE.txt',
    'Signature',
    'back\\u{1b}up/SIGNATURE',
    'signature',
  ]);
});

test('inspectRoot: says that SIGNATURE is written as UTF-16', async (t) => {
  const root = makeRoot(t);
  const file = path.join(root, 'SIGNATURE');

  fs.writeFileSync(file, Buffer.from('\ufeffversion:1.0\r\n', 'utf16le'));
  assert.deepEqual((await inspectRoot(root)).nearMisses, ['SIGNATURE (written as UTF-16)']);
  fs.writeFileSync(file, Buffer.from('version:1.0\r\n', 'utf16le'));
  assert.deepEqual((await inspectRoot(root)).nearMisses, ['SIGNATURE (written as UTF-16)']);
});

test('inspectRoot: counts at most 1,000 other names, and still finds a SIGNATURE among more', async (t) => {
  const root = makeRoot(t);
  for (let index = 0; index < 1500; index += 1) fs.writeFileSync(path.join(root, `f${String(index)}`), '');
  fs.writeFileSync(path.join(root, 'SIGNATURE'), 'x');

  const { signature, otherEntries } = await inspectRoot(root);

  assert.equal(signature.kind, 'file');
  assert.equal(otherEntries, 1000);
});

test('inspectRoot: rejects with the system’s error, when the root cannot be opened', async (t) => {
  await assert.rejects(inspectRoot(path.join(makeRoot(t), 'none')), { code: 'ENOENT' });
});
