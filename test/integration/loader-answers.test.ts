// The loader where answers of the bucket are lost or are none: what was not acknowledged is no success, and what lies in the
// bucket is no failure.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { MIB } from '#language/units.ts';
import { startLoaderRun } from '../support/loader-daemon.ts';
import { setLoaderScene, short, write } from '../support/loader-scene.ts';
import type { FalseAnswer } from '../support/s3-proxy.ts';
import { until } from '../support/wait.ts';
import { startMinio, type Minio } from '../support/minio.ts';

let minio: Minio;
before(async () => {
  minio = await startMinio();
});
after(() => minio[Symbol.asyncDispose]());

const PAGE = { 'content-type': 'text/html' };

const strangers = [
  { what: 'an ETag that is never the MD5', answer: { status: 200, headers: { etag: `"${'0'.repeat(32)}"` } } },
  { what: 'a redirection', answer: { status: 302, headers: { location: 'http://login.invalid/' } } },
  { what: 'a page with status 200', answer: { status: 200, headers: PAGE, body: '<html>log in</html>' } },
];
for (const { what, answer } of strangers) {
  test(`runLoader: stops with NotS3Answer and makes no row, where ${what} answers for the bucket`, async (t) => {
    const { root, proxy, options, rows } = await setLoaderScene(t, minio);
    write(root, 'one', '1');
    write(root, 'two', '2');
    proxy.falsify(({ method }) => (method === 'PUT' ? answer : undefined));

    await using run = await startLoaderRun(options);
    const end = await run.end;

    assert.ok(end.kind === 'stopped', JSON.stringify(end));
    assert.equal(end.code, 'NotS3Answer');
    assert.deepEqual([...(await rows()).keys()], ['SIGNATURE']);
  });
}

const xml = (body: string): FalseAnswer => ({ status: 200, headers: { 'content-type': 'application/xml' }, body });
const cutAnswers = [
  { what: 'cut off', answer: xml('<?xml version="1.0"?><CompleteMultipartUploadResult><Loc') },
  { what: 'an error', answer: xml('<Error><Code>InternalError</Code><Message>no</Message></Error>\n') },
];
for (const { what, answer } of cutAnswers) {
  test(`runLoader: makes no row of status 200 for a large file, whose completion is answered by what is ${what}`, async (t) => {
    const { root, proxy, options, rows } = await setLoaderScene(t, minio);
    write(root, 'large.bin', Buffer.alloc(11 * MIB, 7));
    proxy.falsify(({ method, url }) => (method === 'POST' && url.includes('uploadId=') ? answer : undefined));

    await using run = await startLoaderRun({ ...options, limits: { multipartThresholdBytes: 5 * MIB } });
    await until(() => proxy.asked.filter(({ url }) => url.includes('uploadId=')).length > 4, { what: 'some attempts' });
    run.kill();
    await run.exited;

    assert.deepEqual([...(await rows()).keys()], ['SIGNATURE']);
  });
}

test('runLoader: begins a large file anew, when the bucket has lost parts that it acknowledged', async (t) => {
  const { root, bucket, proxy, options, rows } = await setLoaderScene(t, minio);
  write(root, 'large.bin', Buffer.alloc(11 * MIB, 7));
  let refused = 0;
  proxy.breakBy(({ method, url }) => {
    const isRefused = method === 'POST' && url.includes('uploadId=') && refused === 0;
    if (isRefused) refused += 1;
    const body = '<Error><Code>InvalidPart</Code><Message>One of the parts could not be found.</Message></Error>';
    return Promise.resolve(isRefused ? { kind: 'answer', status: 400, body } : undefined);
  });

  await using run = await startLoaderRun({ ...options, limits: { multipartThresholdBytes: 5 * MIB } });
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.equal(short((await rows()).get('large.bin')), `200 OK large.bin md5 ${String(11 * MIB)}`);
  assert.equal(proxy.asked.filter(({ url }) => url.includes('partNumber=')).length, 6);
  assert.deepEqual(await minio.listUploads(bucket), []);
});

test('runLoader: sends a large file once, when the answer to its completion was lost', async (t) => {
  const { root, proxy, options, rows } = await setLoaderScene(t, minio);
  write(root, 'large.bin', Buffer.alloc(11 * MIB, 7));
  let lost = 0;
  proxy.falsify(({ method, url }) => {
    const isLost = method === 'POST' && url.includes('uploadId=') && lost === 0;
    if (isLost) lost += 1;
    return isLost ? { status: 0 } : undefined;
  });

  await using run = await startLoaderRun({ ...options, limits: { multipartThresholdBytes: 5 * MIB } });
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.equal(lost, 1);
  assert.equal(short((await rows()).get('large.bin')), `200 OK large.bin md5 ${String(11 * MIB)}`);
  assert.equal(proxy.asked.filter(({ url }) => url.includes('partNumber=')).length, 3);
  assert.equal(proxy.asked.filter(({ method }) => method === 'HEAD').length, 1);
});

for (const { what, content, expected } of [
  { what: 'small', content: Buffer.from('mine'), expected: '200 OK file md5 4' },
  { what: 'large', content: Buffer.alloc(11 * MIB, 7), expected: `200 OK file md5 ${String(11 * MIB)}` },
]) {
  test(`runLoader: knows its own ${what} object where existing ones are refused, when the answer was lost`, async (t) => {
    const { root, bucket, proxy, options, rows } = await setLoaderScene(t, minio);
    write(root, 'file', content);
    write(root, 'other', 'mine');
    const theirs = { Bucket: bucket, Key: 'other', Body: 'mine' };
    await minio.client.send(new PutObjectCommand(theirs));
    let lost = 0;
    proxy.falsify(({ method, url }) => {
      const writes = what === 'small' ? method === 'PUT' : method === 'POST' && url.includes('uploadId=');
      const isLost = writes && url.includes('/file') && lost === 0;
      if (isLost) lost += 1;
      return isLost ? { status: 0 } : undefined;
    });

    await using run = await startLoaderRun({
      ...options,
      limits: { multipartThresholdBytes: 5 * MIB },
      order: { existing: 'refuse' },
    });
    const end = await run.end;

    assert.equal(end.kind, 'finished');
    assert.equal(lost, 1);
    assert.equal(short((await rows()).get('file')), expected);
    assert.equal(short((await rows()).get('other')), '412 PreconditionFailed other - 4');
    assert.deepEqual(await minio.listUploads(bucket), []);
  });
}

test('runLoader: knows what a former loader stored and had no row for, where existing objects are refused', async (t) => {
  const { root, proxy, options, rows } = await setLoaderScene(t, minio);
  write(root, 'file', 'mine');
  const order = { existing: 'refuse' } as const;
  proxy.falsify(({ method }) => (method === 'PUT' ? { status: 0 } : undefined));
  await using killed = await startLoaderRun({ ...options, order });
  await until(() => proxy.asked.some(({ method }) => method === 'PUT'), { what: 'the file is sent' });
  killed.kill();
  await killed.end;
  await until(async () => (await minio.listObjects(options.access.bucket)).length === 1, { what: 'it is stored' });
  proxy.falsify(() => undefined);

  await using run = await startLoaderRun({ ...options, order });

  assert.equal((await run.end).kind, 'finished');
  assert.equal(short((await rows()).get('file')), '200 OK file md5 4');
});
