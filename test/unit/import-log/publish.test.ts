import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import type { LogRow } from '#import-log/contract.ts';
import { type PublishOptions, formatLog, formatLogDate, logKeyOf, publishLog } from '#import-log/publish.ts';
import { publishedFields } from '#import-log/published-row.ts';
import { formatWorkingRow, openWorkingLog, readWorkingLog } from '#import-log/working-log.ts';
import { createObjectRules } from '#object/rules.ts';
import { aManifest, substituting } from '../object/a-manifest.ts';
import { aFolder, aRow, collect } from './a-row.ts';

const publish = async (
  t: TestContext,
  rows: readonly LogRow[],
  changes: Partial<PublishOptions> = {},
): Promise<string> => {
  const folder = await aFolder(t);
  const workingLog = join(folder, 'working-log');
  await using log = await openWorkingLog({ path: workingLog });
  await log.append(Buffer.concat(rows.map(formatWorkingRow)));
  const target = join(folder, 'import-log');
  await publishLog({ workingLog, target, bucket: 'toady', formulaGuard: true, lineEnd: 'lf', ...changes });
  assert.deepEqual((await readdir(folder)).sort(), ['import-log', 'working-log']);
  return await readFile(target, 'utf8');
};

const rowsOf = (csv: string): readonly (readonly string[])[] => parse(csv).slice(1);

// The documented sample without its slips (spec 4.3): job 53TX4, bucket toady, a 1.x manifest. Digests and sizes of the
// images are ours; the seventh row's digest, which has 31 digits in the documents, is left out.
test('publishLog: writes the documented sample to the byte, with keys and types by the rules of its manifest', async (t) => {
  const compiled = createObjectRules(
    aManifest({ majorVersion: 1, manifestVersion: '1.0', prefix: 'images/', substitutions: substituting(['/', '-']) }),
  );
  assert.equal(compiled.kind, 'ok');
  if (compiled.kind !== 'ok') return;
  const { rules } = compiled;
  const loaded = (path: string, md5: string, sizeBytes: number): LogRow =>
    aRow({
      path,
      key: rules.keyOf(Buffer.from(path)).key,
      md5,
      sizeBytes,
      contentType: rules.contentTypeOf(path, false),
    });
  const rows = [
    aRow({
      path: 'SIGNATURE',
      status: 103,
      code: 'Ignored',
      key: '',
      md5: '',
      sizeBytes: 90,
      contentType: rules.contentTypeOf('SIGNATURE', false),
    }),
    loaded('Notice.txt', 'f60fe317bc497b1204b327094959eb64', 13),
    loaded('README.txt', 'd5a46fa22596d2464eff10babb19000e', 13),
    loaded('images/wookie1.jpg', '6512bd43d9caa6e02c990b0a82652dca', 1134),
    loaded('images/chewie.GIF', 'c20ad4d76fe97759aa27a0c99bff6710', 2253),
    loaded('images/resources/chewie.psd', 'c51ce410c124a10e0db5e4b97fc2af39', 3351),
    loaded('images/chewie.TIF', '', 4494),
  ];

  assert.equal(await publish(t, rows), await readFile(join(import.meta.dirname, 'golden/sample-import-log'), 'utf8'));
});

test('publishLog: tells apart names that guard, escape and line feeds could make equal', async (t) => {
  const path = (bytes: string | Uint8Array): LogRow => aRow({ path: bytes, key: Buffer.from(bytes).toString() });
  const bad = aRow({ path: Uint8Array.from([0xff]), status: 400, code: 'InvalidFileName', key: '', md5: '' });
  const csv = await publish(t, [path('=a'), path("'=a"), path('%FF'), bad, path('a\nb')]);

  assert.deepEqual(
    rowsOf(csv).map(([, file, status, , key]) => [file, status, key]),
    [
      ["'=a", '200', 'toady/=a'],
      ["'=a", '200', "toady/'=a"],
      ['%FF', '200', 'toady/%FF'],
      ['%FF', '400', ''],
      ['a\nb', '200', 'toady/a\nb'],
    ],
  );
});

test('publishLog: guards File and never Key against each start of a formula', async (t) => {
  const starts = ['=', '+', '-', '@', '\t', '\r', '\uff1d'];
  const rows = starts.map((start) => aRow({ path: `${start}1`, key: `${start}1` }));
  const csv = await publish(t, rows, { bucket: '-toady' });

  assert.deepEqual(
    rowsOf(csv).map(([, file, , , key]) => [file, key]),
    starts.map((start) => [`'${start}1`, `-toady/${start}1`]),
  );
});

test('publishLog: leaves File exact, when the guard is off', async (t) => {
  const csv = await publish(t, [aRow({ path: '=1+1', key: '=1+1' })], { formulaGuard: false });

  assert.match(csv, /,"=1\+1",200,OK,"toady\/=1\+1",/u);
});

test('publishLog: writes bad bytes as %XX and % as %25, only in a name that is not UTF-8', async (t) => {
  const bytes = Buffer.concat([Buffer.from('=50%/\u00e9\u{1f600}'), Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0f])]);
  const csv = await publish(t, [aRow({ path: bytes }), aRow({ path: '50%' })]);

  assert.deepEqual(
    rowsOf(csv).map(([, file]) => file),
    ["'=50%25/\u00e9\u{1f600}%C3(%ED%A0%80\u000f", '50%'],
  );
});

