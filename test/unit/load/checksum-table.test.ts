import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { createChecksumTable, RECORD_BYTES } from '#load/checksum-table.ts';
import { countOf } from '../../support/counts.ts';

const hashOf = (text: string): Buffer => createHash('md5').update(text).digest();
const recordOf = (number: number): Buffer =>
  Buffer.concat([hashOf(`path ${String(number)}`), hashOf(`content ${String(number)}`)]);

test('createChecksumTable: knows each file by its path, and says which have not agreed', () => {
  const count = countOf({ usual: 2000, long: 1_000_000 });
  const table = createChecksumTable(count);
  for (let number = 0; number < count; number += 1) table.addAll(recordOf(number));

  for (let number = 0; number < count; number += 1) {
    const path = hashOf(`path ${String(number)}`);
    const isGood = number % 3 !== 0;
    assert.ok(table.has(path));
    assert.equal(
      table.agree(path, hashOf(`${isGood ? 'content' : 'other'} ${String(number)}`).toString('hex')),
      isGood,
    );
  }

  assert.equal(table.size, count);
  const others = [...table.others()].map((hash) => Buffer.from(hash).toString('hex'));
  const bad = Array.from({ length: Math.ceil(count / 3) }, (_value, index) => hashOf(`path ${String(index * 3)}`));
  assert.deepEqual(
    others,
    bad.map((hash) => hash.toString('hex')),
  );
});

test('createChecksumTable: knows nothing of other paths', () => {
  const table = createChecksumTable(1);
  table.addAll(recordOf(1));

  assert.equal(table.has(hashOf('path 2')), false);
  assert.equal(table.agree(hashOf('path 2'), hashOf('content 2').toString('hex')), false);
  assert.equal([...table.others()].length, 1);
});

test('createChecksumTable: takes whole records, and no more than were announced', () => {
  const table = createChecksumTable(1);

  assert.throws(() => {
    table.addAll(new Uint8Array(RECORD_BYTES - 1));
  }, RangeError);
  assert.throws(() => {
    table.addAll(new Uint8Array(2 * RECORD_BYTES));
  }, RangeError);
});

test('createChecksumTable: can be empty', () => {
  const table = createChecksumTable(0);

  assert.equal(table.has(hashOf('path')), false);
  assert.deepEqual([...table.others()], []);
});
