import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LogCount } from '#import-log/contract.ts';
import { waitForFailed, waitForWalk, waitingLoad } from '#station/waiting-load.ts';
import { holdNotice } from '#station/hold.ts';
import { formatSummary } from '#station/summary.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { sampleChange, sampleJob, sampleLoad } from '../../support/store-samples.ts';

const COUNT: LogCount = {
  loaded: { files: 5, bytes: 5 },
  ignored: { files: 1, bytes: 90 },
  failed: { files: 3, bytes: 3 },
  all: { files: 9, bytes: 98, fingerprint: '0'.repeat(32) },
  failedByCode: { ReadError: 2, AccessDenied: 1 },
};
const WAITING = sampleLoad({ summary: formatSummary(COUNT) });

const aStore = (): ReturnType<typeof createMemoryStore> => {
  const store = createMemoryStore();
  store.addJob(sampleJob(), sampleChange());
  store.startLoad(sampleLoad());
  return store;
};

const say = (store: ReturnType<typeof createMemoryStore>, cause: string, code?: string): void => {
  const details = code === undefined ? {} : { code };
  store.changeJob(sampleJob().jobId, { ...sampleChange(), cause, details });
};

test('waitingLoad: is none, for a load that has not ended its walk or waits for its bucket', () => {
  const store = aStore();

  assert.equal(waitingLoad(store, sampleLoad(), true), undefined);
  assert.equal(waitingLoad(store, { ...WAITING, phase: 'publishing' }, true), undefined);
});

test('waitingLoad: holds with how many files and why, until a person has spoken, whatever was said before', () => {
  const store = aStore();
  say(store, 'retry');
  waitForFailed(store, sampleJob(), COUNT, new Date());

  const { step, hold } = waitingLoad(store, WAITING, true) ?? assert.fail();

  assert.equal(step, 'hold');
  assert.match(
    holdNotice(hold, { bay: 'Bay 1' }).happened,
    /^Files could not be loaded \(2 ReadError, 1 AccessDenied\)/u,
  );
});

for (const { what, cause, code, step } of [
  { what: 'a retry', cause: 'retry', code: undefined, step: 'load-again' },
  { what: 'a word for them', cause: 'confirmed', code: 'FilesFailed', step: 'go-on' },
  { what: 'a word for something else', cause: 'confirmed', code: 'OtherVolumeWithData', step: 'hold' },
] as const) {
  test(`waitingLoad: is ${step}, after ${what}`, () => {
    const store = aStore();
    waitForFailed(store, sampleJob(), COUNT, new Date());
    say(store, cause, code);

    assert.equal(waitingLoad(store, WAITING, true)?.step, step);
  });
}

test('waitingLoad: loads them again, where the configuration no longer waits', () => {
  const store = aStore();
  waitForFailed(store, sampleJob(), COUNT, new Date());

  assert.equal(waitingLoad(store, WAITING, false)?.step, 'load-again');
});

for (const { what, cause, code, step } of [
  { what: 'nothing', cause: 'created', code: undefined, step: 'hold' },
  { what: 'a retry', cause: 'retry', code: undefined, step: 'load-again' },
  { what: 'a word for it', cause: 'confirmed', code: 'WalkNotTrusted', step: 'go-on' },
  { what: 'a word for failed files', cause: 'confirmed', code: 'FilesFailed', step: 'hold' },
] as const) {
  test(`waitingLoad: is ${step} for a doubtful walk, after ${what}`, () => {
    const store = aStore();
    waitForFailed(store, sampleJob(), COUNT, new Date());
    waitForWalk(store, sampleJob(), { count: COUNT, doubts: ['one', 'another'] }, new Date());
    say(store, cause, code);

    const waiting = waitingLoad(store, WAITING, false);

    assert.deepEqual([waiting?.code, waiting?.step], ['WalkNotTrusted', step]);
    assert.deepEqual(waiting?.hold.details, { message: 'one; another' });
  });
}
