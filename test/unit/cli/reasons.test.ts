import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { reasonsSchema } from '#cli/json-shapes.ts';
import { REASONS } from '#notice/catalogue.ts';
import { reasonsPage } from '../../../scripts/lib/reasons-page.ts';
import { runInProcess } from './in-process.ts';

const PAGE = join(import.meta.dirname, '../../../docs/reasons.md');

test('docs/reasons.md: is what the catalogue says', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), reasonsPage());
});

test('reasons: lists every code on a line', async () => {
  const { exitCode, stdout } = await runInProcess(['reasons']);

  assert.equal(exitCode, 0);
  const codes = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ')[0]);
  assert.deepEqual(
    codes,
    REASONS.map(({ code }) => code),
  );
});

test('reasons: explains one code with its ways out, in any case', async () => {
  const { exitCode, stdout } = await runInProcess(['reasons', 'missingsignature']);

  assert.equal(exitCode, 0);
  assert.match(stdout, /^MissingSignature \(hold/u);
  assert.match(
    stdout,
    /Who acts: {3}the customer\n.*What to do: Take the drive out.*\n.*Ways out: {3}reject, take the drive out\n/u,
  );
});

test('reasons: gives the same as JSON', async () => {
  const { stdout } = await runInProcess(['reasons', 'MissingSignature', '--json']);

  const { reasons } = reasonsSchema.parse(JSON.parse(stdout));
  assert.deepEqual(
    reasons,
    REASONS.filter(({ code }) => code === 'MissingSignature'),
  );
});

test('reasons: refuses a code that there is not', async () => {
  const { exitCode, stderr } = await runInProcess(['reasons', 'NoSuchThing']);

  assert.equal(exitCode, 1);
  assert.match(stderr, /There is no code of that name: NoSuchThing/u);
});
