import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJobId, type JobId } from '#job/job-id.ts';
import { similarJobIds } from '#job/similar-job-ids.ts';

const id = (text: string): JobId => {
  const jobId = parseJobId(text);
  assert.ok(jobId !== undefined);
  return jobId;
};

for (const { typed, what } of [
  { typed: '53TX1', what: 'another character at the end' },
  { typed: 'S3TX4', what: 'another character at the beginning' },
  { typed: '53T0X4', what: 'one character too many' },
  { typed: '53TX', what: 'one character too few' },
  { typed: '3TX4', what: 'the first character missing' },
  { typed: '35TX4', what: 'two neighbours swapped' },
  { typed: '53tx5', what: 'lower case' },
]) {
  test(`similarJobIds: finds the job for ${what}`, () => {
    assert.deepEqual(similarJobIds(typed, [id('AAAAA'), id('53TX4')]), ['53TX4']);
  });
}

for (const { typed, what } of [
  { typed: '53TX4', what: 'the ID itself' },
  { typed: '53T11', what: 'two other characters' },
  { typed: 'T35X4', what: 'a swap of what are no neighbours' },
  { typed: '', what: 'nothing' },
]) {
  test(`similarJobIds: finds none for ${what}`, () => {
    assert.deepEqual(similarJobIds(typed, [id('53TX4')]), []);
  });
}
