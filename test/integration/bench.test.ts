// The benchmark as a whole, with tiny data sets: whole loads and reading alone into its null sink. The peers are not built
// for this.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { run } from '../support/run.ts';
import { PRODUCT_FOLDER } from '../support/station.ts';
import { until } from '../support/wait.ts';

const DEADLINE_MS = 300_000;
const EXIT_INTERRUPTED = 130;

const jsonSchema = z.object({
  machine: z.object({ cores: z.number() }),
  scale: z.number(),
  failures: z.array(z.unknown()),
  rows: z.array(
    z.object({
      set: z.string(),
      sink: z.string(),
      case: z.string(),
      program: z.string(),
      switches: z.string(),
      filesPerSecond: z.number().positive(),
      bytesPerSecond: z.number().positive(),
      cpuSeconds: z.number().positive(),
      peakRssBytes: z.number().positive(),
      sinkCpuSeconds: z.number(),
      plugToLogSeconds: z.number().optional(),
      runs: z.number(),
    }),
  ),
});

interface Scene {
  readonly folder: string;
  /** TMPDIR of the benchmark: everything that it makes lies there. */
  readonly temporary: string;
}

const setScene = async (t: TestContext): Promise<Scene> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  t.after(() => rm(folder, { recursive: true }));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  // Stations go through it as another user.
  await run('chmod', ['755', folder, temporary]);
  return { folder, temporary };
};

const startBench = ({ temporary }: Scene, ...args: readonly string[]) => {
  const child = spawn(process.execPath, [join(PRODUCT_FOLDER, 'bench', 'main.ts'), ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const stdout: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code);
  return { child, ended, said: () => said.join(''), stdout: () => stdout.join('') };
};

/** What a benchmark has left behind. */
const leftOf = async ({ temporary }: Scene): Promise<readonly string[]> => [
  ...(await readdir(temporary)),
  ...(await run('losetup', ['--all'])).split('\n').filter((line) => line.includes(temporary)),
  ...(await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(temporary)),
];

const PART = ['--sink', 'null', '--program', 'import-station,read-and-md5', '--wait', '0'] as const;

test('bench: measures each contender in each cell, tells it as report, JSON and plot, and leaves nothing', async (t) => {
  const scene = await setScene(t);
  const files = ['json', 'report', 'plot'].map((name) => [`--${name}`, join(scene.folder, name)] as const);

  const bench = startBench(
    scene,
    ...PART,
    ...'--only S --case warm --scale 0.005 --runs 1'.split(' '),
    ...files.flat(),
  );

  assert.equal(await bench.ended, 0, bench.said());
  const text = async (name: string): Promise<string> => readFile(join(scene.folder, name), 'utf8');
  const { rows, scale, failures } = jsonSchema.parse(JSON.parse(await text('json')));
  assert.deepEqual([scale, failures], [0.005, []]);
  assert.deepEqual(
    rows
      .map(({ set, case: when, program, switches, runs }) => [set, when, program, switches, runs].join(' '))
      .toSorted(),
    [
      'S warm import-station bodies signed 1',
      'S warm import-station trusted network 1',
      'S warm read-and-md5 1 thread 1',
      'S warm read-and-md5 2 threads 1',
    ],
  );
  for (const { program, plugToLogSeconds } of rows)
    assert.equal(plugToLogSeconds !== undefined, program === 'import-station');
  assert.equal(await text('report'), bench.stdout());
  assert.match(await text('report'), /^# Results of the benchmark\n[\s\S]*\| import-station/u);
  assert.match(await text('plot'), /<svg [\s\S]*import-station[\s\S]*<\/svg>/u);
  assert.deepEqual(await leftOf(scene), []);
});

test('bench: takes away what it made when it is stopped in the middle', async (t) => {
  const scene = await setScene(t);
  const bench = startBench(scene, ...PART, ...'--only S --case late --scale 0.5 --runs 100'.split(' '));
  // While the second round reads or loads: the drive is in a port, and the station has been measured once.
  await until(() => bench.said().includes('round 1 of 100: read-and-md5'), {
    what: 'the first round is over',
    deadlineMs: DEADLINE_MS,
    describe: bench.said,
  });
  await until(async () => (await run('losetup', ['--all'])).includes(`${scene.temporary}/`), {
    what: 'a drive is attached',
  });

  bench.child.kill('SIGINT');

  assert.equal(await bench.ended, EXIT_INTERRUPTED, bench.said());
  assert.deepEqual(await leftOf(scene), []);
});

test('bench: refuses what it does not know, with the exit code for that', async (t) => {
  const scene = await setScene(t);
  const bench = startBench(scene, '--only', 'Q');

  assert.equal(await bench.ended, 2);
  assert.equal(
    bench.said(),
    'bench: --only names "Q", expected S, M, L, W, D, or several with commas\nbench: --help tells the options\n',
  );
});
