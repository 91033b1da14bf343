// How the station reaches a job's buckets: the account's settings with the key that loads.

import type { BucketAccess } from '#bucket/contract.ts';
import { accessBy, loadingKeyOf } from '#desk/bucket-access.ts';
import { StationError } from '#language/station-error.ts';
import type { Account, Job } from '#store/contract.ts';

/** Access to one of a job's buckets (data and log bucket lie in one region, spec 3.4). */
export const bucketAccess = (account: Account, job: Job, bucket: string): BucketAccess => {
  const key = loadingKeyOf(account, job);
  if (key === undefined) {
    throw new StationError({
      code: 'NoLoadingKey',
      message: `Cannot reach bucket ${bucket}: account ${account.email} has no key ${job.loadingKeyId}`,
      hint: 'Add the key again with import-station account key add, then retry.',
    });
  }
  return accessBy(account, key, { bucket, region: job.bucketRegion });
};
