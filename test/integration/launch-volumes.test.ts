// What a loader is given of a volume that holds more than its file system shows at once.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { loadRequest, startLauncher } from '../support/launcher.ts';
import { startLoader } from '../support/loader.ts';
import { makeImage, plug, setDefaultSubvolume } from '../support/loop.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'launch-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

test('load: gives a loader all of a btrfs, whichever of its subvolumes is the default one', async () => {
  const image = await makeImage({
    path: join(folder, 'subvolumes.img'),
    fsType: 'btrfs',
    files: { outside: 'o' },
    populate: async (root) => {
      await setDefaultSubvolume(join(root, 'inner'));
      await writeFile(join(root, 'inner', 'inside'), 'i');
    },
  });
  await using launcher = await startLauncher([image]);
  await using drive = await plug(image);

  await using loader = await startLoader(launcher, await loadRequest(drive, 'btrfs'));

  assert.deepEqual(Object.keys(loader.looked.digests).toSorted(), ['/drive/inner/inside', '/drive/outside']);
});
