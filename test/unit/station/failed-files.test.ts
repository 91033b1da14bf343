import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LogCount } from '#import-log/contract.ts';
import { failedStep, holdForFailed } from '#station/failed-files.ts';
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
  return store;
};

const say = (store: ReturnType<typeof createMemoryStore>, cause: string, code?: string): void => {
  const details = code === undefined ? {} : { code };
  store.changeJob(sampleJob().jobId, { ...sampleChange(), cause, details });
};

test('failedStep: is none, for a load that has not ended its walk or waits for its bucket', () => {
  const store = aStore();

  assert.equal(failedStep(store, sampleLoad(), true), undefined);
  assert.equal(failedStep(store, { ...WAITING, phase: 'publishing' }, true), undefined);
});

test('failedStep: holds with how many files and why, until a person has spoken, whatever was said before', () => {
  const store = aStore();
  say(store, 'retry');
  holdForFailed(store, sampleJob(), COUNT, new Date());

  const { step, hold } = failedStep(store, WAITING, true) ?? assert.fail();

  assert.equal(step, 'hold');
  assert.match(
    holdNotice(hold, { bay: 'Bay 1' }).happened,
    /^Files could not be loaded \(2 ReadError, 1 AccessDenied\)/u,
  );
});

for (const { what, cause, code, step } of [
  { what: 'a retry', cause: 'retry', code: undefined, step: 'load-again' },
  { what: 'a word for them', cause: 'confirmed', code: 'FilesFailed', step: 'publish' },
  { what: 'a word for something else', cause: 'confirmed', code: 'OtherVolumeWithData', step: 'hold' },
] as const) {
  test(`failedStep: is ${step}, after ${what}`, () => {
    const store = aStore();
    holdForFailed(store, sampleJob(), COUNT, new Date());
    say(store, cause, code);

    assert.equal(failedStep(store, WAITING, true)?.step, step);
  });
}

test('failedStep: loads them again, where the configuration no longer waits', () => {
  const store = aStore();
  holdForFailed(store, sampleJob(), COUNT, new Date());

  assert.equal(failedStep(store, WAITING, false)?.step, 'load-again');
});
