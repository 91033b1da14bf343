// What happens when nobody reads, or nothing more can be written.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SCRIPT = join(import.meta.dirname, '../../../scripts/import-station');

const runWith = async (
  stdout: 'pipe' | number,
): Promise<{ readonly exitCode: number | null; readonly stderr: string }> => {
  const child = spawn(SCRIPT, ['--help'], { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', stdout, 'pipe'] });
  // The reader goes before a word is said.
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stderr };
};

test('import-station: ends without a word, when the reader of its output has gone', async () => {
  assert.deepEqual(await runWith('pipe'), { exitCode: 0, stderr: '' });
});

test('import-station: says so and ends with 69, when its output cannot be written', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    const { exitCode, stderr } = await runWith(full);

    assert.equal(exitCode, 69);
    assert.match(stderr, /^import-station: Cannot write the output: ENOSPC[^\n]*\n$/u);
  } finally {
    closeSync(full);
  }
});
