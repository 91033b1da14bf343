// The loader where answers of the bucket are lost or are none: what was not acknowledged is no success, and what lies in the
// bucket is no failure.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MIB } from '#language/units.ts';
import { startLoaderRun } from '../support/loader-daemon.ts';
import { setLoaderScene, write } from '../support/loader-scene.ts';
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
