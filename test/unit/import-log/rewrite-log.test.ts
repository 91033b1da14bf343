import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { LogRow } from '#import-log/contract.ts';
import { dropFailedRows, failVerified } from '#import-log/rewrite-log.ts';
import { formatWorkingRow, openWorkingLog, readWorkingLog } from '#import-log/working-log.ts';

const row = (path: Buffer, status: number): LogRow => ({
  finishedAt: new Date('2026-01-05T09:00:00Z'),
  path,
  status,
  code: status === 200 ? 'OK' : 'X',
  key: 'k',
  md5: status === 200 ? '0'.repeat(32) : '',
  sizeBytes: 1,
  contentType: 'text/plain',
});

const aLog = async (t: TestContext, rows: readonly LogRow[]): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'rewrite-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'working-log');
  await using log = await openWorkingLog({ path });
  await log.append(Buffer.concat(rows.map(formatWorkingRow)));
  return path;
};

const STATUSES = [103, 200, 404, 500, 499, 412];

test('dropFailedRows: keeps what was loaded or ignored, byte for byte, and leaves nothing beside the log', async (t) => {
  const rows = Array.from({ length: 6000 }, (_, index) =>
    row(Buffer.from([0x66, 0xff, 0x22, 0x0a, ...Buffer.from(String(index))]), STATUSES[index % STATUSES.length] ?? 0),
  );
  const path = await aLog(t, rows);

  await dropFailedRows(path);

  const kept = await Array.fromAsync(readWorkingLog(path), (one) => Buffer.from(formatWorkingRow(one)).toString('hex'));
  const wanted = rows.filter(({ status }) => status === 103 || status === 200);
  assert.deepEqual(
    kept,
    wanted.map((one) => Buffer.from(formatWorkingRow(one)).toString('hex')),
  );
  assert.deepEqual(await readdir(join(path, '..')), ['working-log']);
  await using log = await openWorkingLog({ path });
  await log.append(formatWorkingRow(row(Buffer.from('next'), 200)));
  assert.equal((await Array.fromAsync(readWorkingLog(path))).length, wanted.length + 1);
});

test('dropFailedRows: leaves the log as it was, when it is damaged', async (t) => {
  const path = await aLog(t, [row(Buffer.from('a'), 200)]);
  await writeFile(path, 'no working log\nat all\n');

  await assert.rejects(dropFailedRows(path), { code: 'WorkingLogDamaged' });
  assert.deepEqual(await readdir(join(path, '..')), ['working-log']);
});

test('dropFailedRows: drops those of one code alone, where one is given', async (t) => {
  const verify: LogRow = { ...row(Buffer.from('a'), 500), code: 'VerifyError' };
  const path = await aLog(t, [verify, row(Buffer.from('b'), 500), row(Buffer.from('c'), 200)]);

  await dropFailedRows(path, 'VerifyError');

  const kept = await Array.fromAsync(readWorkingLog(path), (one) => Buffer.from(one.path).toString());
  assert.deepEqual(kept, ['b', 'c']);
});

test('failVerified: gives VerifyError to the loaded rows that are named, and leaves all others', async (t) => {
  const rows = [row(Buffer.from('a'), 200), row(Buffer.from('b'), 200), row(Buffer.from('c'), 404)];
  const path = await aLog(t, rows);

  await failVerified(path, (one) => !Buffer.from('b').equals(one.path));

  const found = await Array.fromAsync(
    readWorkingLog(path),
    (one) => `${String(one.status)} ${one.code} ${one.key} ${one.md5}`,
  );
  assert.deepEqual(found, ['500 VerifyError k ', `200 OK k ${'0'.repeat(32)}`, '404 X k ']);
});
