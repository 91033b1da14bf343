// The screen in a pipe: what is news is told once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeOf } from '#notice/catalogue.ts';
import type { StationStatus } from '#protocol/control.ts';
import { createChanges } from '#screen/changes.ts';
import { ENTER_PICTURE, LEAVE_PICTURE, paint } from '#screen/terminal.ts';
import { sampleStatus } from '../../support/screen-samples.ts';

const later = (status: StationStatus, seconds: number): StationStatus => ({
  ...status,
  madeAt: new Date(new Date(status.madeAt).getTime() + seconds * 1000).toISOString(),
});

test('createChanges: tells all bays first, each on one line with its hold and its progress', () => {
  const lines = createChanges().next(sampleStatus(4));

  assert.equal(lines.length, 4);
  assert.match(
    lines[0] ?? '',
    /^2026-11-25 09:16 UTC {2}Bay 1: loading: do not unplug, job 53TX4, 33 %, .*at least 3 h 18 min left, limited by the drive$/u,
  );
  assert.match(lines[1] ?? '', /Bay 2: HOLD MissingSignature: .* Who acts: the customer\. What to do: Take /u);
});

test('createChanges: says nothing while nothing changes, and how far a load is once a minute', () => {
  const changes = createChanges();
  const status = sampleStatus(4);
  changes.next(status);

  assert.deepEqual(changes.next(later(status, 30)), []);
  assert.equal(changes.next(later(status, 60)).length, 2);
  assert.deepEqual(changes.next(later(status, 90)), []);
});

test('createChanges: tells a bay again when it does something else', () => {
  const changes = createChanges();
  const status = sampleStatus(1);
  changes.next(status);

  const [bay] = status.bays;
  assert.ok(bay !== undefined);
  const lines = changes.next({ ...status, bays: [{ ...bay, activity: 'done', says: 'done: take it out' }] });

  assert.deepEqual(lines, ['2026-11-25 09:16 UTC  Bay 1: done: take it out, job 53TX4']);
});

test('createChanges: tells the holds of jobs and of the station, and their end', () => {
  const changes = createChanges();
  const status = sampleStatus(1);
  const holds = [{ ...noticeOf('LogNotWritten', {}), jobId: 'X452D' }, noticeOf('LauncherUnreachable', {})];

  const first = changes.next({ ...status, holds });
  const second = changes.next(status);

  assert.match(first[0] ?? '', /Job X452D: HOLD LogNotWritten: /u);
  assert.match(first[1] ?? '', /This station: HOLD LauncherUnreachable: /u);
  assert.deepEqual(second, [
    '2026-11-25 09:16 UTC  Job X452D: no longer held',
    '2026-11-25 09:16 UTC  This station: no longer held',
  ]);
});

test('createChanges: says once that the station does not answer, and then all anew', () => {
  const changes = createChanges();
  const silence = { since: '2026-11-25T09:16:05.000Z' };
  const first = changes.next(sampleStatus(4));

  assert.deepEqual(changes.silent(silence), ['2026-11-25 09:16 UTC  The station does not answer since 09:16:05 UTC']);
  assert.deepEqual(changes.silent(silence), []);
  assert.deepEqual(changes.next(sampleStatus(4)), first);
});

test('paint: puts each line in its place and empties what is below, but never the last row of a full page', () => {
  assert.equal(paint(['a', 'b'], 3), '\u001b[1;1H\u001b[2Ka\u001b[2;1H\u001b[2Kb\u001b[3;1H\u001b[J');
  assert.equal(paint(['a', 'b'], 2), '\u001b[1;1H\u001b[2Ka\u001b[2;1H\u001b[2Kb');
});

test('LEAVE_PICTURE: takes back what ENTER_PICTURE sets', () => {
  const modes = (text: string): readonly string[] => [...text.matchAll(/\?(\d+)[hl]/gu)].map(([, mode]) => mode ?? '');

  assert.deepEqual(modes(LEAVE_PICTURE).toSorted(), modes(ENTER_PICTURE).toSorted());
});
