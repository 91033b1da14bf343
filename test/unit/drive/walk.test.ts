// Walking a volume: every name once, nothing followed, nothing but directories opened.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAnswerCount } from '#drive/answer-count.ts';
import { walkVolume, type WalkEntry } from '#drive/walk-volume.ts';
import { countOf } from '../../support/counts.ts';
import { walkEach } from '../../support/walk-each.ts';

const never = new AbortController().signal;

const makeRoot = (t: TestContext): string => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'walk-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  return root;
};

const under = (root: string, name: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);

const walkAll = (root: string, maxDepth = 100): Promise<WalkEntry[]> =>
  Array.fromAsync(walkEach({ root, maxDepth }, never));

const summary = (entries: readonly WalkEntry[]): string[] =>
  entries.map(({ kind, path: name, sizeBytes }) => `${kind} ${name.toString('latin1')} ${String(sizeBytes)}`).sort();

const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length;

test('walk: gives every file with raw path, size, time and inode, whatever bytes its name has', async (t) => {
  const root = makeRoot(t);
  const names = [
    Buffer.from('plain.txt'),
    Buffer.from('ü😀'),
    Buffer.from([0x62, 0xff, 0xfe]),
    Buffer.from('a\nb'),
    Buffer.from('=a '),
  ];
  for (const name of names) fs.writeFileSync(under(root, name), 'x'.repeat(name.length));
  fs.mkdirSync(under(root, Buffer.from([0xff])));
  fs.writeFileSync(under(root, Buffer.from([0xff, 0x2f, 0xfe])), '');
  fs.utimesSync(under(root, 'plain.txt'), 5, 1_234_567_890);

  const entries = await walkAll(root);

  const expected = [
    ...names.map((name) => `file ${name.toString('latin1')} ${String(name.length)}`),
    'file \xff/\xfe 0',
  ];
  assert.deepEqual(summary(entries), expected.sort());
  const plain = entries.find(({ path: name }) => name.toString() === 'plain.txt');
  assert.equal(plain?.modifiedAt.toISOString(), '2009-02-13T23:31:30.000Z');
  assert.equal(plain.inode, fs.lstatSync(path.join(root, 'plain.txt')).ino);
});

test('walk: gives links and special files as what they are, and opens none', async (t) => {
  const root = makeRoot(t);
  fs.symlinkSync('/etc', path.join(root, 'to-folder'));
  fs.symlinkSync('nowhere', path.join(root, 'to-nothing'));
  execFileSync('mkfifo', [path.join(root, 'fifo')]);
  const server = createServer().listen(path.join(root, 'socket'));
  await once(server, 'listening');
  t.after(() => server.close());

  const entries = await walkAll(root);

  assert.deepEqual(summary(entries), ['fifo fifo 0', 'link to-folder 0', 'link to-nothing 0', 'socket socket 0']);
});

test('walk: gives a folder below the deepest level as one entry', async (t) => {
  const root = makeRoot(t);
  fs.mkdirSync(path.join(root, 'a/b/c'), { recursive: true });
  fs.writeFileSync(path.join(root, 'a/b/file'), '1');
  fs.writeFileSync(path.join(root, 'a/b/c/below'), '1');

  assert.deepEqual(summary(await walkAll(root, 2)), ['file a/b/file 1', 'too-deep a/b/c/ 0']);
});

test('walk: reaches the end of a path that is longer than the system lets one open', async (t) => {
  const root = makeRoot(t);
  const part = 'd'.repeat(200);
  const depth = 40;
  const script = `cd "$1" && i=0 && while [ $i -lt ${String(depth)} ]; do mkdir ${part} && cd -P ${part}; i=$((i+1)); done; echo x > end`;
  execFileSync('bash', ['-c', script, 'bash', root], { env: { PATH: process.env['PATH'] ?? '', PWD: root } });

  const entries = await walkAll(root, depth);

  assert.deepEqual(summary(entries), [`file ${`${part}/`.repeat(depth)}end 2`]);
});

test('walk: gives each of many files once, in order of their inodes within a window', async (t) => {
  const root = makeRoot(t);
  const count = countOf({ usual: 10_300, long: 1_000_000 });
  for (let index = 0; index < count; index += 1) fs.writeFileSync(path.join(root, `f${String(index)}`), '');

  const entries = await walkAll(root);

  assert.equal(new Set(entries.map(({ path: name }) => name.toString())).size, count);
  const inodes = entries.slice(0, 10_000).map(({ inode }) => inode);
  assert.deepEqual(
    inodes,
    inodes.toSorted((one, other) => one - other),
  );
});

