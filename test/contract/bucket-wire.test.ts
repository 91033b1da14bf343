// What a bucket's lanes send, byte for byte, and how they take answers that a healthy service never gives.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { s3Error, startScriptedS3, type ScriptedAnswer } from '../support/scripted-s3.ts';
import { deadline, HELLO, HELLO_MD5, LANES, PLAIN } from './lanes.ts';
import { until } from '../support/wait.ts';

const putHello = (properties = PLAIN) => ({
  ...{ key: 'a/b c+ü', body: HELLO, md5: HELLO_MD5, properties, refuseExisting: false },
});
const partHello = { key: 'key', uploadId: 'upload', partNumber: 1, body: HELLO, crc32: crc32(HELLO) };

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const ok = (headers: Readonly<Record<string, string>> = {}): ScriptedAnswer => ({ status: 200, headers });

const stored = (): ScriptedAnswer => ok({ etag: `"${HELLO_MD5}"` });

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ENCRYPTIONS = [
  ['none', undefined, undefined],
  ['s3', 'AES256', undefined],
  ['kms', 'aws:kms', undefined],
  [`kms:${ARN}`, 'aws:kms', ARN],
] as const;

for (const { lane, open } of LANES) {
  describe(lane, () => {
    test('putObject: sends one request with Content-MD5, the whole body signed, the key encoded', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open(s3.access);

      assert.deepEqual(await bucket.putObject(putHello(), deadline()), { kind: 'ok' });

      const [request, ...more] = s3.requests;
      assert.deepEqual(more, []);
      assert.equal(request?.method, 'PUT');
      assert.equal(request.url.split('?')[0], '/toady/a/b%20c%2B%C3%BC');
      assert.equal(request.headers['content-md5'], Buffer.from(HELLO_MD5, 'hex').toString('base64'));
      assert.equal(request.headers['x-amz-content-sha256'], sha256(HELLO));
      assert.equal(request.headers['content-length'], '5');
      assert.deepEqual(request.body, HELLO);
    });

    test('putObject, uploadPart: leave bodies unsigned on a network that is trusted', async () => {
      await using s3 = await startScriptedS3(({ headers }) => {
        const crc32 = headers['x-amz-checksum-crc32'];
        return crc32 === undefined ? stored() : ok({ etag: '"a"', 'x-amz-checksum-crc32': String(crc32) });
      });
      await using bucket = open({ ...s3.access, isNetworkTrusted: true });

      const put = await bucket.putObject(putHello(), deadline());
      const part = await bucket.uploadPart(partHello, deadline());

      assert.deepEqual([put.kind, part.kind], ['ok', 'ok']);
      assert.deepEqual(
        s3.requests.map(({ headers }) => headers['x-amz-content-sha256']),
        ['UNSIGNED-PAYLOAD', 'UNSIGNED-PAYLOAD'],
      );
    });

    for (const [sse, ...expected] of ENCRYPTIONS) {
      test(`bucket: asks for the encryption ${sse} where an object is made or its upload begins`, async () => {
        const begun = '<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>';
        await using s3 = await startScriptedS3(({ method, headers }) =>
          method === 'POST'
            ? { status: 200, body: begun }
            : ok({ etag: '"e"', 'x-amz-checksum-crc32': String(headers['x-amz-checksum-crc32']) }),
        );
        await using bucket = open({ ...s3.access, sse });

        await bucket.putObject(putHello(), deadline());
        await bucket.createUpload({ key: 'key', properties: PLAIN }, deadline());
        await bucket.uploadPart(partHello, deadline());

        const asked = s3.requests.map(({ headers }) => [
          headers['x-amz-server-side-encryption'],
          headers['x-amz-server-side-encryption-aws-kms-key-id'],
        ]);
        assert.deepEqual(asked, [expected, expected, [undefined, undefined]]);
      });
    }

    test('putObject, uploadPart: sign the SHA-256 that they are given', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open(s3.access);

      await bucket.putObject({ ...putHello(), sha256: sha256(HELLO) }, deadline());
      await bucket.uploadPart({ ...partHello, sha256: sha256(HELLO) }, deadline());

      const [put, part] = s3.requests;
      assert.deepEqual(
        [put, part].map((request) => request?.headers['x-amz-content-sha256']),
        [sha256(HELLO), sha256(HELLO)],
      );
    });

    test('putObject: sends no header that nobody asked for', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open(s3.access);

      await bucket.putObject(putHello(), deadline());

      const headers = s3.requests[0]?.headers ?? {};
      const absent = [
        'x-amz-acl',
        'x-amz-storage-class',
        'expires',
        'if-none-match',
        'cache-control',
        'content-encoding',
        'expect',
      ];
      assert.deepEqual(
        absent.filter((name) => name in headers),
        [],
      );
      assert.equal(headers['content-type'], 'text/plain');
    });

    test('putObject: sends the properties as the manifest wrote them, letters beyond ASCII as UTF-8', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open(s3.access);
      const properties = {
        ...PLAIN,
        expires: 'when the cows come home',
        acl: 'authenticated-read',
        storageClass: 'REDUCED_REDUNDANCY',
        metadata: { greeting: 'Grüße 日本' },
      };

      await bucket.putObject({ ...putHello(properties), refuseExisting: true }, deadline());

      const headers = s3.requests[0]?.headers ?? {};
      assert.equal(headers['expires'], 'when the cows come home');
      assert.equal(headers['x-amz-acl'], 'authenticated-read');
      assert.equal(headers['x-amz-storage-class'], 'REDUCED_REDUNDANCY');
      assert.equal(headers['if-none-match'], '*');
      // Node gives each byte as a character.
      assert.equal(Buffer.from(String(headers['x-amz-meta-greeting']), 'latin1').toString(), 'Grüße 日本');
      assert.match(String(headers.authorization), /SignedHeaders=[^,]*;expires;[^,]*;x-amz-acl;/u);
    });

    test('putObject: names the owner that the bucket must have', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open({ ...s3.access, expectedBucketOwner: '123456789012' });

      await bucket.putObject(putHello(), deadline());

      assert.equal(s3.requests[0]?.headers['x-amz-expected-bucket-owner'], '123456789012');
    });

    const OTHER_MD5 = createHash('md5').update('other').digest('hex');

    const etags = [
      { etag: `"${HELLO_MD5}"`, outcome: 'ok', why: 'the ETag is the MD5' },
      { etag: HELLO_MD5.toUpperCase(), outcome: 'ok', why: 'the ETag is the MD5 in capitals, bare' },
      { etag: `"${OTHER_MD5}"`, outcome: 'BadDigest', why: 'the ETag is another MD5' },
      { etag: `"${OTHER_MD5}-1"`, outcome: 'ok', why: 'the ETag is no MD5' },
      { etag: '""', outcome: 'NotS3Answer', why: 'the ETag is empty' },
      { etag: `"${OTHER_MD5}"`, kms: 'aws:kms', outcome: 'ok', why: 'a KMS key makes the ETag something else' },
      { etag: `"${OTHER_MD5}"`, kms: 'aws:kms:dsse', outcome: 'ok', why: 'two KMS keys make the ETag something else' },
      {
        etag: `"${OTHER_MD5}"`,
        kms: 'AES256',
        outcome: 'BadDigest',
        why: "the bucket's own key leaves the ETag an MD5",
      },
    ];
    for (const { etag, kms, outcome, why } of etags) {
      test(`putObject: gives ${outcome}, where ${why}`, async () => {
        const encryption = kms === undefined ? {} : { 'x-amz-server-side-encryption': kms };
        await using s3 = await startScriptedS3(() => ok({ etag, ...encryption }));
        await using bucket = open(s3.access);

        const answer = await bucket.putObject(putHello(), deadline());

        assert.equal(answer.kind === 'ok' ? 'ok' : `${answer.code}`, outcome);
        if (answer.kind === 'problem') assert.equal(answer.scope, 'transient');
      });
    }

    for (const status of [500, 503]) {
      test(`putObject: asks once and no more, when the bucket answers ${String(status)}`, async () => {
        await using s3 = await startScriptedS3(() => s3Error(status, 'SlowDown'));
        await using bucket = open(s3.access);

        const answer = await bucket.putObject(putHello(), deadline());

        assert.ok(answer.kind === 'problem');
        assert.deepEqual(
          [answer.scope, answer.status, answer.code, answer.message],
          ['transient', status, 'SlowDown', 'as scripted'],
        );
        assert.equal(s3.requests.length, 1);
      });
    }

    test('putObject: waits a connection out that breaks', async () => {
      await using s3 = await startScriptedS3(() => ({ status: 0 }));
      await using bucket = open(s3.access);

      const answer = await bucket.putObject(putHello(), deadline());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status, answer.code], ['transient', 0, 'ECONNRESET']);
    });

    test("putObject: takes a proxy's page for what its status says", async () => {
      await using s3 = await startScriptedS3(() => ({ status: 502, body: '<html>Bad gateway</html>' }));
      await using bucket = open(s3.access);

      const answer = await bucket.putObject(putHello(), deadline());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status], ['transient', 502]);
    });

    test('putObject: holds by WrongRegion, when the bucket has moved', async () => {
      await using s3 = await startScriptedS3(() =>
        s3Error(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' }),
      );
      await using bucket = open(s3.access);

      const answer = await bucket.putObject(putHello(), deadline());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.status, answer.holdCode], ['bucket', 301, 'WrongRegion']);
      assert.equal(s3.requests.length, 1);
    });

    test('putObject: goes on refusing, when the clock is off, instead of correcting it in silence', async () => {
      const date = new Date(Date.now() - 60 * 60 * 1000).toUTCString();
      await using s3 = await startScriptedS3(() => s3Error(403, 'RequestTimeTooSkewed', { date }));
      await using bucket = open(s3.access);

      await bucket.putObject(putHello(), deadline());
      const answer = await bucket.putObject(putHello(), deadline());

      assert.ok(answer.kind === 'problem');
      assert.equal(answer.holdCode, 'RequestTimeTooSkewed');
      const [first, second] = s3.requests.map(({ headers }) =>
        String(headers['x-amz-date']).slice(0, 'YYYYMMDDTHH'.length),
      );
      assert.equal(second, first);
    });

    test('putObject: stops promptly, while the bucket says nothing', async () => {
      await using s3 = await startScriptedS3(() => undefined);
      await using bucket = open(s3.access);
      const controller = new AbortController();
      const reason = new Error('the test stops it');

      const ended = assert.rejects(bucket.putObject(putHello(), controller.signal), reason);
      await until(() => s3.requests.length === 1, { what: 'the request has arrived' });
      controller.abort(reason);

      await ended;
    });

    test('putObject: uses its connection again', async () => {
      await using s3 = await startScriptedS3(() => stored());
      await using bucket = open(s3.access);

      await bucket.putObject(putHello(), deadline());
      await bucket.putObject(putHello(), deadline());

      const [first, second] = s3.requests.map(({ port }) => port);
      assert.ok(first !== undefined && first === second);
    });

    test('createUpload: says that parts will have a CRC32', async () => {
      const body = '<InitiateMultipartUploadResult><UploadId>upload 1</UploadId></InitiateMultipartUploadResult>';
      await using s3 = await startScriptedS3(() => ({ status: 200, body }));
      await using bucket = open(s3.access);

      const created = await bucket.createUpload(
        { key: 'key', properties: { ...PLAIN, acl: 'public-read' } },
        deadline(),
      );

      assert.deepEqual(created, { kind: 'ok', uploadId: 'upload 1' });
      assert.equal(s3.requests[0]?.headers['x-amz-checksum-algorithm'], 'CRC32');
      assert.equal(s3.requests[0].headers['x-amz-acl'], 'public-read');
      assert.equal(s3.requests[0].headers['content-type'], 'text/plain');
    });

    test('uploadPart: sends the CRC32 and no second digest, when the bucket repeats it', async () => {
      await using s3 = await startScriptedS3(({ headers }) =>
        ok({ etag: '"e"', 'x-amz-checksum-crc32': String(headers['x-amz-checksum-crc32']) }),
      );
      await using bucket = open(s3.access);

      const sent = await bucket.uploadPart(partHello, deadline());

      const part = { partNumber: 1, etag: '"e"', sizeBytes: HELLO.length, crc32: crc32(HELLO) };
      assert.deepEqual(sent, { kind: 'ok', part });
      assert.equal(s3.requests.length, 1);
      assert.equal(s3.requests[0]?.headers['x-amz-checksum-crc32'], 'NhCmhg==');
      assert.equal(s3.requests[0].headers['content-md5'], undefined);
    });

    test('uploadPart: sends an unchecked part again with Content-MD5, and so the next ones', async () => {
      await using s3 = await startScriptedS3(() => ok({ etag: '"e"' }));
      await using bucket = open(s3.access);

      assert.equal((await bucket.uploadPart(partHello, deadline())).kind, 'ok');
      assert.equal((await bucket.uploadPart(partHello, deadline())).kind, 'ok');

      const digests = s3.requests.map(({ headers }) => [headers['x-amz-checksum-crc32'], headers['content-md5']]);
      const md5 = Buffer.from(HELLO_MD5, 'hex').toString('base64');
      assert.deepEqual(digests, [
        ['NhCmhg==', undefined],
        [undefined, md5],
        [undefined, md5],
      ]);
    });

    test('uploadPart: is not acknowledged, when the bucket has another CRC32', async () => {
      await using s3 = await startScriptedS3(() => ok({ etag: '"e"', 'x-amz-checksum-crc32': 'AAAAAA==' }));
      await using bucket = open(s3.access);

      const answer = await bucket.uploadPart(partHello, deadline());

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.code], ['transient', 'BadDigest']);
    });

    test('completeUpload: names parts in their order with ETag and CRC32', async () => {
      await using s3 = await startScriptedS3(() => ({
        status: 200,
        body: '<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>',
      }));
      await using bucket = open(s3.access);
      const part = { sizeBytes: 5, crc32: crc32(HELLO) };

      const parts = [
        { ...part, partNumber: 2, etag: '"b"' },
        { ...part, partNumber: 1, etag: '"a"' },
      ];
      const request = { key: 'key', uploadId: 'upload', parts, refuseExisting: true };
      assert.deepEqual(await bucket.completeUpload(request, deadline()), { kind: 'ok' });

      const body = String(s3.requests[0]?.body);
      assert.deepEqual(
        [...body.matchAll(/<PartNumber>(\d+)</gu)].map(([, number]) => number),
        ['1', '2'],
      );
      assert.deepEqual(
        [...body.matchAll(/<ETag>(.*?)</gu)].map(([, etag]) => etag?.replaceAll('&quot;', '"')),
        ['"a"', '"b"'],
      );
      assert.equal([...body.matchAll(/<ChecksumCRC32>NhCmhg==</gu)].length, 2);
      assert.equal(s3.requests[0]?.headers['if-none-match'], '*');
    });

    test('completeUpload: takes an error that comes with status 200 for what it is', async () => {
      await using s3 = await startScriptedS3(() => ({ ...s3Error(200, 'InternalError') }));
      await using bucket = open(s3.access);
      const parts = [{ partNumber: 1, etag: '"a"', sizeBytes: 5, crc32: 1 }];

      const answer = await bucket.completeUpload(
        { key: 'key', uploadId: 'upload', parts, refuseExisting: false },
        deadline(),
      );

      assert.ok(answer.kind === 'problem');
      assert.deepEqual([answer.scope, answer.code], ['transient', 'InternalError']);
    });

    test('listUploads: reads page after page, as long as they are of the key', async () => {
      const page = (upload: string, next: string): ScriptedAnswer => ({
        status: 200,
        body: `<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
      <NextKeyMarker>a+b</NextKeyMarker><NextUploadIdMarker>${next}</NextUploadIdMarker>${upload}</ListMultipartUploadsResult>`,
      });
      const upload = (key: string, uploadId: string): string =>
        `<Upload><Key>${key}</Key><UploadId>${uploadId}</UploadId></Upload>`;
      const pages = [page(upload('a+b', '1'), '1'), page(upload('a+b', '2') + upload('a+b0', '3'), '3')];
      await using s3 = await startScriptedS3((_request, index) => pages[index] ?? s3Error(500, 'AskedTooOften'));
      await using bucket = open(s3.access);

      const listed = await bucket.listUploads('a b', deadline());

      const uploads = [
        { key: 'a b', uploadId: '1' },
        { key: 'a b', uploadId: '2' },
      ];
      assert.deepEqual(listed, { kind: 'ok', uploads });
      const second = new URL(s3.requests[1]?.url ?? '', s3.access.endpoint).searchParams;
      assert.deepEqual([second.get('key-marker'), second.get('upload-id-marker')], ['a b', '1']);
    });

    test('probe: gives the upload up that it began, and says when it could not', async () => {
      const body = '<InitiateMultipartUploadResult><UploadId>begun</UploadId></InitiateMultipartUploadResult>';
      await using s3 = await startScriptedS3(({ method }) =>
        method === 'POST' ? { status: 200, body } : s3Error(403, 'AccessDenied'),
      );
      await using bucket = open(s3.access);

      const answer = await bucket.probe({ key: 'key', properties: PLAIN }, deadline());

      assert.ok(answer.kind === 'problem');
      assert.equal(answer.code, 'AccessDenied');
      assert.deepEqual(
        s3.requests.map(({ method }) => method),
        ['POST', 'DELETE'],
      );
      assert.match(s3.requests[1]?.url ?? '', /uploadId=begun/u);
    });

    test('putObject: has 200 requests on their way at once', async () => {
      await using s3 = await startScriptedS3(() => undefined);
      await using bucket = open(s3.access);
      const controller = new AbortController();
      const reason = new Error('the test stops it');

      const running = Array.from({ length: 200 }, () => bucket.putObject(putHello(), controller.signal));
      const ended = Promise.all(running.map((each) => assert.rejects(each, reason)));
      await until(() => s3.requests.length === running.length, { what: 'all requests have arrived' });
      controller.abort(reason);

      await ended;
    });
  });
}
