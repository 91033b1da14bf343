// Every state with every event (spec 3.7, 3.8; decisions 18 to 21), and expiry (decision 20).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { AbortCode, DeviceStatus, JobState, JobStatus } from '#job/status.ts';
import { type JobEvent, isExpired, isTerminal, transition } from '#job/transition.ts';

const ABORT_CODES = [
  'DeviceError',
  'MissingDevice',
  'MissingSignature',
  'InvalidSignature',
  'UnsupportedDeviceType',
  'UnsupportedFileFormat',
  'UnsupportedPowerSupply',
] as const satisfies readonly AbortCode[];
const DONE = ['Completed', 'SuccessWithErrors'] as const;
const TERMINAL = [...DONE, 'Canceled', 'Expired', ...ABORT_CODES] as const satisfies readonly JobStatus[];
const JOBS = ['Pending', 'InProgress', ...TERMINAL] as const satisfies readonly JobStatus[];
const DEVICES = ['NotReceived', 'AtAWS', 'Returned'] as const satisfies readonly DeviceStatus[];

const EVENTS: readonly JobEvent[] = [
  { kind: 'received' },
  { kind: 'attached' },
  { kind: 'first-file' },
  { kind: 'completed' },
  { kind: 'completed-with-errors' },
  { kind: 'canceled' },
  { kind: 'expired' },
  { kind: 'returned' },
  { kind: 'updated' },
  ...ABORT_CODES.map((code) => ({ kind: 'rejected', code }) as const),
];

const named = (event: JobEvent): string => (event.kind === 'rejected' ? `rejected ${event.code}` : event.kind);
const written = ({ job, device }: JobState): string => `${job}/${device}`;

// The whole table, written apart from the code: event, then state and what follows. What is not here is illegal.
const LEGAL: ReadonlyMap<string, string> = new Map([
  ...JOBS.filter((job) => job !== 'Canceled' && job !== 'Expired').map(
    (job) => [`received ${job}/NotReceived`, `${job}/AtAWS`] as const,
  ),
  ...JOBS.map((job) => [`received ${job}/AtAWS`, `${job}/AtAWS`] as const),
  ...JOBS.map((job) => [`attached ${job}/NotReceived`, `${job}/AtAWS`] as const),
  ...JOBS.map((job) => [`attached ${job}/AtAWS`, `${job}/AtAWS`] as const),
  ['first-file Pending/AtAWS', 'InProgress/AtAWS'] as const,
  ['first-file InProgress/AtAWS', 'InProgress/AtAWS'] as const,
  ['completed Pending/AtAWS', 'Completed/AtAWS'] as const,
  ['completed-with-errors Pending/AtAWS', 'SuccessWithErrors/AtAWS'] as const,
  ['expired Pending/NotReceived', 'Expired/NotReceived'] as const,
  ...DEVICES.flatMap((device) => [
    [`completed InProgress/${device}`, `Completed/${device}`] as const,
    [`completed Completed/${device}`, `Completed/${device}`] as const,
    [`completed-with-errors InProgress/${device}`, `SuccessWithErrors/${device}`] as const,
    [`completed-with-errors SuccessWithErrors/${device}`, `SuccessWithErrors/${device}`] as const,
    [`canceled Pending/${device}`, `Canceled/${device}`] as const,
    [`canceled InProgress/${device}`, `Canceled/${device}`] as const,
    [`expired Expired/${device}`, `Expired/${device}`] as const,
    [`updated Pending/${device}`, `Pending/${device}`] as const,
    [`rejected DeviceError InProgress/${device}`, `DeviceError/${device}`] as const,
    ...ABORT_CODES.flatMap((code) => [
      [`rejected ${code} Pending/${device}`, `${code}/${device}`] as const,
      [`rejected ${code} ${code}/${device}`, `${code}/${device}`] as const,
    ]),
  ]),
  ...TERMINAL.map((job) => [`returned ${job}/AtAWS`, `${job}/Returned`] as const),
  ...JOBS.map((job) => [`returned ${job}/Returned`, `${job}/Returned`] as const),
]);

