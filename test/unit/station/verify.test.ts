import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJobId, type JobId } from '#job/job-id.ts';
import { computeSignature, formatSignatureFile } from '#job/signature.ts';
import type { JobStatus } from '#job/status.ts';
import { Secret } from '#language/secret.ts';
import { holdNotice } from '#station/hold.ts';
import { verifyDrive, type VerifyFacts } from '#station/verify.ts';
import type { Job, Load } from '#store/contract.ts';

const SECRET = new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');
const MANIFEST = Buffer.from('manifestVersion: 1.0\n');
const FINGERPRINT = 'drive-1';

const jobIdOf = (text: string): JobId => {
  const jobId = parseJobId(text);
  assert.ok(jobId !== undefined);
  return jobId;
};
const JOB_ID = jobIdOf('53TX4');

const job = (status: JobStatus): Job => ({
  jobId: JOB_ID,
  accountEmail: 'a@example.com',
  manifest: MANIFEST,
  signingKeyId: 'AKIA',
  loadingKeyId: 'AKIA',
  bucket: 'b',
  bucketRegion: 'us-east-1',
  logBucket: 'b',
  logKey: 'import-log-53TX4',
  createdAt: new Date('2026-01-01T00:00:00Z'),
  expiresAt: new Date('2026-01-31T00:00:00Z'),
  state: { job: status, device: 'NotReceived' },
});

const load: Load = {
  jobId: JOB_ID,
  startedAt: new Date('2026-01-02T00:00:00Z'),
  driveFingerprint: FINGERPRINT,
  driveName: 'drive one',
  hashKey: new Uint8Array(16),
  phase: 'loading',
};

const facts = (status: JobStatus, over: Partial<VerifyFacts> = {}): VerifyFacts => ({
  job: (jobId) => (jobId === JOB_ID ? job(status) : undefined),
  load: () => undefined,
  secret: () => SECRET,
  ...over,
});

const signatureFile = (jobId = '53TX4', secret = SECRET): Uint8Array =>
  formatSignatureFile({
    version: '1.0',
    jobId: jobIdOf(jobId),
    signature: computeSignature({ jobId: jobIdOf(jobId), manifest: MANIFEST, secret }),
  });

for (const status of ['Pending', 'InProgress'] as const) {
  test(`verifyDrive: gives the job when the SIGNATURE fits and it is ${status}`, () => {
    const verification = verifyDrive(signatureFile(), FINGERPRINT, facts(status, { load: () => load }));

    assert.equal(verification.kind, 'job');
  });
}

const rows = [
  { what: 'garbage', signature: Buffer.from('garbage'), facts: facts('Pending'), code: 'MalformedSignature' },
  { what: 'an unknown job', signature: signatureFile('ZZZZZ'), facts: facts('Pending'), code: 'UnknownJob' },
  {
    what: "another key's signature",
    signature: signatureFile('53TX4', new Secret('another secret')),
    facts: facts('Completed'),
    code: 'InvalidSignature',
  },
  {
    what: 'a job whose key is gone',
    signature: signatureFile(),
    facts: facts('Pending', { secret: () => undefined }),
    code: 'InvalidSignature',
  },
  { what: 'a completed job', signature: signatureFile(), facts: facts('Completed'), code: 'AlreadyLoaded' },
  { what: 'a job with errors', signature: signatureFile(), facts: facts('SuccessWithErrors'), code: 'AlreadyLoaded' },
  { what: 'a cancelled job', signature: signatureFile(), facts: facts('Canceled'), code: 'CanceledJob' },
  { what: 'an expired job', signature: signatureFile(), facts: facts('Expired'), code: 'ExpiredJob' },
  { what: 'a rejected job', signature: signatureFile(), facts: facts('DeviceError'), code: 'AbortedJob' },
  {
    what: 'another drive than the load began with',
    signature: signatureFile(),
    facts: facts('InProgress', { load: () => ({ ...load, driveFingerprint: 'drive-2' }) }),
    code: 'DifferentDrive',
  },
] as const;

for (const { what, signature, facts: known, code } of rows) {
  test(`verifyDrive: holds as ${code} when it is ${what}`, () => {
    const verification = verifyDrive(signature, FINGERPRINT, known);

    assert.equal(verification.kind === 'hold' ? verification.hold.code : verification.kind, code);
  });
}

test('verifyDrive: goes on verifying by the original, when the job was updated', () => {
  const updated = {
    ...job('Pending'),
    manifest: Buffer.from('other'),
    original: { manifest: MANIFEST, signingKeyId: 'AKIA' },
  };

  const verification = verifyDrive(signatureFile(), FINGERPRINT, facts('Pending', { job: () => updated }));

  assert.ok(verification.kind === 'job');
  assert.equal(verification.job.manifest, updated.manifest);
});

test('verifyDrive: holds in the words of decision 18, when SIGNATURE fits the update but not the original', () => {
  const original = { manifest: Buffer.from('other'), signingKeyId: 'AKIA' };
  const updated = { ...job('Pending'), original };

  const verification = verifyDrive(signatureFile(), FINGERPRINT, facts('Pending', { job: () => updated }));

  assert.ok(verification.kind === 'hold');
  const { happened } = holdNotice(verification.hold, { jobId: JOB_ID, bay: 'Bay 1' });
  assert.match(happened, /53TX4: the drive's SIGNATURE fits the update but not the original\.$/u);
});

test('verifyDrive: says of a SIGNATURE that fits neither that it was made for something else, when the job was updated', () => {
  const original = { manifest: Buffer.from('other'), signingKeyId: 'AKIA' };
  const updated = { ...job('Pending'), manifest: Buffer.from('another'), original };

  const verification = verifyDrive(signatureFile(), FINGERPRINT, facts('Pending', { job: () => updated }));

  assert.ok(verification.kind === 'hold');
  assert.match(verification.hold.details['message'] ?? '', /another key or for another manifest/u);
});
