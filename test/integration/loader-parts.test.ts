// Large files in the loader: what a former loader has sent is not sent again, and nothing is left behind in the bucket.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { MIB } from '#language/units.ts';
import { startLoaderRun, untilSaid, uploadsIn } from '../support/loader-daemon.ts';
import { keysWritten, md5Of, setLoaderScene, short, write, type LoaderScene } from '../support/loader-scene.ts';
import { startMinio, type Minio } from '../support/minio.ts';

let minio: Minio;
before(async () => {
  minio = await startMinio();
});
after(() => minio[Symbol.asyncDispose]());

interface PartScene extends LoaderScene {
  readonly content: Buffer;
  readonly sentParts: readonly number[];
}

/** A loader was killed while it sent a file of 8 parts; `sentParts` are on record. */
const killWithinParts = async (t: TestContext): Promise<PartScene> => {
  const scene = await setLoaderScene(t, minio);
  const content = randomBytes(38 * MIB);
  write(scene.root, 'large.bin', content);
  scene.proxy.setLatency(60);
  await using killed = await startLoaderRun({ ...scene.options, limits: { maxRequestsInFlight: 2 } });
  await untilSaid(killed, 'part-finished', 3);
  scene.proxy.pause();
  killed.kill();
  await killed.end;
  scene.proxy.resume();
  scene.proxy.setLatency(0);
  const [upload] = await uploadsIn(scene.options.state);
  const sentParts = upload?.parts.map(({ partNumber }) => partNumber) ?? [];
  assert.ok(sentParts.length >= 3 && sentParts.length < 8, `${String(sentParts.length)} of 8 parts`);
  return { ...scene, content, sentParts };
};

const partsWritten = (keys: readonly string[]): number[] =>
  keys.flatMap((key) => /partNumber=(\d+)/u.exec(key)?.[1] ?? []).map(Number);

test('runLoader: sends only the parts that are missing, when it was killed within a large file', async (t) => {
  const scene = await killWithinParts(t);
  const writesBefore = scene.proxy.writes.length;

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  const again = partsWritten(keysWritten(scene, writesBefore));
  assert.deepEqual(
    again.filter((part) => scene.sentParts.includes(part)),
    [],
  );
  // What was in flight at the kill may reach the bucket after it, too.
  assert.deepEqual([...new Set([...again, ...scene.sentParts])].toSorted(), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok((await minio.getObject(scene.bucket, 'large.bin'))?.body.equals(scene.content));
  assert.equal((await scene.rows()).get('large.bin')?.md5, md5Of(scene.content));
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

/** A loader was killed in the moment when the bucket had the object of a large file, and nobody knew. */
const killAfterCompletion = async (t: TestContext): Promise<LoaderScene & { readonly content: Buffer }> => {
  const scene = await setLoaderScene(t, minio);
  const content = randomBytes(38 * MIB);
  write(scene.root, 'large.bin', content);
  await using killed = await startLoaderRun(scene.options);
  scene.proxy.falsify(({ method, url }) => {
    if (method === 'POST' && url.includes('uploadId=')) killed.kill();
    return undefined;
  });
  await killed.end;
  scene.proxy.falsify(() => undefined);
  assert.equal(await holds(scene, content), true);
  assert.equal((await scene.rows()).has('large.bin'), false);
  return { ...scene, content };
};

const holds = async ({ bucket }: LoaderScene, content: Buffer): Promise<boolean | undefined> =>
  (await minio.getObject(bucket, 'large.bin'))?.body.equals(content);

test('runLoader: sends nothing of a large file again, when it was killed after the upload was completed', async (t) => {
  const scene = await killAfterCompletion(t);
  const writesBefore = scene.proxy.writes.length;

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.deepEqual(keysWritten(scene, writesBefore), []);
  assert.equal((await scene.rows()).get('large.bin')?.md5, md5Of(scene.content));
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

test('runLoader: fails a file that reads otherwise now, and leaves the object that was made of it before', async (t) => {
  const scene = await killAfterCompletion(t);
  write(scene.root, 'large.bin', withOtherByte(scene.content));

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.equal(short((await scene.rows()).get('large.bin')), `500 FileChanged large.bin - ${String(38 * MIB)}`);
  assert.equal(await holds(scene, scene.content), true);
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

const withOtherByte = (content: Buffer): Buffer => {
  const changed = Buffer.from(content);
  changed.writeUInt8(changed.readUInt8(7) ^ 1, 7);
  return changed;
};

test('runLoader: fails a file whose acknowledged part reads otherwise now, and leaves nothing of it', async (t) => {
  const scene = await killWithinParts(t);
  write(scene.root, 'large.bin', withOtherByte(scene.content));

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  const row = (await scene.rows()).get('large.bin');
  assert.equal(short(row), `500 FileChanged large.bin - ${String(38 * MIB)}`);
  assert.deepEqual(await minio.listUploads(scene.bucket), []);
  assert.deepEqual(await minio.listObjects(scene.bucket), []);
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

test('runLoader: fails a file that has another size than when its upload began', async (t) => {
  const scene = await killWithinParts(t);
  write(scene.root, 'large.bin', scene.content.subarray(1));

  await using run = await startLoaderRun(scene.options);
  await run.end;

  assert.equal((await scene.rows()).get('large.bin')?.code, 'FileChanged');
  assert.deepEqual(await minio.listUploads(scene.bucket), []);
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

test('runLoader: begins a large file anew, when its upload has vanished from the bucket', async (t) => {
  const scene = await killWithinParts(t);
  for (const { key, uploadId } of await minio.listUploads(scene.bucket)) {
    await minio.client.send(new AbortMultipartUploadCommand({ Bucket: scene.bucket, Key: key, UploadId: uploadId }));
  }

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.ok((await minio.getObject(scene.bucket, 'large.bin'))?.body.equals(scene.content));
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});

test('runLoader: aborts the upload of a file that the walk does not meet any more', async (t) => {
  const scene = await killWithinParts(t);
  fs.rmSync(join(scene.root, 'large.bin'));

  await using run = await startLoaderRun(scene.options);
  const end = await run.end;

  assert.equal(end.kind, 'finished');
  assert.deepEqual(await minio.listUploads(scene.bucket), []);
  assert.deepEqual(await uploadsIn(scene.options.state), []);
});
