// The desk of a real host: real buckets, the host's clock, a cryptographic source. Tests make their own by `createDesk`.

import { randomInt } from 'node:crypto';
import { findBucketRegion } from '#bucket/region.ts';
import { createSdkBucket } from '#bucket/sdk-bucket.ts';
import type { Config } from '#config/contract.ts';
import { createMailWriter } from '#mail/mail-writer.ts';
import type { Store } from '#store/contract.ts';
import { createDesk, type Desk } from './desk.ts';
import type { LoadGuard } from './update-job.ts';

/** What is on this host already. */
export interface HostDeskDeps {
  /** Open. */
  readonly store: Store;
  readonly config: Config;
  /** See DeskDeps. */
  readonly loads?: LoadGuard;
}

/** Makes the desk. */
export const createHostDesk = ({ store, config, loads }: HostDeskDeps): Desk =>
  createDesk({
    store,
    config,
    ...(loads === undefined ? {} : { loads }),
    openBucket: createSdkBucket,
    findRegion: findBucketRegion,
    now: () => new Date(),
    mails: createMailWriter({ config, account: (email) => store.account(email) }),
    randomInt: (limit) => randomInt(limit),
  });
