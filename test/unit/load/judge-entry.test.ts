import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judgeEntry } from '#load/judge-entry.ts';
import { createObjectRules } from '#object/rules.ts';

import { aManifest, onLines } from '../object/a-manifest.ts';

const judge = (
  kind: Parameters<typeof judgeEntry>[0]['kind'],
  path: string,
  ...patterns: readonly string[]
): string => {
  const compiled = createObjectRules(aManifest({ prefix: 'in/', ignore: onLines(...patterns) }));
  assert.ok(compiled.kind === 'ok');
  const { rules } = compiled;
  const verdict = judgeEntry(
    { kind, path: Buffer.from(path), sizeBytes: 5 },
    { rules, maxObjectBytes: 5, logKey: 'in/log' },
  );
  return verdict.kind === 'send'
    ? `send ${verdict.key}`
    : `${String(verdict.status)} ${verdict.code} ${verdict.key} ${verdict.contentType}`.trim();
};

test('judgeEntry: sends a file', () => {
  assert.equal(judge('file', 'a.jpg'), 'send in/a.jpg');
});

test('judgeEntry: ignores whatever a pattern fits, of any kind', () => {
  assert.equal(judge('file', 'a.jpg', '.*'), '103 Ignored  image/jpeg');
  assert.equal(judge('link', 'a.jpg', '.*'), '103 Ignored  image/jpeg');
  assert.equal(judge('unlistable', 'folder/', '^folder/$'), '103 Ignored');
});

test('judgeEntry: never ignores the top folder itself, for no customer has named it', () => {
  for (const pattern of ['^\\.', '/$', '.*']) assert.equal(judge('unlistable', './', pattern), '500 ReadError');
});

test('judgeEntry: gives special files their key, and the type that their name has', () => {
  for (const kind of ['link', 'fifo', 'socket', 'device'] as const) {
    assert.equal(judge(kind, 'pipe.jpg'), '415 UnsupportedFileType in/pipe.jpg image/jpeg');
  }
});

test('judgeEntry: refuses the key of the import log', () => {
  assert.equal(judge('file', 'log'), '409 KeyCollision in/log binary/octet-stream');
});
