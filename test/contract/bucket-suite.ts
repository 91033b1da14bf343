// What every bucket must do, whatever lane is behind it.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { Bucket, FinishedPart } from '#bucket/contract.ts';
import { MIB } from '#language/units.ts';
import type { ObjectProperties } from '#object/contract.ts';

/** A bucket under test, empty, and a look into it that does not go through the product. */
export interface BucketFixture extends AsyncDisposable {
  readonly bucket: Bucket;
  /** The object, undefined where there is none. */
  read(key: string): Promise<StoredThing | undefined>;
  /** Number of unfinished uploads of a key. */
  countUploads(key: string): Promise<number>;
  /** The same service, reached in a way that fails. */
  openBroken(how: BrokenHow): Promise<Bucket>;
}

/** An object as it lies in the bucket; header names in lower case. */
export interface StoredThing {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is wrong with a broken bucket. With `denied-prefix`, keys under `no/` are refused. */
export type BrokenHow = 'missing-bucket' | 'wrong-secret' | 'unknown-key' | 'denied-prefix' | 'unreachable';

const PLAIN: ObjectProperties = { contentType: 'application/octet-stream', metadata: {} };

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

const put = (
  key: string,
  body: Uint8Array,
  more: { properties?: ObjectProperties; refuseExisting?: boolean } = {},
) => ({
  ...{ key, body, md5: createHash('md5').update(body).digest('hex') },
  ...{ properties: more.properties ?? PLAIN, refuseExisting: more.refuseExisting ?? false },
});

const LONGEST_KEY_BYTES = 1024;

const KEYS: readonly string[] = [
  'plain.txt',
  'folder/in folder/file with blanks  two',
  'Grüße/日本語/𝄞.tif',
  "a+b&c=d?e#f;g:h@i,j!k*l(m)n'o$",
  'per%20cent %2F %',
  '"quoted" <tag> \\ back|slash ^`{}[]~',
  'tab\tand\nline feed',
  'trailing blank ',
  // In folders: MinIO keeps them as such, and no file system has names that long.
  'long/'.padEnd(LONGEST_KEY_BYTES, `${'x'.repeat(99)}/`).replace(/\/$/u, 'x'),
];

const BODIES: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['a few bytes', Buffer.from('hello')],
  ['1 MiB', randomBytes(MIB)],
  ['memory that threads share', new Uint8Array(new SharedArrayBuffer(MIB)).fill(7)],
  ['a window of a larger buffer', randomBytes(MIB).subarray(1000, 2000)],
];

const EVERYTHING: ObjectProperties = {
  contentType: 'text/plain; charset=utf-8',
  contentEncoding: 'gzip',
  cacheControl: 'max-age=60',
  contentDisposition: 'attachment; filename="a b.txt"',
  contentLanguage: 'de, en',
  expires: 'Thu, 01 Dec 2044 16:00:00 GMT',
  storageClass: 'STANDARD',
  metadata: { Disk: '7', 'timestamp-in': '2009-05-21T12:00:00Z' },
};

/** Runs the suite; `open` is called for each test and its fixture disposed at the end of it. */
export const bucketSuite = ({
  name,
  open,
}: {
  readonly name: string;
  readonly open: () => Promise<BucketFixture>;
}): void => {
  describe(`bucket: ${name}`, () => {
    testObjects(open);
    testRefusals(open);
    testMultipart(open);
    testFiles(open);
    testStopping(open);
  });
};

