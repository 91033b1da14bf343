import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HELP, parseOptions } from '../../../bench/options.ts';

const optionsOf = (...args: readonly string[]) => {
  const parsed = parseOptions(args);
  assert.ok(parsed.kind === 'ok', JSON.stringify(parsed));
  return parsed.options;
};

test('parseOptions: without arguments measures everything, five times, and writes report and plot', () => {
  const { json, ...options } = optionsOf();

  assert.equal(json, undefined);
  assert.deepEqual(options, {
    mode: 'compare',
    sets: ['S', 'M', 'L', 'W', 'D'],
    sinks: ['null', 'minio'],
    cases: ['warm', 'cold', 'tls', 'late'],
    programs: ['import-station', 'rclone', 'mc', 'lib-storage', 'read-and-md5'],
    runs: 5,
    scale: 1,
    waitSeconds: 300,
    files: [],
    report: 'bench/RESULTS.md',
    plot: 'bench/plot.svg',
  });
});

test('parseOptions: a part leaves the report of the whole alone, unless a file is named', () => {
  const part = optionsOf('--only', 'L,S', '--sink', 'null', '--case', 'warm', '--program', 'rclone');
  const named = optionsOf('--scale', '0.05', '--report', '/tmp/r.md', '--plot', '/tmp/p.svg', '--json', '/tmp/j.json');

  assert.deepEqual(part.sets, ['S', 'L']);
  assert.deepEqual([part.sinks, part.cases, part.programs], [['null'], ['warm'], ['rclone']]);
  assert.deepEqual([part.report, part.plot], [undefined, undefined]);
  assert.deepEqual([named.report, named.plot, named.json], ['/tmp/r.md', '/tmp/p.svg', '/tmp/j.json']);
});

test('parseOptions: waiting longer or shorter leaves nothing out', () => {
  const { waitSeconds, report } = optionsOf('--wait', '0');

  assert.deepEqual([waitSeconds, report], [0, 'bench/RESULTS.md']);
});

test('parseOptions: former comparisons make the report and plot of the whole', () => {
  const { mode, files, report, plot } = optionsOf('--join', 'a.json,b.json');

  assert.deepEqual([mode, files], ['join', ['a.json', 'b.json']]);
  assert.deepEqual([report, plot], ['bench/RESULTS.md', 'bench/plot.svg']);
});

for (const [args, message] of [
  [['--only', 'S,X'], '--only names "X", expected S, M, L, W, D, or several with commas'],
  [['--sink', ''], '--sink names "", expected null, minio, or several with commas'],
  [['--runs', '0'], '--runs is "0", expected a whole number from 1 to 100'],
  [['--runs', '2.5'], '--runs is "2.5", expected a whole number from 1 to 100'],
  [['--scale', '2'], '--scale is "2", expected a number from 0.0001 to 1'],
  [['--scale', '1e-2'], '--scale is "1e-2", expected a number from 0.0001 to 1'],
  [['--wait', '-1'], /--wait/u],
  [['--memory', '--only', 'S'], '--only is not known to --memory'],
  [['--quick', '--scale', '0.5'], '--scale is not known to --quick'],
  [['--quick', '--memory'], '--quick and --memory exclude each other'],
  [['--join', 'a.json', '--runs', '1'], '--runs is not known to --join'],
  [['--join', 'a.json', '--memory'], '--memory and --join exclude each other'],
  [['--sets', 'S'], /--sets/u],
  [['S'], /positional/u],
] as const) {
  test(`parseOptions: refuses ${args.join(' ')}`, () => {
    const parsed = parseOptions(args);

    assert.ok(parsed.kind === 'problem', JSON.stringify(parsed));
    if (typeof message === 'string') assert.equal(parsed.message, message);
    else assert.match(parsed.message, message);
  });
}

test('HELP: names every option', () => {
  const options = [
    'only',
    'sink',
    'case',
    'program',
    'runs',
    'scale',
    'wait',
    'json',
    'report',
    'plot',
    'quick',
    'memory',
    'join',
  ];

  assert.deepEqual(
    options.filter((name) => !HELP.includes(`--${name} `)),
    [],
  );
  assert.equal(parseOptions(['--help', '--quick']).kind, 'help');
});
