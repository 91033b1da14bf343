// Rows and folders for the tests of the import log.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LogRow } from '#import-log/contract.ts';

/** A loaded file, with changes; the path may be given as text. */
export const aRow = ({
  path = 'a.txt',
  ...changes
}: Partial<Omit<LogRow, 'path'>> & { path?: string | Uint8Array } = {}): LogRow => ({
  finishedAt: new Date('2009-02-03T21:57:43Z'),
  path: typeof path === 'string' ? Uint8Array.from(Buffer.from(path)) : path,
  status: 200,
  code: 'OK',
  key: 'a.txt',
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sizeBytes: 0,
  contentType: 'text/plain',
  ...changes,
});

/** A folder of its own for a test, removed after it. */
export const aFolder = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'import-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Every value of an async iterable: for tests, whose logs are short. */
export const collect = async <Value>(values: AsyncIterable<Value>): Promise<readonly Value[]> => {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
};
