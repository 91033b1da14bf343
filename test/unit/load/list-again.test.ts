// The second listing: number and sum of all names, without the names.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createAnswerCount } from '#drive/answer-count.ts';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import { listAgain, startListThread, type ListAgainConfig } from '#load/list-again.ts';
import type { StopReason } from '#load/stop-switch.ts';

const never = new AbortController().signal;
const GOES_ON = { reason: undefined };
const hashKey = Buffer.alloc(16, 3);
const NAMES = ['a', 'folder/b', 'folder/c\u00fc', 'folder/deeper/d'];

const setUp = (t: TestContext): ListAgainConfig => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'list-again-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  fs.mkdirSync(path.join(root, 'folder/deeper'), { recursive: true });
  for (const name of NAMES) fs.writeFileSync(path.join(root, name), '');
  return { root, maxDepth: 9, hashKey, answers: createAnswerCount() };
};

test('listAgain: gives number and sum of all names', async (t) => {
  const config = setUp(t);
  const sum = createPathSum();
  for (const name of NAMES) sum.add(pathHash(hashKey, Buffer.from(name)));

  const listing = await listAgain(config, startListThread(), GOES_ON, never);

  assert.deepEqual(listing, { files: 4, fingerprint: sum.text(), inputErrors: 0, isWhole: true });
  assert.ok(config.answers.count > 0n);
});

test('listAgain: is not whole where a folder is too deep, or the root is gone', async (t) => {
  const config = setUp(t);

  const shallow = await listAgain({ ...config, maxDepth: 1 }, startListThread(), GOES_ON, never);
  const gone = await listAgain({ ...config, root: path.join(config.root, 'gone') }, startListThread(), GOES_ON, never);

  assert.deepEqual([shallow?.files, shallow?.isWhole], [4, false]);
  assert.deepEqual([gone?.files, gone?.isWhole], [0, false]);
});

test('listAgain: is whole with a link in a folder, which may hold no more names', async (t) => {
  const config = setUp(t);
  fs.symlinkSync('b', path.join(config.root, 'folder/link'));

  const listing = await listAgain(config, startListThread(), GOES_ON, never);

  assert.deepEqual([listing?.files, listing?.isWhole], [5, true]);
});

for (const { what, isAborted } of [
  { what: 'gives nothing where the load is stopped', isAborted: false },
  { what: 'ends with the signal’s reason', isAborted: true },
]) {
  test(`listAgain: ${what}`, async (t) => {
    const config = setUp(t);
    const controller = new AbortController();
    const stopSwitch: { reason: StopReason | undefined } = { reason: undefined };

    const listing = listAgain(config, startListThread(), stopSwitch, controller.signal);
    if (isAborted) controller.abort(new Error('enough'));
    else stopSwitch.reason = { code: 'Interrupted', message: '', details: {} };

    if (isAborted) await assert.rejects(listing, /enough/u);
    else assert.equal(await listing, undefined);
  });
}