for (const event of EVENTS) {
  test(`transition: takes exactly the legal steps, when ${named(event)}`, () => {
    for (const state of JOBS.flatMap((job) => DEVICES.map((device) => ({ job, device })))) {
      const result = transition(state, event);

      const next = result.kind === 'ok' ? written(result.state) : undefined;
      assert.equal(next, LEGAL.get(`${named(event)} ${written(state)}`), `${named(event)} in ${written(state)}`);
    }
  });
}

for (const [job, device, event, reason] of [
  ['Expired', 'NotReceived', { kind: 'received' }, 'the job is Expired, so its delivery is refused'],
  ['Completed', 'Returned', { kind: 'attached' }, 'the device was returned already'],
  ['Pending', 'NotReceived', { kind: 'first-file' }, 'the device is NotReceived, expected AtAWS'],
  ['Canceled', 'AtAWS', { kind: 'first-file' }, 'the job is over (Canceled)'],
  ['Pending', 'NotReceived', { kind: 'completed' }, 'the device is NotReceived, expected AtAWS'],
  ['Completed', 'AtAWS', { kind: 'canceled' }, 'the job is over (Completed)'],
  ['Pending', 'AtAWS', { kind: 'expired' }, 'the job is Pending with its device AtAWS'],
  [
    'InProgress',
    'AtAWS',
    { kind: 'rejected', code: 'MissingSignature' },
    'the job is InProgress and can only be rejected as DeviceError, not MissingSignature',
  ],
  ['InProgress', 'AtAWS', { kind: 'updated' }, 'the job is InProgress and can only be updated while Pending'],
  ['InProgress', 'AtAWS', { kind: 'returned' }, 'the job is InProgress, so its device is still needed'],
  ['Expired', 'NotReceived', { kind: 'returned' }, 'the device was never received'],
] as const) {
  test(`transition: says why, when ${named(event)} in ${job}/${device}`, () => {
    const state = { job, device };

    assert.deepEqual(transition(state, event), { kind: 'illegal', state, event, reason });
  });
}

test('transition: keeps terminal codes and never moves a device back, whatever happens', () => {
  const states = fc.record({ job: fc.constantFrom(...JOBS), device: fc.constantFrom(...DEVICES) });
  const events = fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 });

  fc.assert(
    fc.property(states, events, (start, happened) => {
      let state: JobState = start;
      for (const event of happened) {
        const result = transition(state, event);
        const next = result.state;
        if (isTerminal(state.job)) assert.equal(next.job, state.job);
        assert.ok(DEVICES.indexOf(next.device) >= DEVICES.indexOf(state.device));
        if (result.kind === 'illegal') assert.equal(next, state);
        state = next;
      }
    }),
  );
});

test('isTerminal: is false for Pending and InProgress alone', () => {
  assert.deepEqual(
    JOBS.filter((job) => !isTerminal(job)),
    ['Pending', 'InProgress'],
  );
});

const createdAt = new Date('2009-03-01T12:00:00Z');
const waiting: JobState = { job: 'Pending', device: 'NotReceived' };

for (const [title, now, options, expected] of [
  ['30 days are over', '2009-03-31T12:00:00Z', {}, true],
  ['a millisecond of 30 days is left', '2009-03-31T11:59:59.999Z', {}, false],
  ['the configured days are over', '2009-03-03T12:00:00Z', { expiryDays: 2 }, true],
  ['the configured days are not over', '2009-03-03T11:59:59Z', { expiryDays: 2 }, false],
  ['a drive of it is in a bay', '2010-01-01T00:00:00Z', { inBay: true }, false],
  ['its device is here', '2010-01-01T00:00:00Z', { state: { job: 'Pending', device: 'AtAWS' } }, false],
  ['it is over already', '2010-01-01T00:00:00Z', { state: { job: 'Expired', device: 'NotReceived' } }, false],
] as const) {
  test(`isExpired: is ${String(expected)}, when ${title}`, () => {
    const defaults = { createdAt, state: waiting, inBay: false, now: new Date(now) };

    assert.equal(isExpired({ ...defaults, ...options }), expected);
  });
}
