import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from 'prettier';
import { busyBetween } from '../../../bench/machine.ts';
import { drawPlot } from '../../../bench/plot.ts';
import { formatReport } from '../../../bench/report.ts';
import { formatJson, summarize, type Results, type Run } from '../../../bench/results.ts';
import { checkCells, parseJson } from '../../../bench/read-results.ts';
import { median } from '../../../bench/statistics.ts';

const CELL = { set: 'S', sink: 'null', case: 'warm' } as const;

const runOf = (program: Run['contender']['program'], switches: string, seconds: number, further = {}): Run => ({
  ...{ cell: CELL, contender: { program, switches }, files: 1_000, bytes: 10_000_000, seconds },
  ...{ cpuSeconds: seconds * 2, peakRssBytes: 100 * 2 ** 20, sinkCpuSeconds: 0.1, ...further },
});

const RUNS: readonly Run[] = [
  runOf('import-station', 'defaults', 0.2, { plugToLogSeconds: 3, loaderPeakRssBytes: 1 }),
  runOf('rclone', 'a | b', 0.5),
  runOf('read-and-md5', '1 thread', 0.15),
  runOf('read-and-md5', '2 threads', 0.1),
  runOf('import-station', 'defaults', 0.4, { plugToLogSeconds: 4, loaderPeakRssBytes: 2 }),
  runOf('import-station', 'defaults', 0.25, { plugToLogSeconds: 5, loaderPeakRssBytes: 3 }),
];

const RESULTS: Results = {
  startedAt: new Date('2026-11-20T10:00:00Z'),
  endedAt: new Date('2026-11-20T10:58:00Z'),
  machine: { cpu: 'Example CPU', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: '6.1', node: 'v26', commit: 'abc' },
  versions: { rclone: 'v1.76.0' },
  ...{ scale: 1, runs: 3, busiest: 0.04 },
  sets: [{ name: 'S', title: '1,000 small files', totalBytes: 10_000_000 }],
  rows: summarize(RUNS),
  failures: [{ cell: CELL, contender: { program: 'mc', switches: 'mirror' }, message: 'it fell\nover' }],
};

test('median: is the middle one, or the mean of the two in the middle', () => {
  assert.deepEqual([median([3]), median([9, 1, 5]), median([4, 1, 3, 2])], [3, 5, 2.5]);
  assert.throws(() => median([]), RangeError);
});

test('summarize: gives each contender of a cell one row, with the medians of its runs', () => {
  const rows = summarize(RUNS);

  assert.deepEqual(
    rows.map(({ program, switches, runs }) => [program, switches, runs]),
    [
      ['import-station', 'defaults', 3],
      ['rclone', 'a | b', 1],
      ['read-and-md5', '1 thread', 1],
      ['read-and-md5', '2 threads', 1],
    ],
  );
  assert.deepEqual(rows[0], {
    ...CELL,
    ...{ program: 'import-station', switches: 'defaults', files: 1_000, bytes: 10_000_000 },
    ...{ seconds: 0.25, filesPerSecond: 4_000, bytesPerSecond: 40_000_000, cpuSeconds: 0.5 },
    ...{ peakRssBytes: 100 * 2 ** 20, sinkCpuSeconds: 0.1, plugToLogSeconds: 4, loaderPeakRssBytes: 2 },
    ...{ runs: 3, fastestSeconds: 0.2, slowestSeconds: 0.4 },
  });
  assert.equal(rows[1] !== undefined && 'plugToLogSeconds' in rows[1], false);
});

test('formatJson: has the machine and the rows', () => {
  const told = JSON.parse(formatJson(RESULTS)) as Results;

  assert.equal(told.machine.cores, 2);
  assert.deepEqual(told.rows, JSON.parse(JSON.stringify(RESULTS.rows)));
});

