// The set of what is done.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PATH_HASH_BYTES } from '#import-log/path-hash.ts';
import { createDoneSet } from '#load/done-set.ts';

const hash = fc.uint8Array({ minLength: PATH_HASH_BYTES, maxLength: PATH_HASH_BYTES });
// Few different bytes and words, so that hashes meet in one slot and differ in one word only.
const meetingHash = fc
  .array(fc.constantFrom(0, 0, 1, 16, 255), { minLength: PATH_HASH_BYTES, maxLength: PATH_HASH_BYTES })
  .map((bytes) => Uint8Array.from(bytes));

test('createDoneSet: has what was added and nothing else, however many were expected', () => {
  const hashes = fc.array(fc.oneof(hash, meetingHash), { maxLength: 200 });
  fc.assert(
    fc.property(hashes, hashes, fc.nat(100), (added, others, expected) => {
      const set = createDoneSet(expected);
      for (const one of added) set.addAll(one);

      const known = new Set(added.map((one) => Buffer.from(one).toString('hex')));
      assert.equal(set.size, known.size);
      for (const one of [...added, ...others]) {
        assert.equal(set.has(one), known.has(Buffer.from(one).toString('hex')));
      }
    }),
    { numRuns: 500 },
  );
});

test('createDoneSet: takes many hashes in one call', () => {
  const set = createDoneSet(3);
  set.addAll(Buffer.concat([Buffer.alloc(16, 1), Buffer.alloc(16, 0), Buffer.alloc(16, 2)]));

  assert.equal(set.size, 3);
  assert.ok(set.has(Buffer.alloc(16, 0)));
  assert.ok(set.has(Buffer.alloc(16, 2)));
  assert.ok(!set.has(Buffer.alloc(16, 3)));
});

test('createDoneSet: takes and finds hashes that lie anywhere in a memory', () => {
  const set = createDoneSet(1);
  const hash = Buffer.from('0123456789abcdef');
  const shifted = Buffer.concat([Buffer.alloc(3), hash]).subarray(3);
  set.addAll(shifted);

  assert.ok(set.has(hash));
  assert.ok(set.has(shifted));
  assert.equal(set.size, 1);
});

test('createDoneSet: refuses a length that is no multiple of a hash', () => {
  assert.throws(() => createDoneSet(1).addAll(Buffer.alloc(17)), RangeError);
});

test('createDoneSet: needs 20 bytes a hash, when as many come as were expected', () => {
  const count = 100_000;
  const set = createDoneSet(count);
  const one = Buffer.alloc(PATH_HASH_BYTES);
  for (let index = 1; index <= count; index += 1) {
    one.writeUInt32BE(Math.imul(index, 0x9e3779b1) >>> 0, 0);
    one.writeUInt32BE(index, 4);
    set.addAll(one);
  }

  assert.equal(set.size, count);
  assert.equal(set.tableBytes, 20 * count);
});