const testObjects = (open: () => Promise<BucketFixture>): void => {
  for (const [what, body] of BODIES) {
    test(`putObject: keeps every byte of ${what}`, async () => {
      await using fixture = await open();

      const answer = await fixture.bucket.putObject(put('key', body), signal());

      assert.deepEqual(answer, { kind: 'ok' });
      assert.deepEqual((await fixture.read('key'))?.body, Buffer.from(body));
    });
  }

  for (const key of KEYS) {
    test(`putObject: writes under exactly ${JSON.stringify(key.slice(0, 40))}`, async () => {
      await using fixture = await open();

      assert.deepEqual(await fixture.bucket.putObject(put(key, Buffer.from(key)), signal()), { kind: 'ok' });

      assert.equal((await fixture.read(key))?.body.toString(), key);
    });
  }

  test('putObject: keeps every property as it was written', async () => {
    await using fixture = await open();

    await fixture.bucket.putObject(put('key', Buffer.from('x'), { properties: EVERYTHING }), signal());

    const headers = (await fixture.read('key'))?.headers ?? {};
    assert.equal(headers['content-type'], EVERYTHING.contentType);
    assert.equal(headers['content-encoding'], EVERYTHING.contentEncoding);
    assert.equal(headers['cache-control'], EVERYTHING.cacheControl);
    assert.equal(headers['content-disposition'], EVERYTHING.contentDisposition);
    assert.equal(headers['content-language'], EVERYTHING.contentLanguage);
    assert.equal(headers['expires'], EVERYTHING.expires);
    assert.equal(headers['x-amz-meta-disk'], '7');
    assert.equal(headers['x-amz-meta-timestamp-in'], '2009-05-21T12:00:00Z');
  });

  test('putObject: replaces what is there', async () => {
    await using fixture = await open();
    await fixture.bucket.putObject(put('key', Buffer.from('old')), signal());

    assert.deepEqual(await fixture.bucket.putObject(put('key', Buffer.from('new')), signal()), { kind: 'ok' });

    assert.equal((await fixture.read('key'))?.body.toString(), 'new');
  });

  test('putObject: leaves what is there, when it is to refuse', async () => {
    await using fixture = await open();
    await fixture.bucket.putObject(put('key', Buffer.from('old'), { refuseExisting: true }), signal());

    const answer = await fixture.bucket.putObject(put('key', Buffer.from('new'), { refuseExisting: true }), signal());

    assert.ok(answer.kind === 'problem');
    assert.deepEqual([answer.scope, answer.status, answer.code], ['file', 412, 'PreconditionFailed']);
    assert.equal((await fixture.read('key'))?.body.toString(), 'old');
  });

  test('findObject: gives size and ETag of what was put, and nothing where nothing is', async () => {
    await using fixture = await open();
    const { md5, ...request } = put('a b/ü', Buffer.from('hello'));
    await fixture.bucket.putObject({ ...request, md5 }, signal());

    assert.deepEqual(await fixture.bucket.findObject('a b/ü', signal()), {
      kind: 'ok',
      object: { sizeBytes: 5, etag: md5 },
    });
    assert.deepEqual(await fixture.bucket.findObject('other', signal()), { kind: 'ok', object: undefined });
  });

  test('putObject: is not acknowledged, when the bytes are not those of the MD5', async () => {
    await using fixture = await open();
    const request = { ...put('key', Buffer.from('sent')), md5: createHash('md5').update('meant').digest('hex') };

    const answer = await fixture.bucket.putObject(request, signal());

    assert.ok(answer.kind === 'problem');
    assert.deepEqual([answer.scope, answer.status, answer.code], ['transient', 400, 'BadDigest']);
    assert.equal(await fixture.read('key'), undefined);
  });
};

const REFUSALS = [
  { how: 'missing-bucket', status: 404, code: 'NoSuchBucket', scope: 'bucket', holdCode: 'NoSuchBucket' },
  {
    how: 'wrong-secret',
    status: 403,
    code: 'SignatureDoesNotMatch',
    scope: 'bucket',
    holdCode: 'SignatureDoesNotMatch',
  },
  { how: 'unknown-key', status: 403, code: 'InvalidAccessKeyId', scope: 'bucket', holdCode: 'InvalidAccessKeyId' },
  { how: 'denied-prefix', status: 403, code: 'AccessDenied', scope: 'access-denied', holdCode: 'AccessDenied' },
  { how: 'unreachable', status: 0, code: 'ECONNREFUSED', scope: 'transient', holdCode: undefined },
] as const;

