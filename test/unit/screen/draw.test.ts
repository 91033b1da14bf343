// The technician's screen: whatever the window's size, holds are on top, and what cannot be shown is not left out in
// silence.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { noticeOf } from '#notice/catalogue.ts';
import type { BayStatus, StationStatus } from '#protocol/control.ts';
import { drawAll, drawScreen, drawSilence } from '#screen/draw.ts';
import { widthOf } from '#screen/text.ts';
import { screenPage, withCaptures } from '../../../scripts/lib/screen-page.ts';
import { SAMPLE_BAYS, SAMPLE_SIZES, sampleStatus } from '../../support/screen-samples.ts';

const README = join(import.meta.dirname, '../../../README.md');
const PAGE = join(import.meta.dirname, '../../../docs/screen.md');
const PLAIN = { columns: 80, rows: 24, isColoured: false };

const withBays = (bays: readonly BayStatus[]): StationStatus => ({ ...sampleStatus(1), bays: [...bays], holds: [] });

const sampleBay = (name: string, change: Partial<BayStatus> = {}): BayStatus => {
  const bay = sampleStatus(12).bays.find((one) => one.bay === name);
  assert.ok(bay !== undefined);
  return { ...bay, ...change };
};

test('docs/screen.md: is what is drawn', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), screenPage());
});

test('README.md: has the captures of what is drawn', () => {
  const readme = readFileSync(README, 'utf8');

  assert.equal(readme.split('<summary>').length - 1, SAMPLE_BAYS.length * SAMPLE_SIZES.length);
  assert.equal(readme, withCaptures(readme));
});

