// The catalogue against the codes: none without an entry, no entry without a use, no sentence that is none.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BucketHoldCode } from '#bucket/contract.ts';
import type { DriveHoldCode } from '#drive/contract.ts';
import type { RowCode } from '#import-log/contract.ts';
import type { ManifestProblemCode } from '#job/manifest.ts';
import type { AbortCode } from '#job/status.ts';
import { BUCKET_REASONS } from '#notice/bucket-reasons.ts';
import { noticeOf, REASONS, reasonOf, rowNoticeOf } from '#notice/catalogue.ts';
import { DRIVE_REASONS } from '#notice/drive-reasons.ts';
import { ABORT_REASONS, MANIFEST_REASONS } from '#notice/job-reasons.ts';
import { ROW_REASONS } from '#notice/row-reasons.ts';
import { LOAD_REASONS, SIGNATURE_REASONS, STATION_REASONS } from '#notice/station-reasons.ts';
import { PLACEHOLDERS, type Words } from '#notice/words.ts';
import type { KeyProblemCode } from '#object/contract.ts';
import { isConfirmable } from '#station/confirmations.ts';
import type { StationHoldCode } from '#station/hold.ts';

// The compiler is the first test: a code of a union without words does not compile.
const FAMILIES = {
  manifest: MANIFEST_REASONS satisfies Record<ManifestProblemCode, Words>,
  row: ROW_REASONS satisfies Record<RowCode | KeyProblemCode, Words>,
  bucket: BUCKET_REASONS satisfies Record<BucketHoldCode, Words>,
  drive: DRIVE_REASONS satisfies Record<DriveHoldCode, Words>,
  station: { ...SIGNATURE_REASONS, ...LOAD_REASONS, ...STATION_REASONS, ...DRIVE_REASONS } satisfies Record<
    StationHoldCode,
    Words
  >,
  abort: { ...ABORT_REASONS, ...SIGNATURE_REASONS } satisfies Record<AbortCode, Words>,
};

const SOURCE_FOLDER = join(import.meta.dirname, '../../../src');

const sources = readdirSync(SOURCE_FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('notice/'))
  .map((path) => ({ path, text: readFileSync(join(SOURCE_FOLDER, path), 'utf8') }));

for (const [family, words] of Object.entries(FAMILIES)) {
  test(`reasonOf: has an entry, for every code of the union of ${family} codes`, () => {
    const missing = Object.keys(words).filter((code) => reasonOf(code) === undefined);

    assert.deepEqual(missing, []);
  });
}

test('reasonOf: has an entry, for every code that any room writes down', () => {
  const written = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\bcode: '(?<code>[A-Z]\w+)'/gu)].map((match) => ({
      path,
      code: match.groups?.['code'] ?? '',
    })),
  );

  // There `code` is S3's own; `holdCode` is ours and a union above.
  const missing = written.filter(({ path, code }) => !path.startsWith('bucket/') && reasonOf(code) === undefined);

  assert.ok(written.length > 0);
  assert.deepEqual(missing, []);
});

test('REASONS: has no code twice', () => {
  const codes = REASONS.map(({ code }) => code);

  assert.equal(new Set(codes).size, codes.length);
});

test('REASONS: has no entry without a use outside this room', () => {
  const unused = REASONS.filter(({ code }) => !sources.some(({ text }) => new RegExp(`\\b${code}\\b`, 'u').test(text)));

  assert.deepEqual(
    unused.map(({ code }) => code),
    [],
  );
});

for (const reason of REASONS) {
  test(`REASONS: speaks in whole sentences with known placeholders, for ${reason.code}`, () => {
    const sentences = [reason.happened, reason.todo];

    for (const sentence of sentences) {
      assert.match(sentence, /^[A-Z].*\.$/u);
      assert.doesNotMatch(sentence, /\b(?:secretAccessKey|password|sessionToken)\b/u);
      const names = [...sentence.matchAll(/\{(?<name>[^}]*)\}/gu)].map((match) => match.groups?.['name'] ?? '');
      assert.deepEqual(
        names.filter((name) => PLACEHOLDERS[name] === undefined),
        [],
      );
    }
  });

  test(`REASONS: names a way out, for ${reason.code}`, () => {
    const { todo } = noticeOf(reason.code);

    if (reason.kind === 'hold') assert.match(todo, /[Tt]ake .*out|import-station retry|[Pp]lug .* in|taken out|plug/u);
    if (reason.kind === 'hold' && reason.retryHelps) assert.match(todo, /import-station retry/u);
    assert.equal(reason.waysOut.length > 0, reason.kind === 'hold');
    if (reason.kind === 'hold') assert.equal(reason.waysOut.includes('retry'), reason.retryHelps);
    if (reason.waysOut.includes('confirm')) {
      assert.ok(isConfirmable(reason.code));
      assert.match(todo, new RegExp(`import-station confirm .*${reason.code} --why`, 'u'));
    }
  });
}

test('noticeOf: fills in what is known, printable and with one period at the end', () => {
  const notice = noticeOf('MountFailed', { type: 'ext4', message: 'bad\nsuperblock.', bay: 'Bay 3' });

  assert.equal(notice.happened, 'The file system on the drive (type ext4) could not be opened: bad\\u{a}superblock.');
  assert.match(notice.todo, /`import-station retry 'Bay 3'`/u);
});

test('noticeOf: stays a sentence, where nothing more is known', () => {
  assert.equal(
    noticeOf('MountFailed').happened,
    'The file system on the drive (type unknown) could not be opened: no more is known.',
  );
});

test('noticeOf: fails, for a code without an entry', () => {
  assert.throws(() => noticeOf('NoSuchCode'), /every code of a hold or refusal has its entry/u);
});

test('rowNoticeOf: has words for own codes, and shared ones for the codes of S3', () => {
  assert.equal(rowNoticeOf('KeyCollision').happened, ROW_REASONS.KeyCollision.happened);
  assert.match(rowNoticeOf('MetadataTooLarge').happened, /^The bucket refused/u);
  assert.match(rowNoticeOf('AccessDenied').happened, /^The bucket refused/u);
});