const testRefusals = (open: () => Promise<BucketFixture>): void => {
  for (const { how, status, code, scope, holdCode } of REFUSALS) {
    const expected = [scope, status, code, holdCode];

    test(`putObject: answers ${scope} ${code}, with a bucket that is ${how}`, async () => {
      await using fixture = await open();
      await using broken = await fixture.openBroken(how);

      const answer = await broken.putObject(put('no/key', Buffer.from('x')), signal());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status, answer.code, answer.holdCode], expected);
      assert.notEqual(answer.message, '');
    });

    test(`probe: answers ${scope} ${code}, with a bucket that is ${how}`, async () => {
      await using fixture = await open();
      await using broken = await fixture.openBroken(how);

      const answer = await broken.probe({ key: 'no/key', properties: PLAIN }, signal());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status, answer.code, answer.holdCode], expected);
    });
  }

  test('probe: lets pass what may be written, and leaves nothing behind', async () => {
    await using fixture = await open();

    const answer = await fixture.bucket.probe({ key: 'folder/probe', properties: EVERYTHING }, signal());

    assert.deepEqual(answer, { kind: 'ok' });
    assert.equal(await fixture.countUploads('folder/probe'), 0);
    assert.equal(await fixture.read('folder/probe'), undefined);
  });

  test('probe: lets pass the other prefix of a key that may not write everywhere', async () => {
    await using fixture = await open();
    await using broken = await fixture.openBroken('denied-prefix');

    assert.deepEqual(await broken.probe({ key: 'yes/key', properties: PLAIN }, signal()), { kind: 'ok' });
  });
};

const PART_BYTES = 5 * MIB;

const begin = async (bucket: Bucket, key: string, properties = PLAIN): Promise<string> => {
  const created = await bucket.createUpload({ key, properties }, signal());
  assert.ok(created.kind === 'ok');
  return created.uploadId;
};

const sendPart = async (
  bucket: Bucket,
  part: { readonly key: string; readonly uploadId: string; readonly partNumber: number; readonly body: Uint8Array },
): Promise<FinishedPart> => {
  const sent = await bucket.uploadPart({ ...part, crc32: crc32(part.body) }, signal());
  assert.ok(sent.kind === 'ok', JSON.stringify(sent));
  return sent.part;
};

