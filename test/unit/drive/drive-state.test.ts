import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { readDriveState, type KernelFolders } from '#drive/drive-state.ts';

const makeFolders = async (t: TestContext, files: Readonly<Record<string, string>>): Promise<KernelFolders> => {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  t.after(() => rm(folder, { recursive: true }));
  const folders = { sysFolder: join(folder, 'sys'), deviceFolder: join(folder, 'dev') };
  await mkdir(join(folders.sysFolder, 'sda', 'device'), { recursive: true });
  await mkdir(folders.deviceFolder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folders;
};

const DRIVE = { 'sys/sda/diskseq': '12\n', 'sys/sda/size': '62914560\n', 'dev/sda': '' };

test('readDriveState: reads the counter of a SCSI drive, which is hex', async (t) => {
  const folders = await makeFolders(t, { ...DRIVE, 'sys/sda/device/ioerr_cnt': '0x4a1\n' });

  assert.deepEqual(await readDriveState('sda', folders), { diskSequence: 12, sectors: 62_914_560, ioErrors: 1185 });
});

test('readDriveState: has no counter where the kernel has none', async (t) => {
  const folders = await makeFolders(t, DRIVE);

  assert.deepEqual(await readDriveState('sda', folders), { diskSequence: 12, sectors: 62_914_560 });
});

for (const missing of Object.keys(DRIVE)) {
  test(`readDriveState: is gone without ${missing}`, async (t) => {
    const folders = await makeFolders(
      t,
      Object.fromEntries(Object.entries(DRIVE).filter(([name]) => name !== missing)),
    );

    assert.equal(await readDriveState('sda', folders), undefined);
  });
}