test('publishLog: quotes File and a Key that is there always, an empty Key never, others where they must be', async (t) => {
  const csv = await publish(t, [
    aRow({ path: 'a"b,c', key: 'a"b,c', contentType: 'a/b; c="d,e"' }),
    aRow({ path: 'x', key: '', md5: '', code: 'Ignored', status: 103, contentType: '' }),
  ]);

  assert.equal(
    csv.slice(csv.indexOf('\n') + 1),
    'Tue 03 Feb 2009 21:57:43 GMT,"a""b,c",200,OK,"toady/a""b,c",d41d8cd98f00b204e9800998ecf8427e,0,"a/b; c=""d,e"""\n' +
      'Tue 03 Feb 2009 21:57:43 GMT,"x",103,Ignored,,,0,\n',
  );
});

test('publishLog: ends lines with CRLF, when it is told to', async (t) => {
  const csv = await publish(t, [aRow(), aRow()], { lineEnd: 'crlf' });

  assert.equal(csv.split('\r\n').length, 4);
  assert.equal(csv.replaceAll('\r\n', '').includes('\n'), false);
});

test('publishLog: writes one header and every row once, in order, when there are more than fit into one batch', async (t) => {
  const rows = Array.from({ length: 3000 }, (_, index) => aRow({ path: `d/${index}` }));
  const csv = await publish(t, rows);

  assert.deepEqual(
    parse(csv).map(([, file]) => file),
    ['File', ...rows.map((_, index) => `d/${index}`)],
  );
});

test('publishLog: replaces an older log, readable by its owner alone', async (t) => {
  const folder = await aFolder(t);
  const [workingLog, target] = [join(folder, 'working-log'), join(folder, 'import-log')];
  await (await openWorkingLog({ path: workingLog }))[Symbol.asyncDispose]();
  await writeFile(target, 'older');
  await publishLog({ workingLog, target, bucket: 'b', formulaGuard: true, lineEnd: 'lf' });

  assert.equal(await readFile(target, 'utf8'), 'DateTime,File,Status,Code,Key,MD5,Bytes,Content-Type\n');
  assert.equal((await stat(target)).mode & 0o777, 0o600);
});

test('publishLog: keeps the older log and leaves nothing else, when the working log is damaged or the disk refuses', async (t) => {
  const folder = await aFolder(t);
  const [workingLog, target] = [join(folder, 'working-log'), join(folder, 'import-log')];
  await writeFile(workingLog, 'junk');
  await writeFile(target, 'older');
  const options = { workingLog, target, bucket: 'b', formulaGuard: true, lineEnd: 'lf' } as const;

  await assert.rejects(publishLog(options), { code: 'WorkingLogDamaged' });
  await mkdir(join(folder, 'taken'));
  await assert.rejects(publishLog({ ...options, target: join(folder, 'none', 'import-log') }), {
    code: 'StateDiskFailed',
  });
  assert.deepEqual((await readdir(folder)).sort(), ['import-log', 'taken', 'working-log']);
  assert.equal(await readFile(target, 'utf8'), 'older');
});

// The text of a file, key, code or type, with whatever a line may trip over.
const aText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('"', ',', '\r', '\n', '=', '-', '@', '+', ' ', '\t', "'", 'a', '%', 'é', '0'),
    maxLength: 6,
  }),
);

const anyRow = fc.record({
  finishedAt: fc.constantFrom(
    ...['2009-02-03T21:57:43Z', '2009-02-03T21:57:44Z', '1969-12-31T23:59:59Z'].map((at) => new Date(at)),
  ),
  path: fc.oneof(
    aText.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 8 }),
  ),
  status: fc.constantFrom(103, 200, 400, 499),
  code: fc.oneof(fc.constant('OK'), aText),
  key: aText,
  md5: fc.constantFrom('', 'd41d8cd98f00b204e9800998ecf8427e'),
  sizeBytes: fc.maxSafeNat(),
  contentType: fc.oneof(fc.constantFrom('', 'text/plain', 'a/b; c="d,e"'), aText),
});

test('formatLog: writes each row as the package would, whatever stands in it', async (t) => {
  const workingLog = join(await aFolder(t), 'working-log');
  for (const lineEnd of ['lf', 'crlf'] as const) {
    for (const formulaGuard of [true, false]) {
      const rows = fc.sample(anyRow, { numRuns: 1000, seed: 7 }).map((row) => aRow(row));
      await rm(workingLog, { force: true });
      await using log = await openWorkingLog({ path: workingLog });
      await log.append(Buffer.concat(rows.map(formatWorkingRow)));
      const kept = await collect(readWorkingLog(workingLog));
      const expected = stringify([...kept.map((row) => publishedFields(row, 'bench'))], {
        record_delimiter: lineEnd === 'lf' ? '\n' : '\r\n',
        quoted_string: true,
        quoted_empty: false,
        cast: {
          string: (value, { index }) => {
            const guarded = { value, escape_formulas: formulaGuard && index === 1 };
            return guarded;
          },
          object: ({ bare }) => String(bare),
        },
      });

      const pieces = await collect(formatLog({ workingLog, bucket: 'bench', formulaGuard, lineEnd }));

      assert.equal(pieces.slice(1).join(''), expected);
    }
  }
});

test('formatLogDate: gives the documented form in GMT', () => {
  assert.equal(formatLogDate(new Date('2009-02-03T21:57:43Z')), 'Tue 03 Feb 2009 21:57:43 GMT');
  assert.equal(formatLogDate(new Date('2012-12-31T23:00:00-05:00')), 'Tue 01 Jan 2013 04:00:00 GMT');
});

test('logKeyOf: puts the prefix before the name and nothing between', () => {
  assert.equal(logKeyOf({ logPrefix: '', jobId: '53TX4' }), 'import-log-53TX4');
  assert.equal(logKeyOf({ logPrefix: 'logs/', jobId: '53TX4' }), 'logs/import-log-53TX4');
  assert.equal(logKeyOf({ logPrefix: 'my', jobId: '53TX4' }), 'myimport-log-53TX4');
});
