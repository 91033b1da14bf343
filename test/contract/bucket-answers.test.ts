// What a bucket's lanes take for an acknowledgement: an answer of S3 and nothing else that comes with a status of success.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { Bucket } from '#bucket/contract.ts';
import { s3Error, startScriptedS3, type ScriptedAnswer } from '../support/scripted-s3.ts';
import { deadline, HELLO, HELLO_MD5, LANES, PLAIN } from './lanes.ts';

const putHello = () => ({ key: 'key', body: HELLO, md5: HELLO_MD5, properties: PLAIN, refuseExisting: false });
const partHello = { key: 'key', uploadId: 'upload', partNumber: 1, body: HELLO, crc32: crc32(HELLO) };
const ok = (headers: Readonly<Record<string, string>>): ScriptedAnswer => ({ status: 200, headers });

for (const { lane, open } of LANES) {
  describe(lane, () => {
    const unacknowledged: readonly (ScriptedAnswer & { readonly what: string })[] = [
      { what: "a proxy's page", status: 200, headers: { 'content-type': 'text/html' }, body: '<html>log in</html>' },
      { what: 'nothing', status: 200 },
      { what: 'no content', status: 204 },
      { what: 'XML that was cut off', status: 200, body: '<?xml version="1.0"?><PutObj' },
      { what: 'an error and a line feed', status: 200, body: '<Error><Code>InternalError</Code></Error>\n' },
    ];
    for (const { what, ...answer } of unacknowledged) {
      test(`putObject: is not acknowledged by ${String(answer.status)} with ${what}`, async () => {
        await using s3 = await startScriptedS3(() => answer);
        await using bucket = open(s3.access);

        const said = await bucket.putObject(putHello(), deadline());

        assert.ok(said.kind === 'problem');
        assert.deepEqual([said.scope, said.holdCode], ['transient', 'NotS3Answer']);
      });

      test(`putFile: is not acknowledged by ${String(answer.status)} with ${what}`, async () => {
        await using s3 = await startScriptedS3(({ method }) => (method === 'PUT' ? answer : { status: 200 }));
        await using bucket = open(s3.access);

        const said = await bucket.putFile(
          { key: 'log', path: import.meta.filename, contentType: 'text/csv' },
          deadline(),
        );

        assert.ok(said.kind === 'problem');
        assert.deepEqual([said.scope, said.holdCode], ['transient', 'NotS3Answer']);
      });
    }

    const LOG_SIZE = String(statSync(import.meta.filename).size);
    const looks: readonly (ScriptedAnswer & { readonly what: string; readonly outcome: string })[] = [
      { what: 'there', status: 200, headers: { etag: '"e"', 'content-length': LOG_SIZE }, outcome: 'ok' },
      { what: 'not to be looked at', status: 403, outcome: 'ok' },
      { what: 'not there', status: 404, outcome: 'transient' },
      { what: 'shorter', status: 200, headers: { etag: '"e"', 'content-length': '7' }, outcome: 'transient' },
      { what: 'another', status: 200, headers: { etag: '"f"', 'content-length': LOG_SIZE }, outcome: 'transient' },
    ];
    for (const { what, outcome, ...answer } of looks) {
      test(`putFile: gives ${outcome}, when the stored file is ${what}`, async () => {
        await using s3 = await startScriptedS3(({ method }) => {
          if (method === 'HEAD') return answer;
          return method === 'PUT' ? ok({ etag: '"e"' }) : s3Error(403, 'AccessDenied');
        });
        await using bucket = open(s3.access);

        const said = await bucket.putFile(
          { key: 'log', path: import.meta.filename, contentType: 'text/csv' },
          deadline(),
        );

        assert.equal(said.kind === 'ok' ? 'ok' : said.scope, outcome);
        assert.equal(s3.requests.filter(({ method }) => method === 'HEAD').length, 1);
      });
    }

    for (const { what, ...answer } of unacknowledged) {
      const calls = {
        createUpload: (bucket: Bucket) => bucket.createUpload({ key: 'key', properties: PLAIN }, deadline()),
        uploadPart: (bucket: Bucket) => bucket.uploadPart(partHello, deadline()),
        completeUpload: (bucket: Bucket) => {
          const parts = [{ partNumber: 1, etag: '"a"', sizeBytes: 5, crc32: 1 }];
          return bucket.completeUpload({ key: 'key', uploadId: 'upload', parts, refuseExisting: false }, deadline());
        },
      };
      for (const [name, call] of Object.entries(calls)) {
        test(`${name}: is not acknowledged by ${String(answer.status)} with ${what}`, async () => {
          await using s3 = await startScriptedS3(() => answer);
          await using bucket = open(s3.access);

          const said = await call(bucket);

          assert.ok(said.kind === 'problem');
          assert.equal(said.scope, 'transient');
          if (said.code !== 'InternalError') assert.equal(said.holdCode, 'NotS3Answer');
        });
      }
    }
  });
}
