import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS, CONTENDERS, formatCell, takesPart } from '../../../bench/contenders.ts';
import { parseOptions } from '../../../bench/options.ts';
import { createPlan, formatContender, formatPlan } from '../../../bench/plan.ts';

const planOf = (...args: readonly string[]) => {
  const parsed = parseOptions(args);
  assert.ok(parsed.kind === 'ok');
  return createPlan(parsed.options);
};

test('createPlan: everything fits in about an hour', () => {
  const { sets, seconds } = planOf();

  assert.deepEqual(
    sets.flatMap(({ cells }) => cells.map(({ cell }) => formatCell(cell))),
    CELLS.map(formatCell),
  );
  assert.ok(seconds < 70 * 60, `${String(seconds)} s`);
});

test('createPlan: the station and a reader take part in every cell, rclone too', () => {
  for (const { cells } of planOf().sets) {
    for (const { cell, contenders } of cells) {
      const programs = contenders.map(({ program }) => program);
      for (const program of ['import-station', 'rclone', 'read-and-md5'] as const) {
        assert.ok(programs.includes(program), `${formatCell(cell)}: ${program}`);
      }
    }
  }
});

test('createPlan: every program takes part in S, M and L from the page cache, into each sink', () => {
  for (const { set, cells } of planOf('--only', 'S,M,L', '--case', 'warm').sets) {
    for (const { cell, contenders } of cells) {
      const programs = new Set(contenders.map(({ program }) => program));
      assert.deepEqual([...programs], ['import-station', 'rclone', 'mc', 'lib-storage', 'read-and-md5'], set.name);
      assert.equal(cell.case, 'warm');
    }
  }
});

test('createPlan: no two contenders have the same name, and each has a cell', () => {
  assert.equal(new Set(CONTENDERS.map(formatContender)).size, CONTENDERS.length);
  for (const contender of CONTENDERS) {
    assert.ok(
      CELLS.some((cell) => takesPart(contender, cell)),
      formatContender(contender),
    );
  }
});

test('createPlan: a part is what its options leave', () => {
  const { sets } = planOf('--only', 'S', '--sink', 'null', '--case', 'late', '--program', 'rclone,mc', '--runs', '2');

  assert.deepEqual(
    sets.map(({ set, cells }) => [set.fileCount, cells.map(({ cell }) => formatCell(cell))]),
    [[20_000, ['S null late']]],
  );
  assert.deepEqual(
    sets[0]?.cells[0]?.contenders.map(({ program, switches }) => `${program} ${switches.split(' ')[1] ?? ''}`.trim()),
    ['rclone 64', 'rclone 128', 'rclone 256', 'mc'],
  );
});

test('createPlan: refuses options that leave nothing', () => {
  assert.throws(() => planOf('--only', 'W', '--sink', 'minio'), /no cell is left/u);
});

test('formatPlan: tells cells, contenders and the duration', () => {
  const text = formatPlan(planOf('--only', 'W', '--scale', '0.01', '--runs', '1'));

  assert.match(text, /^W: 2,000 empty files, 0 MB\n {2}W null warm: import-station \(trusted network\); rclone \(/u);
  assert.match(text, /\n1 run each; about \d+ s on 2 cores of a quiet machine\n$/u);
});
