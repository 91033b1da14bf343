// What an answer of success to PutObject is worth: pure, the same for both lanes.

import type { BucketProblem } from './contract.ts';
import { bareEtag, otherDigest, strangeAnswer } from './translate.ts';

/** What an answer of success says of the stored object. */
interface StoredAnswer {
  readonly etag: string | undefined;
  readonly encryption: string | undefined;
}

/** Is it acknowledged with the MD5 that was sent, which is hex? */
export const judgeStored = (answer: StoredAnswer, md5: string): BucketProblem | { readonly kind: 'ok' } => {
  // Every S3 names the ETag of what it stored; a proxy's page, with whatever status, does not.
  if (answer.etag === undefined || bareEtag(answer.etag) === '')
    return strangeAnswer('an object was stored and has no ETag');
  const etag = md5Etag(answer);
  if (etag !== undefined && etag !== md5) return otherDigest('MD5');
  return { kind: 'ok' };
};

/** The ETag where it is the MD5 of what was sent: not with a KMS key, and not in another form (S3, "ETag"). */
const md5Etag = ({ etag, encryption }: StoredAnswer): string | undefined => {
  if (encryption?.startsWith('aws:kms') === true) return undefined;
  const bare = bareEtag(etag ?? '').toLowerCase();
  return /^[0-9a-f]{32}$/u.test(bare) ? bare : undefined;
};
