import assert from 'node:assert/strict';
import { appendFile, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { LogRow } from '#import-log/contract.ts';
import { WORKING_LOG_HEADER } from '#import-log/row-format.ts';
import { scanRow } from '#import-log/row-scanner.ts';
import { formatWorkingRow, keepRow, openWorkingLog, readWorkingLog } from '#import-log/working-log.ts';
import { countOf } from '../../support/counts.ts';
import { aFolder, aRow, collect } from './a-row.ts';

const ROWS: readonly LogRow[] = [
  aRow({ path: 'SIGNATURE', status: 103, code: 'Ignored', key: '', md5: '', sizeBytes: 90 }),
  aRow({ path: 'a","b\n,""', key: 'k"\n"', code: 'Odd "Code"', contentType: 'a/b; c="d"' }),
  aRow({
    path: Uint8Array.from([0xff, 0x22, 0x0a, 0x0d, 0x22, 0x22]),
    status: 400,
    code: 'InvalidFileName',
    key: '',
    md5: '',
  }),
  aRow({ path: 'last', finishedAt: new Date('1969-12-31T23:59:58Z'), sizeBytes: Number.MAX_SAFE_INTEGER }),
];

const HEADER = Buffer.from(WORKING_LOG_HEADER);

const bytesOf = (rows: readonly LogRow[]): Buffer => Buffer.concat(rows.map(formatWorkingRow));

const logWith = async (t: TestContext, bytes: Uint8Array): Promise<string> => {
  const path = join(await aFolder(t), 'working-log');
  await writeFile(path, bytes);
  return path;
};

// Offsets of the file at which a row ends, the header's end first.
const endsOf = (rows: readonly LogRow[]): readonly number[] =>
  rows.reduce<readonly number[]>(
    (ends, row) => [...ends, (ends.at(-1) ?? 0) + formatWorkingRow(row).length],
    [HEADER.length],
  );

const aPath = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 30 }),
  // What could be mistaken for the log's own form, more often than chance has it.
  fc
    .array(fc.constantFrom(0x22, 0x2c, 0x0a, 0x0d, 0x31, 0xff, 0x41), { minLength: 1, maxLength: 30 })
    .map((bytes) => Uint8Array.from(bytes)),
);
const aText = fc.string({ unit: 'grapheme', maxLength: 12 });
const anyRow: fc.Arbitrary<LogRow> = fc.record(
  {
    finishedAt: fc.integer({ min: -1e9, max: 1e11 }).map((seconds) => new Date(seconds * 1000)),
    path: aPath,
    status: fc.integer({ min: 100, max: 599 }),
    code: aText,
    key: aText,
    md5: fc.oneof(
      fc.constant(''),
      fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    ),
    sizeBytes: fc.maxSafeNat(),
    contentType: aText,
  },
  { noNullPrototype: true },
);

test('formatWorkingRow: is read back equal, for any bytes and texts', () => {
  fc.assert(
    fc.property(anyRow, (row) => {
      const bytes = Buffer.from(formatWorkingRow(row));

      const scanned = scanRow(bytes, 0, bytes.length);

      assert(scanned.kind === 'row');
      assert.equal(scanned.next, bytes.length);
      const kept = keepRow(scanned.row);
      bytes.fill(0);
      assert.deepEqual(kept, row);
    }),
    { numRuns: countOf({ usual: 1000, long: 100_000 }) },
  );
});

test('formatWorkingRow: keeps whole seconds and half a character as U+FFFD', () => {
  const bytes = Buffer.from(formatWorkingRow(aRow({ finishedAt: new Date(1999), key: 'a\ud800' })));
  const scanned = scanRow(bytes, 0, bytes.length);

  assert.deepEqual(scanned.kind === 'row' && [scanned.row.finishedAt.getTime(), scanned.row.key], [1000, 'a\ufffd']);
  for (const half of ['\ud800a', 'a\udc00', '\ud83d\ude00\ud800']) {
    const long = Buffer.from(formatWorkingRow(aRow({ key: half.repeat(60), contentType: half })));
    const again = scanRow(long, 0, long.length);
    assert.deepEqual(again.kind === 'row' && [again.row.key, again.next], [
      half.toWellFormed().repeat(60),
      long.length,
    ]);
  }
});

test('formatWorkingRow: stops on a row that nobody can have meant', () => {
  assert.throws(() => formatWorkingRow(aRow({ sizeBytes: -1 })), /whole number of bytes/u);
  assert.throws(() => formatWorkingRow(aRow({ md5: 'ABC' })), /MD5/u);
  assert.throws(() => formatWorkingRow(aRow({ status: 1.5 })), /status/u);
  assert.throws(() => formatWorkingRow(aRow({ finishedAt: new Date(Number.NaN) })), /time/u);
});

