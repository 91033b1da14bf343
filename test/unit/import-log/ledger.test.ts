import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Count, LogCount, LogRow } from '#import-log/contract.ts';
import { countLog, judge } from '#import-log/ledger.ts';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import { aRow } from './a-row.ts';

const HASH_KEY = Buffer.alloc(16, 7);

// In two batches, as a long log comes.
async function* stream(rows: readonly LogRow[]): AsyncGenerator<readonly LogRow[]> {
  yield rows.slice(0, 1);
  yield rows.slice(1);
}

const count = (rows: readonly LogRow[]): Promise<LogCount> => countLog(stream(rows), HASH_KEY);

// As a walk counts: from names and sizes alone.
const walked = (files: readonly (readonly [path: string, sizeBytes: number])[]): Count => {
  const sum = createPathSum();
  for (const [path] of files) sum.add(pathHash(HASH_KEY, Buffer.from(path)));
  return {
    files: files.length,
    bytes: files.reduce((total, [, sizeBytes]) => total + sizeBytes, 0),
    fingerprint: sum.text(),
  };
};

const LOADED = [aRow({ path: 'a', sizeBytes: 10 }), aRow({ path: 'b', sizeBytes: 20 })];
const IGNORED = aRow({ path: 'SIGNATURE', status: 103, code: 'Ignored', sizeBytes: 90 });
const FAILED = [
  aRow({ path: 'c', status: 403, code: 'AccessDenied', sizeBytes: 5 }),
  aRow({ path: 'd', status: 500, code: 'ReadError', sizeBytes: 6 }),
  aRow({ path: 'e', status: 500, code: 'ReadError', sizeBytes: 0 }),
  aRow({ path: 'f', status: 400, code: '__proto__', sizeBytes: 0 }),
];

test('countLog: counts files and bytes by what became of them, and failures by code', async () => {
  const counted = await count([IGNORED, ...LOADED, ...FAILED]);

  assert.deepEqual(counted.loaded, { files: 2, bytes: 30 });
  assert.deepEqual(counted.ignored, { files: 1, bytes: 90 });
  assert.deepEqual(counted.failed, { files: 4, bytes: 11 });
  assert.deepEqual({ ...counted.all, fingerprint: '' }, { files: 7, bytes: 131, fingerprint: '' });
  assert.deepEqual(Object.entries(counted.failedByCode), [
    ['AccessDenied', 1],
    ['ReadError', 2],
    ['__proto__', 1],
  ]);
});

test('countLog: counts a row as loaded, when status, code and MD5 all say so', async () => {
  const counted = await count([
    aRow({ path: 'a', code: 'HTTP200' }),
    aRow({ path: 'b', md5: '' }),
    aRow({ path: 'c', status: 201 }),
    aRow({ path: 'd' }),
  ]);

  assert.equal(counted.loaded.files, 1);
  assert.deepEqual(counted.failedByCode, { HTTP200: 1, OK: 2 });
});

test('judge: says completed, when every file found has its row and none failed', async () => {
  const found = walked([
    ['b', 20],
    ['SIGNATURE', 90],
    ['a', 10],
  ]);

  assert.deepEqual(judge(found, await count([IGNORED, ...LOADED])), { kind: 'completed' });
});

test('judge: says success-with-errors with the number of failed files, when rows failed', async () => {
  const found = walked([
    ['a', 10],
    ['b', 20],
    ['c', 5],
    ['d', 6],
    ['e', 0],
    ['f', 0],
  ]);

  assert.deepEqual(judge(found, await count([...LOADED, ...FAILED])), { kind: 'success-with-errors', failedFiles: 4 });
});

const messageOf = async (found: Count, rows: readonly LogRow[]): Promise<string> => {
  const verdict = judge(found, await count(rows));
  return verdict.kind === 'unbalanced' ? verdict.message : verdict.kind;
};

test('judge: says which numbers differ, when a file has no row, one row too many, another size or another name', async () => {
  const found = walked([
    ['a', 10],
    ['b', 20],
  ]);

  const missing = await messageOf(found, LOADED.slice(0, 1));
  assert.match(
    missing,
    /2 files found, 1 in the log \(loaded 1, ignored 0, failed 0\); 30 bytes found, 10 in the log/u,
  );
  assert.match(await messageOf(found, [...LOADED, aRow({ path: 'a' })]), /^2 files found, 3 in the log .*names/u);
  assert.match(
    await messageOf(found, [...LOADED.slice(0, 1), aRow({ path: 'b', sizeBytes: 21 })]),
    /^30 bytes found, 31 in the log[^;]*$/u,
  );
  assert.match(
    await messageOf(found, [...LOADED.slice(0, 1), aRow({ path: 'B', sizeBytes: 20 })]),
    /^the names found are not those in the log/u,
  );
});

test('judge: counts the parts against the walk, when the log as a whole has other numbers', async () => {
  const found = walked([
    ['a', 10],
    ['b', 20],
  ]);
  const counted = await count(LOADED);

  assert.equal(judge(found, { ...counted, loaded: { files: 1, bytes: 10 } }).kind, 'unbalanced');
});
