// What a person reads of accounts, jobs, drives and bays; the examples of docs/json.md are the values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAccount, formatAccounts } from '#cli/format-account.ts';
import { drivesOutsideBays, formatBayBlock, formatDrives, freeBayNames } from '#cli/format-drives.ts';
import { formatJob, formatJobs } from '#cli/format-job.ts';
import { jobListSchema } from '#cli/json-shapes.ts';
import { formatFields, formatTable } from '#cli/output.ts';
import { formatCount, formatDate, formatDuration, formatSize, parseSize } from '#language/quantity.ts';
import { formatRefusal } from '#cli/refusal.ts';
import { noticeOf } from '#notice/catalogue.ts';
import { accountSchema, drivesSchema, jobSchema } from '#protocol/control.ts';
import { documentedJson } from './documented-json.ts';

const example = (command: string): unknown => documentedJson().get(command);

test('formatAccount: shows keys and their rights, and no secret', () => {
  const lines = formatAccount(accountSchema.parse(example('account show')));

  assert.deepEqual(lines, [
    'Account:            ada@example.com',
    'Service:            AWS',
    'Region:             asked of each bucket',
    'Addressing:         bucket in the host name',
    'Encryption:         key alias/imports of the key service',
    'Objects that exist: are kept, the file fails',
    'Largest file:       1.0 TiB',
    'Created:            2026-11-24 08:00 UTC',
    '',
    'KEY                   MAY   SESSION TOKEN',
    'AKIAIOSFODNN7EXAMPLE  sign  no',
    'ASIAIOSFODNN7EXAMPLE  load  yes',
  ]);
});

test('formatAccounts: says so, where there are none', () => {
  assert.deepEqual(formatAccounts([]), ['There are no accounts.']);
});

test('formatJobs: lists one line per job', () => {
  const { jobs } = jobListSchema.parse(example('job list'));

  assert.deepEqual(formatJobs(jobs), [
    'JOB    STATUS   DRIVE        ACCOUNT          BUCKET         CREATED               HELD',
    '53TX4  Pending  NotReceived  ada@example.com  photo-archive  2026-11-24 08:00 UTC',
  ]);
});

test('formatJob: shows counts, hold and history', () => {
  const lines = formatJob(jobSchema.parse(example('job show')));

  assert.ok(lines.includes('Loaded:  12,344 files, 68.0 GiB'));
  assert.ok(lines.includes('Failed:  2 files, 4.0 KiB (1 KeyCollision, 1 ReadError)'));
  assert.ok(lines.includes('HOLD LogNotWritten'));
  assert.ok(lines.includes('2026-11-25 09:15 UTC  Pending  AtAWS        drive-attached bay=Bay 3'));
});

test('formatJob: escapes what a customer could have written to steer the terminal', () => {
  const job = jobSchema.parse(example('job show'));

  const lines = formatJob({ ...job, deviceId: 'x\u001b[2J\ny' });

  assert.ok(lines.includes('Device ID:  x\\u{1b}[2J\\u{a}y'));
});

test('formatJob: leaves alone what the station has escaped already', () => {
  const job = jobSchema.parse(example('job show'));

  const lines = formatJob({ ...job, deviceId: 'S\\\\N \\u{1b}' });

  assert.ok(lines.includes('Device ID:  S\\\\N \\u{1b}'));
});

test('formatDrives: says "not a bay" and what uses a drive of the host', () => {
  const lines = formatDrives(drivesSchema.parse(example('drives')).drives);

  assert.match(lines[1] ?? '', /^\/dev\/sdb +Bay 3 /u);
  assert.match(lines[2] ?? '', /^\/dev\/sdc +not a bay /u);
  assert.match(lines[3] ?? '', /^\/dev\/nvme0n1 +not a bay, in use: mounted at \/ /u);
});

test('formatBayBlock: gives the lines for a port, and for the image of a loop drive', () => {
  const [drive] = drivesOutsideBays(drivesSchema.parse(example('drives')).drives);
  assert.ok(drive !== undefined);

  assert.deepEqual(formatBayBlock(drive, 'Bay 4'), [
    '# Generic Flash Disk, 14.9 GiB, now /dev/sdc',
    '[[bay]]',
    'name = "Bay 4"',
    'port = "pci-0000:00:14.0-usb-0:4:1.0-scsi-0:0:0:0"',
  ]);
  assert.equal(formatBayBlock({ ...drive, port: '/srv/a "b".img' }, 'Bay 4')[3], 'image = "/srv/a \\"b\\".img"');
});

test('freeBayNames: skips the names that are taken', () => {
  assert.deepEqual(freeBayNames(['Bay 2', 'Left'], 3), ['Bay 1', 'Bay 3', 'Bay 4']);
});

test('formatRefusal: says what happened, every finding, who acts and what to do', () => {
  const problems = [{ code: 'InvalidManifestField', field: 'acl', line: 4, message: 'no such value' }];

  assert.deepEqual(formatRefusal({ error: noticeOf('NoSuchBucket', { bucket: 'toady' }), problems }), [
    'import-station: The bucket does not exist (toady).',
    '  line 4, acl: no such value (InvalidManifestField)',
    '  Who acts:   the customer',
    '  What to do: Ask the customer to create the bucket, then run `import-station retry BAY`, or give the refused command again.',
    '  Code:       NoSuchBucket',
  ]);
});

test('formatTable: makes columns as wide as their widest cell and leaves no blanks at the end', () => {
  assert.deepEqual(
    formatTable(
      ['A', 'B'],
      [
        ['long', ''],
        ['x', 'y'],
      ],
    ),
    ['A     B', 'long', 'x     y'],
  );
});

test('formatFields: leaves out what is absent', () => {
  assert.deepEqual(
    formatFields([
      ['Name', 'x'],
      ['Of', undefined],
    ]),
    ['Name: x'],
  );
});

for (const [bytes, text] of [
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [5_497_558_138_880, '5.0 TiB'],
] as const) {
  test(`formatSize: gives "${text}", for ${String(bytes)}`, () => {
    assert.equal(formatSize(bytes), text);
  });
}

for (const [text, bytes] of [
  ['1', 1],
  ['5TiB', 5_497_558_138_880],
  ['8MiB', 8_388_608],
  ['0', undefined],
  ['-1', undefined],
  ['1.5GiB', undefined],
  ['5TB', undefined],
  ['', undefined],
  ['9999999999999999TiB', undefined],
] as const) {
  test(`parseSize: reads "${text}" as ${String(bytes)}`, () => {
    assert.equal(parseSize(text), bytes);
  });
}

for (const [seconds, text] of [
  [0, 'less than a minute'],
  [29, 'less than a minute'],
  [60, '1 min'],
  [3599, '1 h 00 min'],
  [7500, '2 h 05 min'],
] as const) {
  test(`formatDuration: gives "${text}", for ${String(seconds)} s`, () => {
    assert.equal(formatDuration(seconds), text);
  });
}

test('formatCount: groups digits by three', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
});

test('formatDate: gives back what is no date', () => {
  assert.equal(formatDate('soon'), 'soon');
});