test('scanRow: takes every beginning of a row for incomplete, never for damage or a row', () => {
  fc.assert(
    fc.property(anyRow, (row) => {
      const bytes = Buffer.from(formatWorkingRow(row));
      for (let end = 0; end < bytes.length; end += 1) {
        assert.equal(scanRow(bytes.subarray(0, end), 0, end).kind, 'incomplete');
      }
    }),
    { numRuns: 100 },
  );
});

const DAMAGES: readonly (readonly [row: string, at: number])[] = [
  ['x', 0],
  ['-,', 1],
  ['01,"a"', 2],
  ['99999999999999999,"a"', 17],
  ['1;', 1],
  ['1,a', 2],
  ['1,"a"b', 5],
  ['1,"a",x', 6],
  ['1,"a",200,"OK","k",D41D', 19],
  ['1,"a",200,"OK","k",d41d8,', 24],
  ['1,"a",200,"OK","k",d41d8cd98f00b204e9800998ecf8427e1', 51],
  ['1,"a",200,"OK","k",,-,', 21],
  ['1,"a",200,"OK","k",,0,"t"\r\n', 25],
];

for (const [row, at] of DAMAGES) {
  test(`scanRow: names the byte that breaks the form, in ${JSON.stringify(row)}`, () => {
    const bytes = Buffer.from(row);

    assert.deepEqual(scanRow(bytes, 0, bytes.length), { kind: 'damaged', at });
  });
}

test('openWorkingLog: makes a file for the owner alone with the header of its version', async (t) => {
  const path = join(await aFolder(t), 'working-log');
  await using log = await openWorkingLog({ path });

  assert.equal(log.sizeBytes, HEADER.length);
  assert.deepEqual(await readFile(path), HEADER);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(HEADER.toString(), /^import-station working log 1: [^\n]*\n$/u);
});

test('openWorkingLog: appends where it stopped, in the order of the calls, when it is opened again', async (t) => {
  const path = join(await aFolder(t), 'working-log');
  for (const half of [ROWS.slice(0, 2), ROWS.slice(2)]) {
    await using log = await openWorkingLog({ path });
    await Promise.all(half.map((row) => log.append(formatWorkingRow(row))));
    await log.append(new Uint8Array(0));
    assert.equal(log.sizeBytes, (await stat(path)).size);
  }

  assert.deepEqual(await readFile(path), Buffer.concat([HEADER, bytesOf(ROWS)]));
  assert.deepEqual(await collect(readWorkingLog(path)), ROWS);
});

test('openWorkingLog: gives the rows that stand in it, without a torn tail', async (t) => {
  const path = await logWith(t, Buffer.concat([HEADER, bytesOf(ROWS)]).subarray(0, -1));
  const found: LogRow[] = [];
  await using _log = await openWorkingLog({
    path,
    onRows: (rows) => {
      found.push(...rows.map(keepRow));
      return Promise.resolve();
    },
  });

  assert.deepEqual(found, ROWS.slice(0, -1));
});

test('openWorkingLog: changes nothing where its rows are not taken, and rejects with the reason as it is', async (t) => {
  const torn = Buffer.concat([HEADER, bytesOf(ROWS)]).subarray(0, -1);
  const path = await logWith(t, torn);
  const reason = new Error('no room');

  await assert.rejects(openWorkingLog({ path, onRows: () => Promise.reject(reason) }), reason);
  assert.deepEqual(await readFile(path), torn);
});

test('openWorkingLog: cuts a torn tail at every byte down to the whole rows before it, and readWorkingLog gives just those', async (t) => {
  const whole = Buffer.concat([HEADER, bytesOf(ROWS)]);
  const ends = endsOf(ROWS);
  const path = await logWith(t, whole);
  for (let size = whole.length; size >= 0; size -= 1) {
    await writeFile(path, whole.subarray(0, size));
    const rows = ROWS.slice(0, Math.max(ends.filter((end) => end <= size).length - 1, 0));

    assert.deepEqual(await collect(readWorkingLog(path)), rows, `read at ${size}`);
    await (await openWorkingLog({ path }))[Symbol.asyncDispose]();
    assert.deepEqual(await readFile(path), Buffer.concat([HEADER, bytesOf(rows)]), `opened at ${size}`);
  }
});

test('openWorkingLog: cuts zeros that a crash left at the end, within a row, behind one, or instead of the header', async (t) => {
  const [first = aRow()] = ROWS;
  const whole = Buffer.concat([HEADER, formatWorkingRow(first)]);
  const tails = [
    Buffer.alloc(70_000),
    Buffer.concat([Buffer.from('12'), Buffer.alloc(9)]),
    Buffer.concat([Buffer.from('1,"a'), Buffer.alloc(9)]),
  ];
  for (const tail of tails) {
    const path = await logWith(t, Buffer.concat([whole, tail]));
    assert.deepEqual(await collect(readWorkingLog(path)), [first]);
    await (await openWorkingLog({ path }))[Symbol.asyncDispose]();
    assert.deepEqual(await readFile(path), whole);
  }
  const empty = await logWith(t, Buffer.concat([HEADER.subarray(0, 5), Buffer.alloc(500)]));
  await (await openWorkingLog({ path: empty }))[Symbol.asyncDispose]();
  assert.deepEqual(await readFile(empty), HEADER);
});

