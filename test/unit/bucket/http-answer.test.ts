// Answers of HTTP/1.1, whole and in pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAnswerReader, type HttpAnswer } from '#bucket/http-answer.ts';

const KIB = 1024;

const readIn = (text: string, pieceBytes: number): HttpAnswer | undefined => {
  const reader = createAnswerReader();
  const bytes = Buffer.from(text, 'latin1');
  let answer: HttpAnswer | undefined;
  for (let place = 0; place < bytes.length && answer === undefined; place += pieceBytes) {
    answer = reader.push(bytes.subarray(place, place + pieceBytes));
  }
  return answer;
};

const whole = [
  {
    what: 'a body of a length',
    text: 'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 5\r\n\r\nhello',
    expected: { status: 200, body: 'hello', keepsAlive: true, etag: '"a"' },
  },
  {
    what: 'no reason phrase',
    text: 'HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n',
    expected: { status: 503, body: '', keepsAlive: true, etag: undefined },
  },
  {
    what: 'a connection that closes',
    text: 'HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 0\r\n\r\n',
    expected: { status: 200, body: '', keepsAlive: false, etag: undefined },
  },
  {
    what: 'HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n',
    expected: { status: 200, body: '', keepsAlive: false, etag: undefined },
  },
  {
    what: 'HTTP/1.0 that keeps alive',
    text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
    expected: { status: 200, body: '', keepsAlive: true, etag: undefined },
  },
  {
    what: 'status 204, which has no body',
    text: 'HTTP/1.1 204 No Content\r\nETag: "b"\r\n\r\n',
    expected: { status: 204, body: '', keepsAlive: true, etag: '"b"' },
  },
  {
    what: 'chunks, an extension and a trailer',
    text: 'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n',
    expected: { status: 400, body: 'abc0123456789', keepsAlive: true, etag: undefined },
  },
  {
    what: '100 Continue before it',
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    expected: { status: 200, body: 'ok', keepsAlive: true, etag: undefined },
  },
  {
    what: 'a name that comes twice',
    text: 'HTTP/1.1 200 OK\r\netag: "a"\r\nETag: "b"\r\nContent-Length: 0\r\n\r\n',
    expected: { status: 200, body: '', keepsAlive: true, etag: '"a", "b"' },
  },
];
for (const { what, text, expected } of whole) {
  for (const pieceBytes of [1, 7, 4096]) {
    test(`push: reads an answer with ${what}, in pieces of ${String(pieceBytes)} bytes`, () => {
      const answer = readIn(text, pieceBytes);

      assert.ok(answer !== undefined);
      const { status, body, keepsAlive, headers } = answer;
      assert.deepEqual({ status, body, keepsAlive, etag: headers['etag'] }, expected);
    });
  }
}

const malformed = [
  { what: 'another protocol', text: 'SSH-2.0-OpenSSH_9.2\r\n\r\n' },
  { what: 'another version', text: 'HTTP/2 200\r\n\r\n' },
  { what: 'a status of two digits', text: 'HTTP/1.1 20 OK\r\n\r\n' },
  { what: 'a line that is no header', text: 'HTTP/1.1 200 OK\r\nno header\r\n\r\n' },
  { what: 'a header that is continued', text: 'HTTP/1.1 200 OK\r\na: b\r\n c: d\r\n\r\n' },
  { what: 'a blank before the colon', text: 'HTTP/1.1 200 OK\r\na : b\r\n\r\n' },
  { what: 'a length that is no number', text: 'HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\n' },
  { what: 'two lengths', text: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n' },
  { what: 'a coding nobody asked for', text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n' },
  {
    what: 'a length and chunks',
    text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n',
  },
  { what: 'a chunk without a size', text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n' },
  { what: 'a chunk that is too long', text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n' },
  { what: 'a head without an end', text: `HTTP/1.1 200 OK\r\na: ${'b'.repeat(70 * KIB)}` },
  {
    what: 'a chunk line without an end',
    text: `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'b'.repeat(5 * KIB)}`,
  },
];
for (const { what, text } of malformed) {
  test(`push: takes nothing for an answer that has ${what}`, () => {
    assert.throws(() => readIn(text, text.length), { code: 'ERR_MALFORMED_ANSWER' });
  });
}

test('push: keeps the first 64 KiB of a body and reads on to its end', () => {
  const size = 200 * KIB;

  const answer = readIn(`HTTP/1.1 500 X\r\ncontent-length: ${String(size)}\r\n\r\n${'a'.repeat(size)}`, 10_000);

  assert.equal(answer?.body.length, 64 * KIB);
  assert.equal(answer.keepsAlive, true);
});

test('push: does not keep a connection that says more than its answer', () => {
  const answer = readIn('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc', 4096);

  assert.equal(answer?.body, 'a');
  assert.equal(answer.keepsAlive, false);
});

test('end: is the end of an answer without a length, and of no other', () => {
  const open = createAnswerReader();
  assert.equal(open.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhel')), undefined);
  assert.equal(open.push(Buffer.from('lo')), undefined);
  const cutOff = createAnswerReader();
  cutOff.push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel'));
  const headless = createAnswerReader();
  headless.push(Buffer.from('HTTP/1.1 200 O'));

  const answer = open.end();

  assert.deepEqual([answer?.body, answer?.keepsAlive], ['hello', false]);
  assert.equal(cutOff.end(), undefined);
  assert.equal(headless.end(), undefined);
});

test('push: reads one answer after another', () => {
  const reader = createAnswerReader();
  const first = reader.push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na'));
  const second = reader.push(Buffer.from('HTTP/1.1 404 No\r\ncontent-length: 1\r\n\r\nb'));

  assert.deepEqual([first?.body, second?.body, second?.status], ['a', 'b', 404]);
});

test('push: reads any body in any chunks and any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, unit: 'binary-ascii' })),
      fc.integer({ min: 1, max: 50 }),
      (chunks, piece) => {
        const coded = [...chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`), '0\r\n\r\n'].join('');

        const answer = readIn(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${coded}`, piece);

        assert.equal(answer?.body, chunks.join(''));
      },
    ),
  );
});
