import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { LogRow } from '#import-log/contract.ts';
import { dropFailedRows } from '#import-log/drop-failed.ts';
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
  const folder = await mkdtemp(join(tmpdir(), 'drop-failed-'));
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
