// What is counted and made early is believed only where the working log is still the same.

import assert from 'node:assert/strict';
import { appendFile, readFile, rename, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { countLog } from '#import-log/ledger.ts';
import { publishLog, type LogFormat } from '#import-log/publish.ts';
import { formatWorkingRow, openWorkingLog, readWorkingLogBatches } from '#import-log/working-log.ts';
import { createEarlyLog, ensureLog, type EarlyLog, type MadeLog } from '#station/early-log.ts';
import { until } from '../../support/wait.ts';
import { aFolder, aRow } from '../import-log/a-row.ts';

const HASH_KEY = Buffer.alloc(16, 7);
/** Enough to be read at once. */
const MANY_BYTES = 1024 * 1024;
const WRITTEN_AT = new Date('2009-02-03T21:57:43Z');
const never = new AbortController().signal;

interface Scene {
  readonly format: LogFormat;
  readonly path: string;
  readonly target: string;
  readonly early: EarlyLog;
  add(name: string): Promise<void>;
}

const setScene = async (t: TestContext, signal = never): Promise<Scene> => {
  const folder = await aFolder(t);
  const workingLog = join(folder, 'working-log');
  const add = async (name: string): Promise<void> => {
    await using log = await openWorkingLog({ path: workingLog });
    await log.append(formatWorkingRow(aRow({ path: name, key: name })));
  };
  await add('a');
  const format: LogFormat = { workingLog, bucket: 'bench', formulaGuard: true, lineEnd: 'crlf' };
  const path = join(folder, 'early-log');
  const early = createEarlyLog({ format, hashKey: HASH_KEY, path }, signal);
  return { format, path, target: join(folder, 'import-log'), early, add };
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

// Another name in the same number of bytes.
const exchange = async ({ format: { workingLog } }: Scene): Promise<void> => {
  await writeFile(workingLog, (await readFile(workingLog, 'utf8')).replaceAll('"a"', '"c"'));
};

const made = async ({ early, path }: Scene): Promise<MadeLog> => {
  early.finish();
  early.finish();
  await until(() => isThere(path), { what: 'the early log' });
  const log = await early.take();
  assert.ok(log !== undefined);
  return log;
};

test('createEarlyLog: gives the count that was made early', async (t) => {
  const scene = await setScene(t);
  await using early = scene.early;
  const { workingLog } = scene.format;
  const expected = await countLog(readWorkingLogBatches(workingLog), HASH_KEY);
  await utimes(workingLog, WRITTEN_AT, WRITTEN_AT);

  early.finish();
  await until(() => isThere(scene.path), { what: 'the early log' });
  // As it was to all looks, but for what stands in it: so it shows which of the two was counted.
  await exchange(scene);
  await utimes(workingLog, WRITTEN_AT, WRITTEN_AT);

  assert.deepEqual(await early.count(), expected);
});

test('createEarlyLog: counts anew where rows came afterwards, and where nothing was begun', async (t) => {
  const scene = await setScene(t);
  await using early = scene.early;
  await using late = createEarlyLog({ format: scene.format, hashKey: HASH_KEY }, never);

  early.finish();
  await until(() => isThere(scene.path), { what: 'the early log' });
  await scene.add('b');

  assert.equal((await early.count()).all.files, 2);
  assert.deepEqual(await late.count(), await early.count());
});

test('createEarlyLog: follows a log as it grows, and makes of it what is made of it at its end', async (t) => {
  const scene = await setScene(t);
  const { early, format, target } = scene;
  await using log = await openWorkingLog({ path: format.workingLog });
  // Rows that end anywhere within what is read at once; some are read while others come.
  for (let round = 0; round < 40; round += 1) {
    const rows = Buffer.concat(
      Array.from({ length: 100 }, (_, index) => {
        const name = `${String(round)}-${String(index)}${'x'.repeat(round)}`;
        return formatWorkingRow(aRow({ path: name, key: name }));
      }),
    );
    await log.append(rows);
    early.follow(rows.length);
    if (round === 20) await until(() => isThere(`${scene.path}.new`), { what: 'an early log before the end' });
  }

  const count = await early.count();

  assert.deepEqual(count, await countLog(readWorkingLogBatches(format.workingLog), HASH_KEY));
  assert.equal(count.all.files, 4001);
  const made = await early.take();
  await publishLog({ ...format, target });
  assert.deepEqual(await readFile(made?.path ?? ''), await readFile(target));
});

test('createEarlyLog: reads a row whose second half comes later', async (t) => {
  const { early, format, path } = await setScene(t);
  const row = formatWorkingRow(aRow({ path: 'b', key: 'b' }));
  await appendFile(format.workingLog, row.subarray(0, 20));
  early.follow(MANY_BYTES);
  await until(async () => (await textOf(`${path}.new`)).includes('"a"'), { what: 'the first row' });
  await appendFile(format.workingLog, row.subarray(20));

  const count = await early.count();

  assert.equal(count.all.files, 2);
  assert.match(await textOf((await early.take())?.path ?? ''), /"a",200.*\r\n.*"b",200/u);
});

const STRANGE_LOGS: Readonly<Record<string, (workingLog: string) => Promise<void>>> = {
  'another log takes its place': async (workingLog) => {
    await writeFile(`${workingLog}.new`, (await readFile(workingLog, 'utf8')).replaceAll('"a"', '"c"'));
    await rename(`${workingLog}.new`, workingLog);
  },
  'it becomes shorter': async (workingLog) => {
    const { size } = await stat(workingLog);
    await truncate(workingLog, size - formatWorkingRow(aRow({ path: 'b', key: 'b' })).length);
  },
};

for (const [what, change] of Object.entries(STRANGE_LOGS)) {
  test(`createEarlyLog: believes nothing of a log that it followed where ${what}`, async (t) => {
    const scene = await setScene(t);
    await using early = scene.early;
    const { workingLog } = scene.format;
    await scene.add('b');
    early.follow(MANY_BYTES);
    await until(async () => (await textOf(`${scene.path}.new`)).includes('"b"'), { what: 'both rows' });
    await change(workingLog);

    const count = await early.count();

    assert.deepEqual(count, await countLog(readWorkingLogBatches(workingLog), HASH_KEY));
    assert.equal(await early.take(), undefined);
    assert.deepEqual([await isThere(scene.path), await isThere(`${scene.path}.new`)], [false, false]);
  });
}

test('createEarlyLog: makes nothing early where the disk is nearly full, and counts all the same', async (t) => {
  const { format, path } = await setScene(t);
  await using early = createEarlyLog({ format, hashKey: HASH_KEY, path, leaveFreeBytes: Number.MAX_VALUE }, never);
  early.finish();

  const count = await early.count();

  assert.equal(count.all.files, 1);
  assert.equal(await early.take(), undefined);
  assert.deepEqual([await isThere(path), await isThere(`${path}.new`)], [false, false]);
});

test('createEarlyLog: stops in the middle, and leaves nothing', async (t) => {
  const scene = await setScene(t);
  const { early, path } = scene;
  early.follow(MANY_BYTES);
  await until(async () => (await textOf(`${path}.new`)).includes('"a"'), { what: 'a begun log' });

  await early[Symbol.asyncDispose]();

  assert.deepEqual([await isThere(path), await isThere(`${path}.new`)], [false, false]);
});

test('createEarlyLog: fails where the count is asked for, not where it begins', async (t) => {
  const { format } = await setScene(t);
  const gone = { ...format, workingLog: `${format.workingLog}-gone` };
  await using early = createEarlyLog({ format: gone, hashKey: HASH_KEY }, never);

  early.finish();

  await assert.rejects(early.count(), { code: 'StateDiskFailed' });
});

test('createEarlyLog: leaves no file that nobody took', async (t) => {
  const { early, path } = await setScene(t);
  early.finish();
  await until(() => isThere(path), { what: 'the early log' });

  await early[Symbol.asyncDispose]();

  assert.equal(await isThere(path), false);
});

test('createEarlyLog: makes no file where it is ended, or where none is wanted', async (t) => {
  const { early, path } = await setScene(t, AbortSignal.abort());
  early.finish();
  const other = await setScene(t);
  await using counting = createEarlyLog({ format: other.format, hashKey: HASH_KEY }, never);
  counting.finish();
  await counting.count();

  assert.deepEqual([await early.take(), await counting.take()], [undefined, undefined]);
  assert.deepEqual([await isThere(path), await isThere(other.path)], [false, false]);
  assert.equal(await isThere(`${path}.new`), false);
});

test('ensureLog: takes the file that was made early', async (t) => {
  const scene = await setScene(t);
  const log = await made(scene);
  const { ino } = await stat(log.path);

  await ensureLog(scene.format, scene.target, log);

  assert.equal((await stat(scene.target)).ino, ino);
  assert.equal(await isThere(log.path), false);
  const expected = join(scene.target, '..', 'expected');
  await publishLog({ ...scene.format, target: expected });
  assert.deepEqual(await readFile(scene.target), await readFile(expected));
});

const CHANGES: Readonly<Record<string, (scene: Scene, log: MadeLog) => Promise<LogFormat>>> = {
  'rows came afterwards': async ({ format, add }) => {
    await add('c');
    return format;
  },
  'another working log took its place': async (scene) => {
    const { workingLog } = scene.format;
    await exchange(scene);
    await writeFile(`${workingLog}.new`, await readFile(workingLog));
    await rename(`${workingLog}.new`, workingLog);
    return scene.format;
  },
  'it is to be written in another way': async (scene) => {
    await scene.add('c');
    return { ...scene.format, lineEnd: 'lf' };
  },
  'the file is gone': async (scene, { path }) => {
    await exchange(scene);
    await rename(path, `${path}-gone`);
    return scene.format;
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`ensureLog: makes the log anew where ${what}`, async (t) => {
    const scene = await setScene(t);
    const log = await made(scene);
    const format = await change(scene, log);

    await ensureLog(format, scene.target, log);

    const text = await readFile(scene.target, 'utf8');
    assert.match(text, /"c",200,OK/u);
    assert.equal(text.includes('\r\n'), format.lineEnd === 'crlf');
    assert.equal(await isThere(scene.path), false);
  });
}