const testMultipart = (open: () => Promise<BucketFixture>): void => {
  for (const key of KEYS) {
    test(`completeUpload: makes the object of its parts, under ${JSON.stringify(key.slice(0, 40))}`, async () => {
      await using fixture = await open();
      const bodies = [randomBytes(PART_BYTES), randomBytes(10)] as const;
      const uploadId = await begin(fixture.bucket, key, EVERYTHING);
      const last = await sendPart(fixture.bucket, { key, uploadId, partNumber: 2, body: bodies[1] });
      const first = await sendPart(fixture.bucket, { key, uploadId, partNumber: 1, body: bodies[0] });

      const request = { key, uploadId, parts: [last, first], refuseExisting: false };
      assert.deepEqual(await fixture.bucket.completeUpload(request, signal()), { kind: 'ok' });

      const stored = await fixture.read(key);
      assert.deepEqual(stored?.body, Buffer.concat(bodies));
      assert.equal(stored.headers['expires'], EVERYTHING.expires);
      assert.equal(await fixture.countUploads(key), 0);
    });
  }

  test('uploadPart: is not acknowledged, when the bytes are not those of the CRC32', async () => {
    await using fixture = await open();
    const uploadId = await begin(fixture.bucket, 'key');

    const request = { key: 'key', uploadId, partNumber: 1, body: Buffer.from('sent'), crc32: crc32('meant') };
    const answer = await fixture.bucket.uploadPart(request, signal());

    assert.ok(answer.kind === 'problem');
    assert.equal(answer.scope, 'transient');
    const listed = await fixture.bucket.listParts({ key: 'key', uploadId }, signal());
    assert.deepEqual(listed, { kind: 'ok', gone: false, parts: [] });
  });

  test('uploadPart: answers NoSuchUpload for the file alone, when the upload has vanished', async () => {
    await using fixture = await open();
    const uploadId = await begin(fixture.bucket, 'key');
    await fixture.bucket.abortUpload({ key: 'key', uploadId }, signal());

    const body = Buffer.from('late');
    const answer = await fixture.bucket.uploadPart(
      { key: 'key', uploadId, partNumber: 1, body, crc32: crc32(body) },
      signal(),
    );

    assert.ok(answer.kind === 'problem');
    assert.deepEqual([answer.scope, answer.status, answer.code], ['file', 404, 'NoSuchUpload']);
  });

  test('completeUpload: leaves what is there, when it is to refuse', async () => {
    await using fixture = await open();
    await fixture.bucket.putObject(put('key', Buffer.from('old')), signal());
    const uploadId = await begin(fixture.bucket, 'key');
    const part = await sendPart(fixture.bucket, { key: 'key', uploadId, partNumber: 1, body: Buffer.from('new') });

    const request = { key: 'key', uploadId, parts: [part], refuseExisting: true };
    const answer = await fixture.bucket.completeUpload(request, signal());

    assert.ok(answer.kind === 'problem');
    assert.deepEqual([answer.scope, answer.status, answer.code], ['file', 412, 'PreconditionFailed']);
    assert.equal((await fixture.read('key'))?.body.toString(), 'old');
  });

  test('completeUpload: refuses a part that the bucket does not have', async () => {
    await using fixture = await open();
    const uploadId = await begin(fixture.bucket, 'key');
    const part = await sendPart(fixture.bucket, { key: 'key', uploadId, partNumber: 1, body: Buffer.from('x') });

    const parts = [part, { ...part, partNumber: 2 }];
    const answer = await fixture.bucket.completeUpload(
      { key: 'key', uploadId, parts, refuseExisting: false },
      signal(),
    );

    assert.ok(answer.kind === 'problem');
    assert.deepEqual([answer.scope, answer.code], ['file', 'InvalidPart']);
  });

  test('listParts: gives the parts that the bucket holds, with size and ETag', async () => {
    await using fixture = await open();
    const upload = { key: 'a b/ü', uploadId: await begin(fixture.bucket, 'a b/ü') };
    const third = await sendPart(fixture.bucket, { ...upload, partNumber: 3, body: Buffer.from('333') });
    const first = await sendPart(fixture.bucket, { ...upload, partNumber: 1, body: randomBytes(PART_BYTES) });

    const listed = await fixture.bucket.listParts(upload, signal());

    assert.ok(listed.kind === 'ok' && !listed.gone);
    const bare = (etag: string): string => etag.replaceAll('"', '');
    assert.deepEqual(
      listed.parts.map(({ partNumber, sizeBytes, etag }) => [partNumber, sizeBytes, bare(etag)]),
      [first, third].map(({ partNumber, sizeBytes, etag }) => [partNumber, sizeBytes, bare(etag)]),
    );
  });

  test('listParts: says gone, when the upload has vanished', async () => {
    await using fixture = await open();
    const upload = { key: 'key', uploadId: await begin(fixture.bucket, 'key') };
    await fixture.bucket.abortUpload(upload, signal());

    assert.deepEqual(await fixture.bucket.listParts(upload, signal()), { kind: 'ok', gone: true, parts: [] });
  });

  test('abortUpload: is ok again and again, and leaves nothing behind', async () => {
    await using fixture = await open();
    const upload = { key: 'key', uploadId: await begin(fixture.bucket, 'key') };
    await sendPart(fixture.bucket, { ...upload, partNumber: 1, body: Buffer.from('x') });

    assert.deepEqual(await fixture.bucket.abortUpload(upload, signal()), { kind: 'ok' });
    assert.deepEqual(await fixture.bucket.abortUpload(upload, signal()), { kind: 'ok' });

    assert.equal(await fixture.countUploads('key'), 0);
  });

  for (const key of KEYS) {
    test(`listUploads: gives the uploads of exactly ${JSON.stringify(key.slice(0, 40))}`, async () => {
      await using fixture = await open();
      const ours = [await begin(fixture.bucket, key), await begin(fixture.bucket, key)];
      if (Buffer.byteLength(key) < LONGEST_KEY_BYTES) await begin(fixture.bucket, `${key}0`);

      const listed = await fixture.bucket.listUploads(key, signal());

      assert.ok(listed.kind === 'ok');
      assert.deepEqual(new Set(listed.uploads.map(({ uploadId }) => uploadId)), new Set(ours));
      assert.ok(listed.uploads.every((upload) => upload.key === key));
    });
  }
};

