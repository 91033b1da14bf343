import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { MIB } from '#language/units.ts';
import { createKeyIndex } from '#station/key-index.ts';
import { openPartsJournal } from '#station/parts-journal.ts';

const PART = { partNumber: 1, etag: '"e"', sizeBytes: 5, crc32: 7 };

const temporary = async (): Promise<AsyncDisposable & { readonly folder: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'load-files-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
};

test('openPartsJournal: keeps what began and did not end, over a reopening', async () => {
  await using place = await temporary();
  const path = join(place.folder, 'parts');
  {
    await using parts = await openPartsJournal(path);
    for (const file of ['a', 'b']) {
      await parts.record({
        kind: 'upload-planned',
        sequence: 1,
        path: file,
        key: file,
        partSizeBytes: 5,
        sizeBytes: 9,
      });
    }
    await parts.record({ kind: 'upload-started', sequence: 2, path: 'a', uploadId: 'u' });
    await parts.record({ kind: 'part-finished', sequence: 3, path: 'a', part: PART });
    await parts.record({ kind: 'upload-planned', sequence: 4, path: 'c', key: 'c', partSizeBytes: 5, sizeBytes: 9 });
    await parts.record({ kind: 'upload-ended', sequence: 5, path: 'c' });
  }

  await using again = await openPartsJournal(path);

  assert.deepEqual(again.known(), [
    { path: 'a', key: 'a', uploadId: 'u', partSizeBytes: 5, sizeBytes: 9, parts: [PART] },
    { path: 'b', key: 'b', partSizeBytes: 5, sizeBytes: 9, parts: [] },
  ]);
});

test('openPartsJournal: stays as small as what is under way, however many uploads have ended', async () => {
  await using place = await temporary();
  const path = join(place.folder, 'parts');
  await using parts = await openPartsJournal(path);
  await parts.record({ kind: 'upload-planned', sequence: 1, path: 'a', key: 'a', partSizeBytes: 5, sizeBytes: 9 });
  const key = 'k'.repeat(900_000);
  for (let sequence = 2; sequence < 22; sequence += 2) {
    await parts.record({ kind: 'upload-planned', sequence, path: 'b', key, partSizeBytes: 5, sizeBytes: 9 });
    await parts.record({ kind: 'upload-ended', sequence: sequence + 1, path: 'b' });
  }
  await parts.record({ kind: 'upload-started', sequence: 30, path: 'a', uploadId: 'u' });

  assert.ok((await stat(path)).size < 6 * MIB);
  await using again = await openPartsJournal(path);
  assert.deepEqual(again.known(), [{ path: 'a', key: 'a', uploadId: 'u', partSizeBytes: 5, sizeBytes: 9, parts: [] }]);
});

test('openPartsJournal: names file and line of what is no record, and changes nothing', async () => {
  await using place = await temporary();
  const path = join(place.folder, 'parts');
  {
    await using parts = await openPartsJournal(path);
    await parts.record({ kind: 'upload-planned', sequence: 1, path: 'a', key: 'a', partSizeBytes: 5, sizeBytes: 9 });
  }
  await appendFile(path, '{"kind":"upload-started\u0000\n');
  const before = await readFile(path);

  await assert.rejects(openPartsJournal(path), { code: 'PartsJournalDamaged', message: /parts: line 2 / });
  assert.deepEqual(await readFile(path), before);
});

test('openPartsJournal: drops a torn last line and nothing else', async () => {
  await using place = await temporary();
  const path = join(place.folder, 'parts');
  {
    await using parts = await openPartsJournal(path);
    await parts.record({ kind: 'upload-planned', sequence: 1, path: 'a', key: 'a', partSizeBytes: 5, sizeBytes: 9 });
  }
  await appendFile(path, '{"kind":"upload-ended","pa');

  await using again = await openPartsJournal(path);

  assert.equal(again.known().length, 1);
  assert.equal((await readFile(path, 'utf8')).split('\n').length, 2);
});

test('openPartsJournal: an upload that is planned anew forgets its former parts', async () => {
  await using place = await temporary();
  await using parts = await openPartsJournal(join(place.folder, 'parts'));
  const planned = { kind: 'upload-planned', sequence: 1, path: 'a', key: 'a', partSizeBytes: 5, sizeBytes: 9 } as const;
  await parts.record(planned);
  await parts.record({ kind: 'upload-started', sequence: 2, path: 'a', uploadId: 'u' });
  await parts.record({ kind: 'part-finished', sequence: 3, path: 'a', part: PART });

  await parts.record(planned);

  assert.deepEqual(parts.known(), [{ path: 'a', key: 'a', partSizeBytes: 5, sizeBytes: 9, parts: [] }]);
});

test('createKeyIndex: a key has one holder until it is given back, and is distinct by case', async () => {
  await using place = await temporary();
  using keys = createKeyIndex(join(place.folder, 'keys.db'));

  assert.equal(keys.claim('Key', 'a'), true);
  assert.equal(keys.claim('Key', 'a'), true);
  assert.equal(keys.claim('Key', 'b'), false);
  assert.equal(keys.claim('key', 'b'), true);
  keys.release('Key', 'b');
  assert.equal(keys.claim('Key', 'c'), false);
  keys.release('Key', 'a');
  assert.equal(keys.claim('Key', 'c'), true);
});

test('createKeyIndex: begins empty in place of a former one', async () => {
  await using place = await temporary();
  const path = join(place.folder, 'keys.db');
  {
    using keys = createKeyIndex(path);
    keys.claim('key', 'a');
  }

  using again = createKeyIndex(path);

  assert.equal(again.claim('key', 'b'), true);
});
