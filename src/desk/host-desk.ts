// The desk of a real host: real buckets, the host's clock, a cryptographic source. Tests make their own by `createDesk`.

import { randomInt } from 'node:crypto';
import { findBucketRegion } from '#bucket/region.ts';
import { createSdkBucket } from '#bucket/sdk-bucket.ts';
import type { Config } from '#config/contract.ts';
import { createMailWriter } from '#mail/mail-writer.ts';
import type { Store } from '#store/contract.ts';
import { createDesk, type Desk } from './desk.ts';

/** Makes the desk over an open store. */
export const createHostDesk = ({ store, config }: { readonly store: Store; readonly config: Config }): Desk =>
  createDesk({
    store,
    config,
    openBucket: createSdkBucket,
    findRegion: findBucketRegion,
    now: () => new Date(),
    mails: createMailWriter({ config, account: (email) => store.account(email) }),
    randomInt: (limit) => randomInt(limit),
  });
