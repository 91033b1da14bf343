// Expiry by decision 20: 30 days after creation, only while the drive has not arrived, and only by a clock that agrees
// with the bucket's own.

import { isExpired } from '#job/transition.ts';
import { DAY_MS } from '#language/units.ts';
import type { Job } from '#store/contract.ts';
import { bucketAccess } from './bucket-access.ts';
import { changeJob, type JobChangeDeps } from './change-job.ts';
import type { Claims } from './claims.ts';
import { MAX_SKEW_MS, type ClockSkew } from './clock-check.ts';

/** What expiry needs. */
export interface ExpiryDeps extends JobChangeDeps {
  readonly claims: Claims;
  readonly clockSkewMs: ClockSkew;
}

/** Marks every job that has expired; asks a bucket's clock only where a job is due. */
export const expireJobs = async (deps: ExpiryDeps, signal: AbortSignal): Promise<void> => {
  for (const job of deps.store.jobs()) {
    const inBay = deps.claims.baysOf(job.jobId).length > 0;
    const isDue = isExpired({
      createdAt: job.createdAt,
      expiryDays: lifetimeDays(job),
      state: job.state,
      inBay,
      now: deps.now(),
    });
    if (isDue && (await isClockTrusted(deps, job, signal))) changeJob(deps, job.jobId, { kind: 'expired' });
  }
};

// As it was at creation, whatever the configuration says now: the customer was told this day.
const lifetimeDays = ({ createdAt, expiresAt }: Job): number => (expiresAt.getTime() - createdAt.getTime()) / DAY_MS;

const isClockTrusted = async (deps: ExpiryDeps, job: Job, signal: AbortSignal): Promise<boolean> => {
  const account = deps.store.account(job.accountEmail);
  if (account === undefined) return false;
  const skewMs = await deps.clockSkewMs(bucketAccess(account, job, job.bucket), signal);
  return skewMs !== undefined && Math.abs(skewMs) <= MAX_SKEW_MS;
};
