import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJobId } from '#job/job-id.ts';
import { createClaims } from '#station/claims.ts';

const JOB_ID = parseJobId('53TX4') ?? assert.fail();

test('claims: the second bay with one job stops the first, and neither has it alone', () => {
  const claims = createClaims();
  const stopped: string[] = [];
  const claimant = (bay: string): { bay: string; stopAsDuplicate: () => void } => ({
    bay,
    stopAsDuplicate: () => {
      stopped.push(bay);
    },
  });

  assert.equal(claims.claim(JOB_ID, claimant('Bay 1')), true);
  assert.equal(claims.claim(JOB_ID, claimant('Bay 2')), false);

  assert.deepEqual(stopped, ['Bay 1']);
  assert.equal(claims.claim(JOB_ID, claimant('Bay 1')), false);
});

test('claims: a bay has the job alone again once the other drive has left', () => {
  const claims = createClaims();
  const claimant = (bay: string): { bay: string; stopAsDuplicate: () => void } => ({
    bay,
    stopAsDuplicate: () => undefined,
  });
  claims.claim(JOB_ID, claimant('Bay 1'));
  claims.claim(JOB_ID, claimant('Bay 2'));

  claims.release('Bay 2');

  assert.equal(claims.claim(JOB_ID, claimant('Bay 1')), true);
  assert.deepEqual(claims.baysOf(JOB_ID), ['Bay 1']);
});

test('claims: the bay that a person confirmed has the job, and the other one does not stop it', () => {
  const claims = createClaims();
  const stopped: string[] = [];
  const claimant = (bay: string, isConfirmed: boolean): Parameters<typeof claims.claim>[1] => ({
    bay,
    isConfirmed,
    stopAsDuplicate: () => {
      stopped.push(bay);
    },
  });
  claims.claim(JOB_ID, claimant('Bay 1', false));

  assert.equal(claims.claim(JOB_ID, claimant('Bay 2', true)), true);
  assert.deepEqual(stopped, ['Bay 1']);
  assert.equal(claims.claim(JOB_ID, claimant('Bay 1', false)), false);
  assert.deepEqual(stopped, ['Bay 1']);

  assert.equal(claims.claim(JOB_ID, claimant('Bay 1', true)), true);
  assert.deepEqual(stopped, ['Bay 1', 'Bay 2']);
});
