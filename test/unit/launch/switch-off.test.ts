import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { switchOff } from '#launch/switch-off.ts';

const sysFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sys-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

test('switchOff: writes to the switch of a SCSI device', async (t) => {
  const folder = sysFolder(t);
  mkdirSync(join(folder, 'sdb', 'device'), { recursive: true });
  writeFileSync(join(folder, 'sdb', 'device', 'delete'), '');

  assert.equal(await switchOff('sdb', folder), true);

  assert.equal(readFileSync(join(folder, 'sdb', 'device', 'delete'), 'utf8'), '1');
});

test('switchOff: changes nothing, for a drive without such a switch', async (t) => {
  const folder = sysFolder(t);
  mkdirSync(join(folder, 'loop3'));

  assert.equal(await switchOff('loop3', folder), false);
});