test('formatReport: tells conditions, figures, ratios and what failed, in the layout of the repository', async () => {
  const report = await formatReport([RESULTS]);

  assert.equal(await check(report, { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' }), true);
  assert.match(report, /2026-11-20 10:00 UTC, 58 minutes; medians of 3 runs/u);
  const row = (start: RegExp): readonly string[] =>
    (report.split('\n').find((line) => start.test(line)) ?? '').split(/(?<!\\)\|/u).map((cell) => cell.trim());
  assert.deepEqual(row(/^\| import-station/u).slice(1, -1), [
    ...['import-station', 'defaults', '4,000', '40.0', '0.50', '50.00', '100', '0.40', '1.00', ''],
    ...['0.25 (0.20 to 0.40)', '0.10'],
  ]);
  assert.deepEqual(row(/^\| rclone/u).slice(2, 4), ['`a \\| b`', '2,000']);
  assert.deepEqual(row(/^\| rclone/u).slice(8, 11), ['0.20', '2.00', '1 of 1']);
  assert.match(report, /- S null warm, mc \(`mirror`\): it fell\n/u);
  assert.doesNotMatch(report, /trial/u);
  assert.match(await formatReport([{ ...RESULTS, scale: 0.05 }]), /trial with data sets of 0\.05 of their size/u);
});

test('summarize: counts the rounds in which the station that trusts the network was faster, cell by cell', () => {
  const elsewhere = { cell: { ...CELL, sink: 'minio' } };
  const rows = summarize([
    ...[
      runOf('import-station', 'bodies signed', 9),
      runOf('import-station', 'trusted network', 2),
      runOf('mc', 'm', 3),
    ],
    ...[
      runOf('import-station', 'bodies signed', 9),
      runOf('import-station', 'trusted network', 4),
      runOf('mc', 'm', 3),
    ],
    ...[runOf('mc', 'm', 3, elsewhere)],
  ]);

  assert.deepEqual(
    rows.map(({ roundsBehindStation }) => roundsBehindStation),
    [undefined, undefined, 1, undefined],
  );
});

test('formatReport: of several measurements has the conditions of each, and one section a set', async () => {
  const other: Results = {
    ...RESULTS,
    startedAt: new Date('2026-11-21T10:00:00Z'),
    endedAt: new Date('2026-11-21T10:05:00Z'),
    rows: summarize([runOf('mc', 'mirror', 1, { cell: { ...CELL, sink: 'minio' } })]),
    failures: [],
  };
  const report = await formatReport([RESULTS, other]);

  assert.match(report, /^Of S null warm:\n\n- 2026-11-20 10:00 UTC/mu);
  assert.match(report, /^Of S minio warm:\n\n- 2026-11-21 10:00 UTC, 5 minutes/mu);
  assert.equal(report.match(/^## S:/gmu)?.length, 1);
  assert.match(report, /^### S, MinIO on the same machine/mu);
});

test('parseJson: reads what formatJson wrote, and names the file and the field that is wrong', () => {
  assert.deepEqual(parseJson('a.json', formatJson(RESULTS)), RESULTS);
  assert.throws(() => parseJson('a.json', '{'), /^RangeError: Cannot read a\.json: it is no JSON$/u);
  const wrong = formatJson({ ...RESULTS, rows: RESULTS.rows.map((row) => ({ ...row, seconds: Number.NaN })) });
  assert.throws(() => parseJson('a.json', wrong), /^RangeError: Cannot read a\.json: rows\.0\.seconds: /u);
});

test('checkCells: refuses a cell that was measured twice', () => {
  checkCells([RESULTS]);
  assert.throws(() => {
    checkCells([RESULTS, RESULTS]);
  }, /S null warm was measured in more than one/u);
});

test('drawPlot: has a panel for each cell, and in it the fastest of each program', () => {
  const svg = drawPlot([{ ...RESULTS, sets: [{ name: 'S', title: 'a < b', totalBytes: 1 }] }]);

  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/u);
  assert.match(svg, />S, null sink, warm: a &lt; b</u);
  assert.deepEqual(svg.match(/>[\d,]+ files\/s</gu), ['>4,000 files/s<', '>2,000 files/s<', '>10,000 files/s<']);
  assert.equal(svg.match(/<g /gu)?.length, svg.match(/<\/g>/gu)?.length);
});

test('busyBetween: counts what was neither idle nor waiting for a disk', () => {
  const before = 'cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n';
  const after = 'cpu  120 0 110 740 120 5 5 0 0 0\ncpu0 1 2 3\n';

  assert.equal(busyBetween(before, after), 0.4);
  assert.equal(busyBetween(before, before), 0);
});
