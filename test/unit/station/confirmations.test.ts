import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJobId } from '#job/job-id.ts';
import { isConfirmable, isConfirmed, vouchedFor, type ConfirmableCode } from '#station/confirmations.ts';
import type { JobChange } from '#store/contract.ts';

const jobId = parseJobId('53TX4') ?? assert.fail();
const DRIVE = { jobId, attachmentId: 'boot:7', fingerprint: 'drive-1' };

const said = (code: string, drive = 'drive-1', attachmentId = 'boot:7', cause = 'confirmed'): JobChange => ({
  changedAt: new Date('2026-01-05T08:00:00.000Z'),
  state: { job: 'Pending', device: 'AtAWS' },
  cause,
  details: { code, drive, attachmentId, why: 'seen' },
});

for (const { what, history, code, isTrue } of [
  { what: 'nothing was said', history: [], code: 'NothingToLoad', isTrue: false },
  { what: 'it was said of this drive', history: [said('NothingToLoad')], code: 'NothingToLoad', isTrue: true },
  {
    what: 'it was said in another bay',
    history: [said('NothingToLoad', 'drive-1', 'boot:3')],
    code: 'NothingToLoad',
    isTrue: true,
  },
  {
    what: 'it was said of another drive',
    history: [said('NothingToLoad', 'drive-2')],
    code: 'NothingToLoad',
    isTrue: false,
  },
  { what: 'another code was said', history: [said('NothingToLoad')], code: 'OtherVolumeWithData', isTrue: false },
  {
    what: 'it was said of the copy in the other bay',
    history: [said('DuplicateSignature', 'drive-1', 'boot:8')],
    code: 'DuplicateSignature',
    isTrue: false,
  },
  {
    what: 'the last word was for the other drive',
    history: [said('DuplicateSignature'), said('DuplicateSignature', 'drive-1', 'boot:8')],
    code: 'DuplicateSignature',
    isTrue: false,
  },
  {
    what: 'a hold has that code',
    history: [said('NothingToLoad', 'drive-1', 'boot:7', 'held')],
    code: 'NothingToLoad',
    isTrue: false,
  },
] as const satisfies readonly {
  readonly what: string;
  readonly history: readonly JobChange[];
  readonly code: ConfirmableCode;
  readonly isTrue: boolean;
}[]) {
  test(`isConfirmed: is ${String(isTrue)}, when ${what} (${code})`, () => {
    assert.equal(isConfirmed({ jobHistory: () => history }, code, DRIVE), isTrue);
  });
}

test('isConfirmable: is false, for what no word can mend', () => {
  assert.equal(isConfirmable('InvalidSignature'), false);
  assert.equal(isConfirmable('DifferentDrive'), false);
});

test('vouchedFor: gives the last word on each doubt, and no other words', () => {
  const history = [
    said('NothingToLoad'),
    said('OtherVolumeWithData', 'drive-1', 'boot:7', 'held'),
    said('OtherVolumeWithData'),
    { ...said('NothingToLoad'), details: { code: 'NothingToLoad', why: 'seen again' } },
  ];

  assert.deepEqual(vouchedFor({ jobHistory: () => history }, jobId), [
    { code: 'NothingToLoad', why: 'seen again' },
    { code: 'OtherVolumeWithData', why: 'seen' },
  ]);
});