const withFile = async (content: Uint8Array, use: (path: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-station-bucket-'));
  try {
    const path = join(folder, 'file');
    await writeFile(path, content);
    await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ['empty', new Uint8Array(0)],
  ['small', Buffer.from('DateTime,File\n')],
  ['of several parts', randomBytes(2 * PART_BYTES + 1)],
];

const testFiles = (open: () => Promise<BucketFixture>): void => {
  for (const [what, content] of FILES) {
    test(`putFile: puts a file that is ${what} in place of what is there`, async () => {
      await using fixture = await open();
      await fixture.bucket.putObject(put('logs/log ü', Buffer.from('old')), signal());

      await withFile(content, async (path) => {
        const request = { key: 'logs/log ü', path, contentType: 'text/csv' };
        assert.deepEqual(await fixture.bucket.putFile(request, signal()), { kind: 'ok' });
      });

      const stored = await fixture.read('logs/log ü');
      assert.deepEqual(stored?.body, Buffer.from(content));
      assert.equal(stored.headers['content-type'], 'text/csv');
      assert.equal(await fixture.countUploads('logs/log ü'), 0);
    });

    for (const { how, status, code, scope, holdCode } of REFUSALS) {
      test(`putFile: answers ${scope} ${code} for a file that is ${what}, with a bucket that is ${how}`, async () => {
        await using fixture = await open();
        await using broken = await fixture.openBroken(how);

        await withFile(content, async (path) => {
          const answer = await broken.putFile({ key: 'no/log', path, contentType: 'text/csv' }, signal());
          assert.ok(answer.kind === 'problem');
          assert.deepEqual(
            [answer.scope, answer.status, answer.code, answer.holdCode],
            [scope, status, code, holdCode],
          );
        });
      });
    }
  }

  test('putFile: throws, when the file is not there', async () => {
    await using fixture = await open();

    const request = { key: 'log', path: '/nonexistent/log', contentType: 'text/csv' };
    await assert.rejects(fixture.bucket.putFile(request, signal()), { code: 'ENOENT' });
  });

  test('putFile: leaves neither object nor upload behind, when it is stopped on the way', async () => {
    await using fixture = await open();
    const controller = new AbortController();
    const reason = new Error('the test stops it');

    await withFile(randomBytes(4 * PART_BYTES), async (path) => {
      const running = fixture.bucket.putFile({ key: 'log', path, contentType: 'text/csv' }, controller.signal);
      controller.abort(reason);
      await assert.rejects(running, reason);
    });

    assert.equal(await fixture.read('log'), undefined);
    assert.equal(await fixture.countUploads('log'), 0);
  });
};

type Call = (bucket: Bucket, stop: AbortSignal) => Promise<unknown>;

const CALLS: readonly (readonly [string, Call])[] = [
  ['putObject', (bucket, stop) => bucket.putObject(put('key', Buffer.alloc(8 * MIB)), stop)],
  ['createUpload', (bucket, stop) => bucket.createUpload({ key: 'key', properties: PLAIN }, stop)],
  ['abortUpload', (bucket, stop) => bucket.abortUpload({ key: 'key', uploadId: 'any' }, stop)],
  ['listUploads', (bucket, stop) => bucket.listUploads('key', stop)],
  ['listParts', (bucket, stop) => bucket.listParts({ key: 'key', uploadId: 'any' }, stop)],
  ['probe', (bucket, stop) => bucket.probe({ key: 'key', properties: PLAIN }, stop)],
];

const testStopping = (open: () => Promise<BucketFixture>): void => {
  for (const [name, call] of CALLS) {
    test(`${name}: rejects with the signal's reason, when the signal has fallen already`, async () => {
      await using fixture = await open();
      const reason = new Error('the test stops it');

      await assert.rejects(call(fixture.bucket, AbortSignal.abort(reason)), reason);
    });

    test(`${name}: rejects with the signal's reason, when the signal falls on the way`, async () => {
      await using fixture = await open();
      const controller = new AbortController();
      const reason = new Error('the test stops it');

      const running = call(fixture.bucket, controller.signal);
      controller.abort(reason);

      await assert.rejects(running, reason);
    });
  }
};
