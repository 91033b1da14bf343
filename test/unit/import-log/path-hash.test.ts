import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';

const aHash = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constant(new Uint8Array(16).fill(0xff)));

const bigSum = (hashes: readonly Uint8Array[]): string => {
  const sum = hashes.reduce((total, hash) => total + BigInt(`0x${Buffer.from(hash).toString('hex')}`), 0n);
  return (sum % 2n ** 128n).toString(16).padStart(32, '0');
};

const sumOf = (hashes: readonly Uint8Array[]): string => {
  const sum = createPathSum();
  for (const hash of hashes) sum.add(hash);
  return sum.text();
};

test('pathHash: is the first 16 bytes of SHA-256 over key and path', () => {
  const [key, path] = [Buffer.from('0123456789abcdef'), Buffer.from([0x61, 0xff])];
  const expected = createHash('sha256').update(key).update(path).digest().subarray(0, 16);

  assert.deepEqual(Buffer.from(pathHash(key, path)), expected);
});

test('createPathSum: gives 32 zeros, when nothing was added', () => {
  assert.equal(sumOf([]), '0'.repeat(32));
});

test('createPathSum: is the sum modulo 2^128, in any order', () => {
  fc.assert(
    fc.property(fc.array(aHash, { maxLength: 20 }), (hashes) => {
      assert.equal(sumOf(hashes), bigSum(hashes));
      assert.equal(sumOf([...hashes].reverse()), bigSum(hashes));
    }),
  );
});

test('createPathSum: takes a hash out of the middle of a larger buffer', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, index) => index * 5);

  assert.equal(sumOf([bytes.subarray(7, 23)]), Buffer.from(bytes).toString('hex', 7, 23));
});
