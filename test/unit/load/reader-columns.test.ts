// Questions and answers about whole files in columns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRequestPacker, packReplies, unpackReplies, unpackRequests } from '#load/reader-columns.ts';
import type { ReaderReply, ReaderRequest } from '#load/reader-messages.ts';

const memory = new SharedArrayBuffer(16);

const whole = (id: number, name: string, into = memory): ReaderRequest => ({
  id,
  kind: 'whole',
  file: { directoryFd: 10 + id, name, sizeBytes: 100 * id },
  target: { memory: into, offset: 4096 * id, length: 100 * id },
});

test('unpackRequests: gives what was packed, whatever bytes the names have', () => {
  const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
  const name = fc.array(byte, { minLength: 1, maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (names) => {
      const requests = names.map((one, id) => whole(id, one));

      const packed = createRequestPacker()(requests);

      assert.ok(packed.whole !== undefined);
      assert.deepEqual(unpackRequests(packed.whole, memory), requests);
      assert.deepEqual(packed.others, []);
    }),
  );
});

test('createRequestPacker: names a memory once, and what goes elsewhere stands among the others', () => {
  const pack = createRequestPacker();
  const elsewhere = new SharedArrayBuffer(16);
  const close: ReaderRequest = { id: 0, kind: 'close', openId: 7 };

  const first = pack([close]);
  const second = pack([whole(1, 'a'), whole(2, 'b', elsewhere), close]);
  const third = pack([whole(3, 'c')]);
  const fourth = pack([whole(4, 'd', elsewhere)]);

  assert.deepEqual(first, { others: [close] });
  assert.equal(second.whole?.memory, memory);
  assert.deepEqual(second.others, [whole(2, 'b', elsewhere), close]);
  assert.ok(third.whole !== undefined && !('memory' in third.whole));
  assert.equal(fourth.whole?.memory, elsewhere);
});

for (const isSigned of [false, true]) {
  test(`unpackReplies: gives what was packed, ${isSigned ? 'with' : 'without'} SHA-256`, () => {
    const reply = (id: number): ReaderReply => ({
      id,
      kind: 'whole',
      md5: String(id).repeat(32),
      ...(isSigned ? { sha256: String(id).repeat(64) } : {}),
    });
    const problem: ReaderReply = { id: 9, kind: 'problem', code: 'ReadError', detail: 'EIO' };

    const packed = packReplies([reply(1), problem, reply(2)]);

    assert.deepEqual(unpackReplies(packed.whole, isSigned), [reply(1), reply(2)]);
    assert.deepEqual(packed.others, [problem]);
  });
}