for (const bayCount of SAMPLE_BAYS) {
  for (const { columns, rows } of SAMPLE_SIZES) {
    test(`drawScreen: fits ${String(bayCount)} bays into ${String(columns)} x ${String(rows)}, holds first, nothing missing`, () => {
      const status = sampleStatus(bayCount);

      const lines = drawScreen(status, { columns, rows, isColoured: false });

      assert.ok(lines.length <= rows);
      for (const line of lines) assert.ok(widthOf(line) <= columns, line);
      const at = status.bays.map(({ bay }) => lines.findIndex((line) => new RegExp(`^${bay}\\b`, 'u').test(line)));
      assert.ok(!at.includes(-1));
      const held = at.filter((_, index) => status.bays[index]?.activity === 'hold' || index === 9);
      assert.deepEqual(at.toSorted((a, b) => a - b).slice(0, held.length), held);
      assert.doesNotMatch(lines.join('\n'), /undefined|\[object|NaN|more; make the window/u);
    });

    test(`drawScreen: says the same in colour, for ${String(bayCount)} bays in ${String(columns)} x ${String(rows)}`, () => {
      const size = { columns, rows };

      const coloured = drawScreen(sampleStatus(bayCount), { ...size, isColoured: true });

      const plain = drawScreen(sampleStatus(bayCount), { ...size, isColoured: false });
      assert.deepEqual(
        coloured.map((line) => stripVTControlCharacters(line).trimEnd()),
        plain,
      );
      assert.ok(coloured.join('').includes('\u001b['));
      assert.ok(!plain.join('').includes('\u001b'));
    });
  }
}

test('drawScreen: gives each of four loads five lines, in the smallest window too', () => {
  const bays = [1, 2, 3, 4].map((number) => sampleBay('Bay 1', { bay: `Bay ${String(number)}` }));

  const lines = drawScreen(withBays(bays), PLAIN);

  assert.equal(lines.length, 24);
  assert.equal(lines.filter((line) => line.includes('limited by the drive')).length, 4);
});

test('drawScreen: gives more bays a second line where there is room for all of them', () => {
  const bays = Array.from({ length: 12 }, (_, index) => sampleBay('Bay 1', { bay: `Bay ${String(index + 1)}` }));

  const small = drawScreen(withBays(bays), PLAIN);
  const large = drawScreen(withBays(bays), { ...PLAIN, rows: 25 });

  assert.equal(small.length, 13);
  assert.equal(large.length, 25);
  assert.match(large[2] ?? '', /^ {2}101,234 of at least 212,345 files \(1 failed\), 620\.0 GiB of at least 1\.1 TiB/u);
});

test('drawScreen: shows in a wide window what is done in the line itself, where no second line fits', () => {
  const bays = Array.from({ length: 12 }, (_, index) => sampleBay('Bay 1', { bay: `Bay ${String(index + 1)}` }));

  const [, line = ''] = drawScreen(withBays(bays), { ...PLAIN, columns: 120, rows: 20 });

  assert.match(line, /^Bay 1 .* 33 % +101,234 files 620\.0 GiB +104\.9 MiB\/s at least 3h18 +drive/u);
});

test('drawScreen: says how many lines the window has no room for', () => {
  const lines = drawScreen(sampleStatus(12), { ...PLAIN, rows: 10 });

  assert.equal(lines.length, 10);
  assert.match(lines[9] ?? '', /^\.\.\. and 4 more; make the window taller$/u);
});

test('drawScreen: draws nothing wider or longer than a window that is no use', () => {
  for (const size of [
    { columns: 1, rows: 1 },
    { columns: 2, rows: 2 },
    { columns: 7, rows: 3 },
  ]) {
    const lines = drawScreen(sampleStatus(12), { ...size, isColoured: false });

    assert.ok(lines.length <= size.rows);
    for (const line of lines) assert.ok(widthOf(line) <= size.columns, line);
  }
});

test('drawScreen: shows the holds of jobs and of the whole station above everything', () => {
  const ofJob = { ...noticeOf('LogNotWritten', { jobId: 'X452D' }), jobId: 'X452D' };
  const ofStation = noticeOf('LauncherUnreachable', {});

  for (const bayCount of SAMPLE_BAYS) {
    const status = sampleStatus(bayCount);
    const lines = drawScreen({ ...status, holds: [...status.holds, ofJob, ofStation] }, { ...PLAIN, rows: 60 });

    const text = lines.filter((line) => line !== '').join('\n');
    assert.match(text, /^hall-2 .*\nJob X452D {2}HOLD LogNotWritten\n {2}.*\n(?: {2}.*\n)*This station {2}HOLD /u);
  }
});

test('drawScreen: says since when the station does not answer, over what it knew last', () => {
  const [first, ...rest] = drawScreen(sampleStatus(4), PLAIN, { since: '2026-11-25T09:16:05.000Z' });

  assert.match(first ?? '', /The station does not answer since 09:16:05 UTC; shown is/u);
  assert.deepEqual(rest, drawScreen(sampleStatus(4), PLAIN).slice(1));
});

test('drawSilence: says it where nothing is known yet', () => {
  const lines = drawSilence({ since: '2026-11-25T09:16:05.000Z' }, PLAIN);

  assert.deepEqual(lines, ['The station does not answer since 09:16:05 UTC']);
});

test('drawScreen: reckons a share of files where all are empty, and says all only when every row is there', () => {
  const progress = {
    found: { files: 4, bytes: 0 },
    walkEnded: true,
    finished: { files: 2, bytes: 0, failedFiles: 0 },
    sentBytes: 0,
    bytesPerSecond: 0,
  };
  const shown = (change: object): string =>
    drawScreen(withBays([sampleBay('Bay 1', { progress: { ...progress, ...change } })]), PLAIN).join('\n');

  assert.match(shown({}), / 50 %/u);
  assert.match(shown({ finished: { files: 4, bytes: 0, failedFiles: 0 } }), /\] {2}100 %/u);
  assert.match(shown({ found: { files: 3, bytes: 10 }, finished: { files: 2, bytes: 10, failedFiles: 0 } }), / 99 %/u);
  assert.match(shown({ found: { files: 0, bytes: 0 }, walkEnded: false, finished: progress.finished }), / 0 %/u);
});

test('drawScreen: names a drive without make or serial by what it is', () => {
  const drive = { name: 'image /srv/a.img, 33.6 MB', device: '/dev/loop3', sizeBytes: 33_554_432, attachmentId: 'x:1' };

  const lines = drawScreen(withBays([sampleBay('Bay 3', { drive })]), PLAIN);

  assert.ok(lines.includes('  33.6 MB image /srv/a.img, /dev/loop3'));
});

test('drawScreen: lets no text from outside steer the terminal', () => {
  const bay = sampleBay('Bay 1', { bay: 'Bay\u001b[2J', says: 'a\nb' });

  const text = drawScreen(withBays([bay]), PLAIN).join('\n');

  assert.ok(!text.includes('\u001b'));
  assert.match(text, /^Bay\\u\{1b\}\[2J {2}BUSY {2}a\\u\{a\}b/mu);
});

test('drawAll: shows everything with each sentence on one line, and each hold once', () => {
  const status = sampleStatus(12);

  const text = drawAll(status, false).join('\n');

  for (const { code, happened, todo } of status.holds) {
    assert.ok(text.includes(`  ${happened}\n  Who acts: `), code);
    assert.ok(text.includes(`What to do: ${todo}\n`), code);
  }
  assert.equal(text.split('HOLD MissingSignature').length, 2);
  assert.match(text, /^hall-2 {2}2026-11-25 09:16 UTC {2}3 waiting for a person, 2 to take out, 6 busy, 1 empty\n/u);
});
