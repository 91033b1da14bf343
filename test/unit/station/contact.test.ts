import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJobId } from '#job/job-id.ts';
import { SECOND_MS } from '#language/units.ts';
import { isBadContact, isUnread, withDeparture } from '#station/contact.ts';
import { hold } from '#station/hold.ts';
import type { RunState } from '#station/run-state.ts';

const JOB_ID = parseJobId('53TX4') ?? assert.fail();

const departuresAt = (seconds: readonly number[]): readonly number[] =>
  seconds.reduce<readonly number[]>((times, second) => withDeparture(times, second * SECOND_MS), []);

for (const { seconds, isBad } of [
  { seconds: [0, 30], isBad: false },
  { seconds: [0, 30, 60], isBad: true },
  { seconds: [0, 30, 61], isBad: false },
  { seconds: [0, 100, 130, 150], isBad: true },
]) {
  test(`contact: is ${isBad ? 'bad' : 'good'}, when drives left at ${seconds.join(', ')} s`, () => {
    assert.equal(isBadContact(departuresAt(seconds)), isBad);
  });
}

for (const { state, unread } of [
  { state: { kind: 'inspecting' }, unread: true },
  { state: { kind: 'hold', hold: { code: 'ProbeFailed', details: {} } }, unread: true },
  { state: { kind: 'hold', hold: hold('LoaderFailed'), jobId: JOB_ID }, unread: false },
  { state: { kind: 'hold', hold: hold('MissingSignature') }, unread: false },
  { state: { kind: 'interrupted', jobId: JOB_ID }, unread: false },
  { state: { kind: 'released' }, unread: false },
] as const satisfies readonly { readonly state: RunState; readonly unread: boolean }[]) {
  test(`isUnread: is ${String(unread)}, for ${JSON.stringify(state)}`, () => {
    assert.equal(isUnread(state), unread);
  });
}
