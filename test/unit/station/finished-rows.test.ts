import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogRow } from '#import-log/contract.ts';
import { pathHash } from '#import-log/path-hash.ts';
import { openFinishedRows } from '#station/finished-rows.ts';
import { aFolder, aRow } from '../import-log/a-row.ts';

const HASH_KEY = Buffer.alloc(16, 7);
/** So many that a thread helps with their hashes. */
const MANY = 40_000;
const AT_ONCE = 500;
const never = new AbortController().signal;

const manyRows = (count: number): readonly LogRow[] =>
  Array.from({ length: count }, (_, index) => aRow({ path: `file-${String(index)}`, sizeBytes: 3 }));

test('finished rows: the file has the hash of every path, and never waits for the end', async (t) => {
  const path = join(await aFolder(t), 'resume');
  const rows = [...manyRows(MANY), aRow({ path: 'SIGNATURE', status: 103, code: 'Ignored' }), aRow({ status: 400 })];
  await using finished = await openFinishedRows({ path, hashKey: HASH_KEY }, never);

  let unwritten = 0;
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const some = rows.slice(from, from + AT_ONCE);
    await finished.take(some);
    const written = (await stat(path)).size / 16;
    unwritten = Math.max(unwritten, from + some.length - written);
  }
  const { tally, signatureLogged } = await finished.end();

  const hashes = (await readFile(path)).toString('hex').match(/.{32}/gu) ?? [];
  const expected = rows.map((row) => Buffer.from(pathHash(HASH_KEY, row.path)).toString('hex'));
  assert.deepEqual(hashes.toSorted(), expected.toSorted());
  assert.ok(unwritten < 8 * 1024, `${String(unwritten)} hashes were held back`);
  assert.deepEqual(tally, { files: rows.length, bytes: 3 * MANY, failedFiles: 1 });
  assert.equal(signatureLogged, true);
});

test('finished rows: stops where the load does', async (t) => {
  const path = join(await aFolder(t), 'resume');
  const controller = new AbortController();
  await using finished = await openFinishedRows({ path, hashKey: HASH_KEY }, controller.signal);
  await finished.take(manyRows(1));

  controller.abort(new Error('the drive left'));

  await assert.rejects(finished.take(manyRows(1)), /the drive left/u);
});
