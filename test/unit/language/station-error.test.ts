// The one error class.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StationError } from '#language/station-error.ts';

test('StationError: carries code, message, hint, details and cause', () => {
  const cause = new Error('EIO');

  const error = new StationError({
    code: 'StoreDamaged',
    message: 'Cannot open the store: damaged',
    hint: 'Restore it from a backup.',
    details: { path: '/store', pages: 3, isOpen: false },
    cause,
  });

  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.message, error.hint, error.details],
    [
      'StationError',
      'StoreDamaged',
      'Cannot open the store: damaged',
      'Restore it from a backup.',
      { path: '/store', pages: 3, isOpen: false },
    ],
  );
  assert.equal(error.cause, cause);
});

test('StationError: has no cause and no details, when none are given', () => {
  const error = new StationError({ code: 'A', message: 'b', hint: 'c' });

  assert.equal('cause' in error, false);
  assert.deepEqual(error.details, {});
});