interface BadLog {
  readonly what: string;
  readonly bytes: Buffer;
  readonly offset: number;
}

const BAD_LOGS: readonly BadLog[] = [
  { what: 'another version', bytes: Buffer.from('import-station working log 2: x\n'), offset: 27 },
  { what: 'a foreign file', bytes: Buffer.from('hello'), offset: 0 },
  {
    what: 'a line that is no row',
    bytes: Buffer.concat([HEADER, Buffer.from('junk\n'), bytesOf(ROWS)]),
    offset: HEADER.length,
  },
  {
    what: 'a changed byte in the middle',
    bytes: Buffer.concat([HEADER, bytesOf(ROWS.slice(0, 1)), Buffer.from('x'), bytesOf(ROWS)]),
    offset: HEADER.length + bytesOf(ROWS.slice(0, 1)).length,
  },
  {
    what: 'zeros with rows behind them',
    bytes: Buffer.concat([HEADER, Buffer.alloc(100_000), bytesOf(ROWS)]),
    offset: HEADER.length,
  },
];

for (const { what, bytes, offset } of BAD_LOGS) {
  test(`openWorkingLog, readWorkingLog: throw WorkingLogDamaged with the offset and change nothing, for ${what}`, async (t) => {
    const path = await logWith(t, bytes);
    const damaged = { name: 'StationError', code: 'WorkingLogDamaged', details: { path, offset } };

    await assert.rejects(openWorkingLog({ path }), damaged);
    await assert.rejects(collect(readWorkingLog(path)), damaged);
    assert.deepEqual(await readFile(path), bytes);
  });
}

test('readWorkingLog: gives every row, when rows lie across the borders of what is read at once and one is larger', async (t) => {
  const rows = Array.from({ length: 3000 }, (_, index) => aRow({ path: `${'d/'.repeat(index % 40)}${index}` }));
  rows.push(aRow({ path: 'x"'.repeat(150_000) }), aRow({ path: 'end' }));
  const path = await logWith(t, Buffer.concat([HEADER, bytesOf(rows)]));

  assert.deepEqual(await collect(readWorkingLog(path)), rows);
});

test('readWorkingLog: takes a quote that is lost for damage, before the rest of the file is in memory', async (t) => {
  const path = await logWith(t, Buffer.concat([HEADER, Buffer.from('1,"'), Buffer.alloc(17 * 1024 * 1024, 'a')]));

  await assert.rejects(collect(readWorkingLog(path)), {
    code: 'WorkingLogDamaged',
    details: { path, offset: HEADER.length },
  });
});

test('readWorkingLog: closes its file, when the reader stops early', async (t) => {
  const path = await logWith(t, Buffer.concat([HEADER, bytesOf(ROWS)]));
  for await (const row of readWorkingLog(path)) {
    assert.deepEqual(row, ROWS[0]);
    break;
  }
  await appendFile(path, '');

  assert.deepEqual(await collect(readWorkingLog(path)), ROWS);
});

test('openWorkingLog, readWorkingLog: throw StateDiskFailed, when the file cannot be opened or is a link', async (t) => {
  const folder = await aFolder(t);
  const link = join(folder, 'link');
  await symlink(await logWith(t, HEADER), link);

  await assert.rejects(collect(readWorkingLog(join(folder, 'none'))), { code: 'StateDiskFailed', message: /ENOENT/u });
  await assert.rejects(openWorkingLog({ path: join(folder, 'no', 'folder') }), { code: 'StateDiskFailed' });
  await assert.rejects(openWorkingLog({ path: link }), { code: 'StateDiskFailed', message: /ELOOP/u });
  await assert.rejects(openWorkingLog({ path: folder }), { code: 'StateDiskFailed', message: /EISDIR/u });
});

test('append: waits for nobody after the log was closed, and closing twice is no error', async (t) => {
  const path = join(await aFolder(t), 'working-log');
  const log = await openWorkingLog({ path });
  const appended = log.append(bytesOf(ROWS));
  await log[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  await appended;

  assert.deepEqual(await collect(readWorkingLog(path)), ROWS);
  await assert.rejects(log.append(bytesOf(ROWS)), { code: 'StateDiskFailed' });
  await truncate(path, HEADER.length);
  assert.deepEqual(await collect(readWorkingLog(path)), []);
});
