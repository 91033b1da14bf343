// The loader as a process, on a folder that stands for a drive, with a real bucket and a daemon that serves it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { DeleteBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import { Secret } from '#language/secret.ts';
import { MIB } from '#language/units.ts';
import { rowsIn, startLoaderRun, untilSaid, uploadsIn, type LoaderDaemonOptions } from '../support/loader-daemon.ts';
import { keysWritten, md5Of, setLoaderScene, short, write, type LoaderScene } from '../support/loader-scene.ts';
import { startMinio, type Minio } from '../support/minio.ts';
import { until } from '../support/wait.ts';

let minio: Minio;
before(async () => {
  minio = await startMinio();
});
after(() => minio[Symbol.asyncDispose]());

const setScene = (t: TestContext, manifestLines?: readonly string[]): Promise<LoaderScene> =>
  setLoaderScene(t, minio, manifestLines);

test('runLoader: loads every file, gives every other name its row, and counts what it found', async (t) => {
  const { root, bucket, options, rows } = await setScene(t, ['prefix: photos/', 'ignore:', '    - \\.tmp$']);
  const contents = new Map<string, Buffer>([
    ['plain.txt', Buffer.from('hello')],
    ['empty', Buffer.alloc(0)],
    ['ünïcode 😀+&.jpg', randomBytes(3000)],
    ['=formula', Buffer.from('x')],
    ['folder/deep/er/file.html', randomBytes(70_000)],
    ['large.bin', randomBytes(17 * MIB + 123)],
  ]);
  fs.mkdirSync(join(root, 'folder/deep/er'), { recursive: true });
  for (const [name, content] of contents) write(root, name, content);
  write(root, 'ignored.tmp', '12345');
  write(root, Buffer.from([0x62, 0xff]), 'bad');
  write(root, Buffer.from([0xff, 0x2e, 0x74, 0x6d, 0x70]), 'bad and ignored');
  fs.symlinkSync('/etc/passwd', join(root, 'link'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  fs.mkdirSync(join(root, 'a/b/c'), { recursive: true });
  write(root, 'a/b/c/too-deep', '1');

  await using run = await startLoaderRun({
    ...options,
    order: { maxObjectBytes: 18 * MIB, logKey: 'photos/=formula' },
    limits: { maxDepth: 2 },
  });
  const end = await run.end;

  assert.equal(await run.exited, 0);
  assert.ok(end.kind === 'finished', JSON.stringify(end));
  const found = await rows();
  assert.deepEqual(Object.fromEntries([...found].map(([path, row]) => [path, short(row)])), {
    SIGNATURE: '103 Ignored  - 90',
    'plain.txt': '200 OK photos/plain.txt md5 5',
    empty: '200 OK photos/empty md5 0',
    [Buffer.from('ünïcode 😀+&.jpg').toString('latin1')]: '200 OK photos/ünïcode 😀+&.jpg md5 3000',
    '=formula': '409 KeyCollision photos/=formula - 1',
    'large.bin': `200 OK photos/large.bin md5 ${String(17 * MIB + 123)}`,
    'ignored.tmp': '103 Ignored  - 5',
    'b\xff': found.get('b\xff') === undefined ? '' : short(found.get('b\xff') ?? assert.fail()),
    '\xff.tmp': '103 Ignored  - 15',
    link: '415 UnsupportedFileType photos/link - 0',
    fifo: '415 UnsupportedFileType photos/fifo - 0',
    'folder/deep/er/': '500 ReadError  - 0',
    'a/b/c/': '500 ReadError  - 0',
  });
  assert.deepEqual([...found.keys()][0], 'SIGNATURE');
  for (const [name, content] of contents) {
    if (name === '=formula' || name.startsWith('folder/')) continue;
    const object = await minio.getObject(bucket, `photos/${name}`);
    assert.ok(object?.body.equals(content), name);
    assert.equal(found.get(Buffer.from(name).toString('latin1'))?.md5, md5Of(content));
  }
  const sum = createPathSum();
  for (const row of found.values()) sum.add(pathHash(Buffer.alloc(16, 7), row.path));
  const bytes = [...found.values()].reduce((total, row) => total + row.sizeBytes, 0);
  assert.deepEqual(end.found, { files: found.size, bytes, fingerprint: sum.text() });
  assert.deepEqual(await uploadsIn(options.state), []);
  assert.deepEqual(await minio.listUploads(bucket), []);
});

test('runLoader: sends no file twice that had its row, when it was killed in the middle and started again', async (t) => {
  const scene = await setScene(t);
  const { root, bucket, proxy, options, rows } = scene;
  const contents = new Map(
    Array.from({ length: 400 }, (_value, index) => [`f${String(index)}`, randomBytes(100 + index)]),
  );
  for (const [name, content] of contents) write(root, name, content);
  proxy.setLatency(15);

  await using killed = await startLoaderRun(options);
  await until(async () => (await rowsIn(options.state)).length > 50, { what: 'some rows' });
  killed.kill();
  assert.deepEqual(await killed.end, { kind: 'died' });
  const hadRow = new Set((await rows()).keys());
  assert.ok(hadRow.size < contents.size, 'killed in the middle');
  const writesBefore = proxy.writes.length;
  await using run = await startLoaderRun(options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.deepEqual(
    keysWritten(scene, writesBefore).filter((key) => hadRow.has(key)),
    [],
  );
  const all = await rowsIn(options.state);
  assert.equal(all.length, contents.size + 1);
  assert.equal((await rows()).size, contents.size + 1);
  for (const { key, etag } of await minio.listObjects(bucket))
    assert.equal(etag, md5Of(contents.get(key) ?? assert.fail()));
});

test('runLoader: stops with NoSuchBucket, when the bucket is deleted in the middle, and makes no row for it', async (t) => {
  const { root, bucket, proxy, options, rows } = await setScene(t);
  for (let index = 0; index < 300; index += 1) write(root, `f${String(index)}`, 'x');
  proxy.setLatency(10);

  await using run = await startLoaderRun(options);
  await until(() => proxy.writes.length > 20, { what: 'some files' });
  proxy.pause();
  await deleteBucket(bucket);
  proxy.resume();
  const end = await run.end;

  assert.ok(end.kind === 'stopped');
  assert.equal(end.code, 'NoSuchBucket');
  assert.equal(end.details['bucket'], bucket);
  assert.equal(await run.exited, 0);
  const statuses = [...(await rows()).values()].map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([103, 200]));
  assert.ok(statuses.length < 300);

  await minio.makeBucket(bucket);
  await using next = await startLoaderRun(options);
  assert.equal((await next.end).kind, 'finished');
  assert.equal((await rowsIn(options.state)).length, 301);
});

const deleteBucket = async (bucket: string): Promise<void> => {
  await until(
    async () => {
      for (const { key } of await minio.listObjects(bucket)) {
        await minio.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      }
      return minio.client.send(new DeleteBucketCommand({ Bucket: bucket })).then(
        () => true,
        () => false,
      );
    },
    { what: `${bucket} is deleted` },
  );
};

const may = (actions: readonly string[], resource: string): object => ({
  Effect: 'Allow',
  Action: actions,
  Resource: [resource],
});

test('runLoader: gives a key that is denied its row, and stops with AccessDenied where the prefix is denied', async (t) => {
  const { root, bucket, proxy, options, rows } = await setScene(t);
  write(root, 'allowed', '1');
  write(root, 'denied', '1');
  const resource = `arn:aws:s3:::${bucket}/*`;
  const deny = { Effect: 'Deny', Action: ['s3:PutObject'], Resource: [`arn:aws:s3:::${bucket}/denied`] };
  const some = await minio.addUser([may(['s3:PutObject', 's3:AbortMultipartUpload'], resource), deny]);
  const none = await minio.addUser([may(['s3:GetObject'], resource)]);
  const as = ({ accessKeyId, secretAccessKey }: typeof some): LoaderDaemonOptions => ({
    ...options,
    access: { ...options.access, endpoint: proxy.endpoint, accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
  });

  await using refused = await startLoaderRun(as(none));
  const stopped = await refused.end;
  assert.ok(stopped.kind === 'stopped');
  assert.equal(stopped.code, 'AccessDenied');
  assert.deepEqual([...(await rows()).keys()], ['SIGNATURE']);

  await using run = await startLoaderRun(as(some));
  assert.equal((await run.end).kind, 'finished');
  const found = await rows();
  assert.equal(short(found.get('allowed')), '200 OK allowed md5 1');
  assert.equal(short(found.get('denied')), '403 AccessDenied denied - 1');
});

test('runLoader: waits for the bucket and says so, when it does not answer for a while', async (t) => {
  const { root, options, rows } = await setScene(t);
  for (let index = 0; index < 100; index += 1) write(root, `f${String(index)}`, 'x');
  const server = { ...options, access: minio.access(options.access.bucket) };

  await minio.stop();
  await using run = await startLoaderRun(server);
  await until(
    () =>
      run.messages.some((message) => message.kind === 'progress' && message.bucketTrouble?.includes('ECONNREFUSED')),
    { what: 'the trouble is said' },
  );
  await minio.restart();
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  const kinds = run.messages.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
  assert.deepEqual(kinds.slice(-3), ['rows', 'all-stored', 'finished']);
  assert.equal((await rows()).size, 101);
});

test('runLoader: stops with the station’s code after the files in flight, and says first that it begins', async (t) => {
  const { root, proxy, options, rows } = await setScene(t);
  for (let index = 0; index < 200; index += 1) write(root, `f${String(index)}`, 'x');
  proxy.setLatency(20);

  await using run = await startLoaderRun(options);
  await until(() => proxy.writes.length > 10, { what: 'some files' });
  const kinds = run.messages.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
  // By the row of SIGNATURE the next loader knows that files may have been sent.
  assert.deepEqual(kinds.slice(0, 3), ['inspected', 'rows', 'first-file']);
  assert.equal(run.messages.filter(({ kind }) => kind === 'first-file').length, 1);
  await run.send({ kind: 'stop', code: 'DuplicateSignature', isFinal: false });
  const end = await run.end;

  assert.ok(end.kind === 'stopped');
  assert.equal(end.code, 'DuplicateSignature');
  const count = (await rows()).size;
  assert.ok(count > 10 && count < 200);
  assert.equal(proxy.writes.length, count - 1);
});

test('runLoader: gives every file that was found and is not finished its row, when the job is being ended', async (t) => {
  const { root, proxy, options, rows } = await setScene(t);
  for (let index = 0; index < 200; index += 1) write(root, `f${String(index)}`, 'x');
  write(root, 'big', 'x'.repeat(6 * MIB));
  proxy.setLatency(20);

  await using run = await startLoaderRun({ ...options, limits: { maxRequestsInFlight: 2 } });
  await until(() => proxy.writes.length > 10, { what: 'some files' });
  await run.send({ kind: 'stop', code: 'CanceledJob', isFinal: true });
  const end = await run.end;

  assert.ok(end.kind === 'stopped');
  assert.deepEqual([end.code, end.walkEnded], ['CanceledJob', false]);
  const all = [...(await rows()).values()];
  assert.equal(all.filter(({ status }) => status === 200).length, proxy.writes.length);
  const canceled = all.filter(({ status, code, md5 }) => status === 499 && code === 'Canceled' && md5 === '');
  assert.ok(canceled.length > 0 && canceled.length < 10, String(canceled.length));
  const found = run.messages.findLast((message) => message.kind === 'progress')?.found.files ?? 0;
  assert.ok(all.length >= found, `${String(all.length)} rows, ${String(found)} files found`);
});

test('runLoader: says that the walk was complete, when a job is ended while the last files are sent', async (t) => {
  const { root, proxy, options, rows } = await setScene(t);
  for (const name of ['a', 'b', 'c']) write(root, name, 'x');
  proxy.pause();

  await using run = await startLoaderRun({ ...options, limits: { maxRequestsInFlight: 2 } });
  await until(() => run.messages.some((message) => message.kind === 'progress' && message.walkEnded), {
    what: 'the walk has ended',
  });
  await run.send({ kind: 'stop', code: 'CanceledJob', isFinal: true });
  const end = await run.end;
  proxy.resume();

  assert.ok(end.kind === 'stopped');
  assert.equal(end.walkEnded, true);
  const found = await rows();
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => found.get(name)?.status),
    [499, 499, 499],
  );
});

test('runLoader: ends at once when the connection ends, whatever it waits for', async (t) => {
  const { root, proxy, options } = await setScene(t);
  write(root, 'file', 'x');
  proxy.pause();

  await using run = await startLoaderRun(options);
  await untilSaid(run, 'first-file');
  run.hangUp();

  assert.equal(await run.exited, 0);
});

for (const isDrivePresent of [true, false]) {
  test(`runLoader: ${isDrivePresent ? 'makes a row' : 'stops without one'}, when a read fails and the drive is ${isDrivePresent ? 'there' : 'gone'}`, async (t) => {
    const { root, proxy, options, rows } = await setScene(t);
    for (let index = 0; index < 50; index += 1) write(root, `f${String(index)}`, 'x');
    proxy.pause();

    await using run = await startLoaderRun({
      ...options,
      limits: { maxRequestsInFlight: 1 },
      isDrivePresent: () => isDrivePresent,
    });
    await untilSaid(run, 'first-file');
    for (const name of fs.readdirSync(root)) if (name !== 'SIGNATURE') fs.appendFileSync(join(root, name), 'grown');
    proxy.resume();
    const end = await run.end;

    const codes = [...(await rows()).values()].map(({ code }) => code);
    assert.equal(codes.includes('FileChanged'), isDrivePresent);
    assert.equal(end.kind === 'stopped' ? end.code : end.kind, isDrivePresent ? 'finished' : 'Interrupted');
  });
}

test('runLoader: gives one file a key that two would have', async (t) => {
  const { root, options, rows } = await setScene(t, ['substitutions:', '    "A" : "a"']);
  write(root, 'A', '1');
  write(root, 'a', '2');

  await using run = await startLoaderRun(options);
  assert.equal((await run.end).kind, 'finished');

  const codes = [...(await rows()).values()].map(({ status, code, key }) => `${String(status)} ${code} ${key}`);
  assert.deepEqual(codes.sort(), ['103 Ignored ', '200 OK a', '409 KeyCollision a']);
});

test('runLoader: gives a key back, when the file that claimed it fails', async (t) => {
  const { root, options, rows } = await setScene(t, ['substitutions:', '    "A" : "a"']);
  write(root, 'A', '1');
  await using first = await startLoaderRun(options);
  assert.equal((await first.end).kind, 'finished');
  fs.rmSync(join(options.state, 'working-log'));

  await using run = await startLoaderRun({ ...options, order: { existing: 'refuse' } });
  assert.equal((await run.end).kind, 'finished');

  assert.equal((await rows()).get('A')?.status, 412);
  const path = Buffer.from('A').toString('base64');
  assert.deepEqual(
    run.messages.filter(({ kind }) => kind === 'unclaim'),
    [{ kind: 'unclaim', path, key: 'a' }],
  );
});

test('runLoader: leaves an object that exists alone, when the account says so', async (t) => {
  const { root, bucket, options, rows } = await setScene(t);
  write(root, 'file', 'first');
  write(root, 'large', randomBytes(17 * MIB));
  await using first = await startLoaderRun(options);
  assert.equal((await first.end).kind, 'finished');
  fs.rmSync(options.state, { recursive: true });
  fs.mkdirSync(options.state);
  write(root, 'file', 'second');

  await using run = await startLoaderRun({ ...options, order: { existing: 'refuse' } });
  assert.equal((await run.end).kind, 'finished');

  const found = await rows();
  assert.equal(short(found.get('file')), '412 PreconditionFailed file - 6');
  assert.equal(found.get('large')?.status, 412);
  assert.equal((await minio.getObject(bucket, 'file'))?.body.toString(), 'first');
  assert.deepEqual(await minio.listUploads(bucket), []);
});

test('runLoader: says why it cannot inspect the root', async (t) => {
  const { options } = await setScene(t);

  await using run = await startLoaderRun({ ...options, root: join(options.root, 'nothing') });
  const end = await run.end;

  assert.ok(end.kind === 'stopped');
  assert.equal(end.code, 'RootUnreadable');
  assert.match(end.message, /ENOENT/u);
  assert.equal(await run.exited, 0);
});

test('runLoader: does not read a drive, when it is not as harmless as it was meant to be', async (t) => {
  const { options } = await setScene(t);

  await using run = await startLoaderRun({ ...options, root: '/drive' });
  const end = await run.end;

  assert.ok(end.kind === 'stopped');
  assert.equal(end.code, 'LoaderFailed');
  assert.deepEqual(
    run.messages.map(({ kind }) => kind),
    ['stopped'],
  );
});
