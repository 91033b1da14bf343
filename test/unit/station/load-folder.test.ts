// What of a load's folder goes, and what stays.

import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { dropEarlyLog, loadFolder, makeLoadFolder, tidyLoadFolder } from '#station/load-folder.ts';
import { jobIdOf } from '../../support/store-samples.ts';
import { aFolder } from '../import-log/a-row.ts';

const aJobId = jobIdOf('9C3SL');
const LEFT_BY_A_CRASH = ['early-log', 'early-log.new'];

test('dropEarlyLog: removes what a killed daemon left of one, and nothing else', async (t) => {
  const files = loadFolder(await aFolder(t), aJobId);
  await makeLoadFolder(files);
  for (const name of [...LEFT_BY_A_CRASH, 'working-log', 'parts']) await writeFile(join(files.folder, name), name);

  await dropEarlyLog(files);
  await dropEarlyLog(files);

  assert.deepEqual((await readdir(files.folder)).sort(), ['parts', 'working-log']);
});

test('tidyLoadFolder: leaves the working log alone', async (t) => {
  const files = loadFolder(await aFolder(t), aJobId);
  await makeLoadFolder(files);
  const importLog = `import-log-${aJobId}`;
  const others = ['parts', 'keys.db', 'resume', importLog, `${importLog}.new`, ...LEFT_BY_A_CRASH];
  for (const name of [...others, 'working-log']) await writeFile(join(files.folder, name), name);

  await tidyLoadFolder(files);

  assert.deepEqual(await readdir(files.folder), ['working-log']);
});

test('dropEarlyLog: says that the disk failed where it cannot be removed', async (t) => {
  const files = loadFolder(await aFolder(t), aJobId);
  await makeLoadFolder(files);
  await mkdir(files.earlyLog);

  await assert.rejects(dropEarlyLog(files), { code: 'StateDiskFailed' });
});
