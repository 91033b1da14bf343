// The load order: everything a loader needs for its job, credentials included; sent only after the SIGNATURE has passed.
// With it goes what the working log says is done, as 16 bytes a file (decision 13).

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

import type { LoadLimits } from '#config/contract.ts';
import { IGNORED_STATUS, LOADED_STATUS } from '#import-log/ledger.ts';
import { PATH_HASH_BYTES, pathHash } from '#import-log/path-hash.ts';
import { stateDiskError } from '#import-log/state-disk.ts';
import { readWorkingLog } from '#import-log/working-log.ts';
import { addBytes, MIB } from '#language/units.ts';
import type { DaemonMessage, KnownUpload } from '#protocol/loader.ts';
import type { Account, Job, Load } from '#store/contract.ts';
import { bucketAccess } from './bucket-access.ts';
import type { KeyIndex } from './key-index.ts';
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
  /** Filled with the keys of loaded files; absent where the job has no substitutions. */
  readonly keyIndex?: KeyIndex;
}

/** Rows that stand in the log already. */
export interface FinishedTally {
  readonly files: number;
  readonly bytes: number;
  readonly failedFiles: number;
}

const SPOOL_CHUNK_BYTES = MIB;
const SIGNATURE_PATH = Buffer.from('SIGNATURE');

/** Sends order and resume state; returns what was finished before. Memory is bounded: the hashes go through a file. */
export const giveOrder = async (
  send: (message: DaemonMessage, payload?: Uint8Array) => Promise<void>,
  facts: OrderFacts,
  signal: AbortSignal,
): Promise<FinishedTally> => {
  const { tally, signatureLogged } = await spoolFinished(facts, signal);
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
  for await (const chunk of createReadStream(facts.files.resume, { highWaterMark: SPOOL_CHUNK_BYTES, signal })) {
    const payload: unknown = chunk;
    if (!(payload instanceof Uint8Array)) continue;
    await send({ kind: 'resume', bytes: payload.byteLength, last: false }, payload);
  }
  await send({ kind: 'resume', bytes: 0, last: true }, new Uint8Array(0));
  return tally;
};

const spoolFinished = async (
  { files, load, keyIndex }: OrderFacts,
  signal: AbortSignal,
): Promise<{ readonly tally: FinishedTally; readonly signatureLogged: boolean }> => {
  const tally = { files: 0, bytes: 0, failedFiles: 0 };
  let signatureLogged = false;
  const spool = Buffer.alloc(SPOOL_CHUNK_BYTES);
  let filled = 0;
  await using file = await onDisk(files.resume, open(files.resume, 'w', 0o600));
  for await (const row of readWorkingLog(files.workingLog)) {
    signal.throwIfAborted();
    if (filled + PATH_HASH_BYTES > spool.length) {
      await onDisk(files.resume, file.writeFile(spool.subarray(0, filled)));
      filled = 0;
    }
    spool.set(pathHash(load.hashKey, row.path), filled);
    filled += PATH_HASH_BYTES;
    tally.files += 1;
    tally.bytes = addBytes(tally.bytes, row.sizeBytes);
    if (row.status !== LOADED_STATUS && row.status !== IGNORED_STATUS) tally.failedFiles += 1;
    if (SIGNATURE_PATH.equals(row.path)) signatureLogged = true;
    if (row.status === LOADED_STATUS) keyIndex?.claim(row.key, Buffer.from(row.path).toString('base64'));
  }
  await onDisk(files.resume, file.writeFile(spool.subarray(0, filled)));
  return { tally, signatureLogged };
};

const onDisk = async <Result>(path: string, work: Promise<Result>): Promise<Result> => {
  try {
    return await work;
  } catch (cause: unknown) {
    throw stateDiskError({ action: 'write', path, cause });
  }
};
