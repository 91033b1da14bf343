// The job ID (spec 3.1).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { JOB_ID_SYMBOLS, createJobId, parseJobId } from '#job/job-id.ts';

test('JOB_ID_SYMBOLS: are the 34 of the specification', () => {
  assert.equal(new Set(JOB_ID_SYMBOLS).size, 34);
  assert.doesNotMatch(JOB_ID_SYMBOLS, /[0Oa-z]/u);
});

for (const text of ['53TX4', '48973', 'X452D', 'TSTD1', 'EX1ID', '796CK']) {
  test(`parseJobId: reads ${text} in any case`, () => {
    assert.equal(parseJobId(text), text);
    assert.equal(parseJobId(text.toLowerCase()), text);
  });
}

for (const text of ['', '53TX', '53TX44', '53TO4', '53T04', '53TX4\n', ' 53TX4', '53TX-', '53tß', 'ıııII']) {
  test(`parseJobId: refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseJobId(text), undefined);
  });
}

test('createJobId: asks for five of 34 and makes the ID of them', () => {
  const drawn = [0, 33, 8, 9, 23];
  const limits: number[] = [];

  const jobId = createJobId((limit) => {
    limits.push(limit);
    return drawn[limits.length - 1] ?? 0;
  });

  assert.equal(jobId, '1Z9AP');
  assert.deepEqual(limits, [34, 34, 34, 34, 34]);
});

test('createJobId: makes only IDs that parseJobId reads', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(33), { minLength: 5, maxLength: 5 }), (drawn) => {
      const numbers = drawn.values();
      const jobId = createJobId(() => numbers.next().value ?? assert.fail('asked for more than five'));
      assert.equal(parseJobId(jobId.toLowerCase()), jobId);
    }),
  );
});
