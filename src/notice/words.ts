// The shape of one entry in a family of the catalogue, and the placeholders that entries may use.

import type { Reason } from './contract.ts';

/** The words for one code; the code is the name it stands under. */
export type Words = Omit<Reason, 'code' | 'kind' | 'waysOut'>;

/** A family of the catalogue: words by code. */
export type Family = Readonly<Record<string, Words>>;

/**
 * Every placeholder that an entry may use, with what stands there where nobody knows more. Each sentence stays a
 * sentence with these.
 */
export const PLACEHOLDERS: Readonly<Record<string, string>> = {
  bay: 'BAY',
  bucket: 'the bucket',
  date: 'an unknown date',
  drive: 'another drive',
  email: 'the account',
  file: 'the file',
  found: 'nothing like it',
  inUseBy: 'unknown',
  jobId: 'JOBID',
  jobs: 'see import-station job list',
  keyId: 'unknown',
  label: 'none',
  minutes: 'some',
  message: 'no more is known',
  problem: 'no more is known',
  quota: 'the number that is allowed',
  reason: 'something else',
  region: 'another region',
  size: 'an unknown number of',
  status: 'unknown',
  target: 'that name',
  type: 'unknown',
  volume: 'a volume',
  volumes: 'unknown',
  why: 'no reason was given',
};
