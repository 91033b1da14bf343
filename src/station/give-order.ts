// The load order: everything a loader needs for its job, credentials included; sent only after the SIGNATURE has passed.
// With it goes what the working log says is done, as 16 bytes a file (decision 13).

import { createReadStream } from 'node:fs';

import type { LoadLimits } from '#config/contract.ts';
import { KIB } from '#language/units.ts';
import type { DaemonMessage, KnownUpload } from '#protocol/loader.ts';
import type { Account, Job, Load } from '#store/contract.ts';
import { bucketAccess } from './bucket-access.ts';
import type { FinishedRows, FinishedTally } from './finished-rows.ts';
import type { LoadFolder } from './load-folder.ts';

/** What an order is made of. */
export interface OrderFacts {
  readonly job: Job;
  readonly account: Account;
  readonly load: Load;
  readonly limits: LoadLimits;
  readonly files: LoadFolder;
  readonly uploads: readonly KnownUpload[];
  readonly sparse: Extract<DaemonMessage, { readonly kind: 'order' }>['sparse'];
  readonly finished: FinishedRows;
}

/** A multiple of a hash. */
const CHUNK_BYTES = 256 * KIB;

/** Sends order and resume state; returns what was finished before. */
export const giveOrder = async (
  send: (message: DaemonMessage, payload?: Uint8Array) => Promise<void>,
  facts: OrderFacts,
  signal: AbortSignal,
): Promise<FinishedTally> => {
  const { tally, signatureLogged } = await facts.finished.end();
  const { job, account, load, limits } = facts;
  const access = bucketAccess(account, job, job.bucket);
  await send({
    kind: 'order',
    jobId: job.jobId,
    manifest: Buffer.from(job.manifest).toString('base64'),
    access: {
      ...access,
      secretAccessKey: access.secretAccessKey.reveal(),
      sessionToken: access.sessionToken?.reveal(),
    },
    existing: account.existing,
    sparse: facts.sparse,
    maxObjectBytes: account.maxObjectBytes,
    logKey: job.logBucket === job.bucket ? job.logKey : undefined,
    hashKey: Buffer.from(load.hashKey).toString('hex'),
    limits,
    signatureLogged,
    uploads: [...facts.uploads],
    finished: tally,
  });
  for await (const chunk of createReadStream(facts.files.resume, { highWaterMark: CHUNK_BYTES, signal })) {
    const payload: unknown = chunk;
    if (!(payload instanceof Uint8Array)) continue;
    await send({ kind: 'resume', bytes: payload.byteLength, last: false }, payload);
  }
  await send({ kind: 'resume', bytes: 0, last: true }, new Uint8Array(0));
  return tally;
};