test('walk: gives a folder that cannot be entered as unlistable, with the system’s code', async (t) => {
  const root = makeRoot(t);
  fs.mkdirSync(path.join(root, 'folder'));
  fs.writeFileSync(path.join(root, 'file'), '');
  const entries: WalkEntry[] = [];

  const listener = { onAnswer: () => undefined, onSeen: () => undefined, onLeave: () => undefined };
  for (const entry of walkVolume({ root, maxDepth: 9 }, listener)) {
    if (entry !== undefined) entries.push(entry);
    if (entry?.kind === 'file') fs.rmdirSync(path.join(root, 'folder'));
  }

  assert.deepEqual(summary(entries), ['file file 0', 'unlistable folder/ 0']);
  assert.equal(entries[1]?.errno, 'ENOENT');
});

test('walk: closes every directory, at its end and when it is given up', async (t) => {
  const root = makeRoot(t);
  for (const folder of ['a/b', 'c/d', 'c/e']) fs.mkdirSync(path.join(root, folder), { recursive: true });
  for (const file of ['a/b/1', 'c/d/2', 'c/e/3']) fs.writeFileSync(path.join(root, file), '');
  const before = openDescriptors();

  await walkAll(root);
  for await (const entry of walkEach({ root, maxDepth: 9 }, never)) {
    assert.equal(entry.kind, 'file');
    break;
  }

  await t.waitFor(() => assert.equal(openDescriptors(), before));
});

test('walk: gives the files of many folders once, and each can be opened for as long as its folder is held', async (t) => {
  const root = makeRoot(t);
  const names = Array.from(
    { length: 900 },
    (_, index) => `${String(index % 30)}/${String(index % 300)}/f${String(index)}`,
  );
  for (const name of names) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  }
  const before = openDescriptors();
  const held: { readonly entry: WalkEntry; readonly hold: Disposable }[] = [];

  for await (const entry of walkEach({ root, maxDepth: 9 }, never)) held.push({ entry, hold: entry.directory.hold() });

  assert.deepEqual(held.map(({ entry }) => entry.path.toString()).sort(), names.toSorted());
  for (const { entry } of held) {
    const file = `/proc/self/fd/${String(entry.directory.fd)}/${path.basename(entry.path.toString())}`;
    assert.equal(fs.readFileSync(file, 'utf8'), entry.path.toString());
  }
  for (const { hold } of held) hold[Symbol.dispose]();
  await t.waitFor(() => assert.equal(openDescriptors(), before));
});

test('hold: keeps the very directory open, when its name is exchanged for a link after the walk', async (t) => {
  const root = makeRoot(t);
  fs.mkdirSync(path.join(root, 'folder'));
  fs.writeFileSync(path.join(root, 'folder/file'), 'of the drive');
  const before = openDescriptors();
  const held: { readonly entry: WalkEntry; readonly hold: Disposable }[] = [];

  for await (const entry of walkEach({ root, maxDepth: 9 }, never)) held.push({ entry, hold: entry.directory.hold() });
  fs.renameSync(path.join(root, 'folder'), path.join(root, 'elsewhere'));
  fs.symlinkSync('/etc', path.join(root, 'folder'));

  const [first] = held;
  assert.ok(first !== undefined);
  assert.equal(fs.readFileSync(`/proc/self/fd/${String(first.entry.directory.fd)}/file`, 'utf8'), 'of the drive');
  first.hold[Symbol.dispose]();
  first.hold[Symbol.dispose]();
  await t.waitFor(() => assert.equal(openDescriptors(), before));
});

test('walk: stops with the signal’s reason', async (t) => {
  const root = makeRoot(t);
  fs.writeFileSync(path.join(root, 'file'), '');
  const controller = new AbortController();
  const reason = new Error('enough');

  const walking = walkEach({ root, maxDepth: 9 }, controller.signal);
  await walking.next();
  controller.abort(reason);

  await assert.rejects(walking.next(), reason);
});

test('walk: says what the system says of a root that cannot be opened', async (t) => {
  const root = path.join(makeRoot(t), 'gone');

  await assert.rejects(walkAll(root), { code: 'ENOENT', syscall: 'statfs' });
});

test('walk: leaves no folder open that it was told of when it was stopped', async (t) => {
  const root = makeRoot(t);
  for (let index = 0; index < 3000; index += 1) {
    fs.mkdirSync(path.join(root, `d${String(index)}`));
    fs.writeFileSync(path.join(root, `d${String(index)}`, 'file'), '');
  }
  const before = openDescriptors();
  const controller = new AbortController();

  const walking = walkEach({ root, maxDepth: 9 }, controller.signal);
  for (let count = 0; count < 150; count += 1) await walking.next();
  controller.abort(new Error('enough'));
  await assert.rejects(walking.next(), /enough/u);

  await t.waitFor(() => assert.equal(openDescriptors(), before));
});

test('walk: reports each answer of the file system', async (t) => {
  const root = makeRoot(t);
  fs.writeFileSync(path.join(root, 'file'), '');
  const answers = createAnswerCount();

  await Array.fromAsync(walkEach({ root, maxDepth: 9, answers }, never));

  assert.ok(answers.count >= 2n);
});
