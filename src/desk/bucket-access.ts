// How an account's bucket is reached: the account's settings with one of its keys.

import type { BucketAccess } from '#bucket/contract.ts';
import type { Account, AccountKey, Job } from '#store/contract.ts';

/** The bucket, and the region that it was found in. */
export type BucketPlace = Pick<BucketAccess, 'bucket' | 'region'>;

/** Access to a bucket by one key of an account. */
export const accessBy = (account: Account, key: AccountKey, { bucket, region }: BucketPlace): BucketAccess => ({
  bucket,
  region,
  forcePathStyle: account.forcePathStyle,
  isNetworkTrusted: account.isNetworkTrusted,
  sse: account.sse,
  accessKeyId: key.accessKeyId,
  secretAccessKey: key.secretAccessKey,
  ...(key.sessionToken === undefined ? {} : { sessionToken: key.sessionToken }),
  ...(account.endpoint === undefined ? {} : { endpoint: account.endpoint }),
  ...(account.certificateAuthority === undefined ? {} : { certificateAuthority: account.certificateAuthority }),
  ...(account.expectedBucketOwner === undefined ? {} : { expectedBucketOwner: account.expectedBucketOwner }),
});

/**
 * The key that loads a job: the one chosen at its creation, while it is there and may; else the newest that may, for a
 * customer's next temporary key has another ID. Undefined where none may.
 */
export const loadingKeyOf = (
  { keys }: Pick<Account, 'keys'>,
  { loadingKeyId }: Pick<Job, 'loadingKeyId'>,
): AccountKey | undefined =>
  keys.find(({ accessKeyId, loads }) => loads && accessKeyId === loadingKeyId) ?? keys.findLast(({ loads }) => loads);
