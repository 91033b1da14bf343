// What the benchmark measures of a program that is not the station.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MIB } from '#language/units.ts';
import { buildOwn } from '../../bench/go-programs.ts';
import { runMeasured, type RunFigures } from '../../bench/measured-run.ts';
import { processesWith } from '../support/part.ts';
import { until } from '../support/wait.ts';

let folder = '';
let tool = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'measured-run-'));
  tool = await buildOwn('measured-run', folder);
});
after(() => rm(folder, { recursive: true }));

const measure = (
  program: string,
  args: readonly string[],
  signal = new AbortController().signal,
): Promise<RunFigures> =>
  runMeasured({ tool, folder, command: { program, args, env: { PATH: '/usr/bin:/bin' } } }, signal);

test('runMeasured: gives time, CPU time and peak memory of the program', async () => {
  const code = 'const all = Buffer.alloc(200 * 2 ** 20, 1); const at = Date.now(); while (Date.now() - at < 300);';

  const { seconds, cpuSeconds, peakRssBytes } = await measure(process.execPath, ['-e', code]);

  assert.ok(seconds >= 0.3 && cpuSeconds > 0.1, JSON.stringify({ seconds, cpuSeconds }));
  assert.ok(peakRssBytes > 200 * MIB && peakRssBytes < 600 * MIB, String(peakRssBytes));
});

test('runMeasured: fails with what the program said', async () => {
  await assert.rejects(measure('/bin/sh', ['-c', 'echo no such bucket >&2; exit 3']), /ended with 3:\nno such bucket/u);
});

test('runMeasured: fails where there is no such program', async () => {
  await assert.rejects(measure(join(folder, 'missing'), []));
});

test('runMeasured: a stop ends the program, too, before it is told', async () => {
  const stopping = new AbortController();
  const mark = `600.${String(process.pid)}`;
  const measured = measure('/bin/sleep', [mark], stopping.signal);
  await until(async () => (await processesWith(`sleep\0${mark}`)).length > 0, { what: 'the program runs' });

  stopping.abort();

  await assert.rejects(measured, /Cannot run/u);
  assert.deepEqual(await processesWith(mark), []);
});
