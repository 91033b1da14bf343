// Puts the parts of one load together by the daemon's order, and takes them apart at its end.

import { statfs } from 'node:fs/promises';

import pLimit from 'p-limit';
import { isBodySigned } from '#bucket/wire-rules.ts';
import { createRetry } from '#bucket/retry.ts';
import { createHotBucket } from '#bucket/hot-bucket.ts';
import { createAnswerCount } from '#drive/answer-count.ts';
import { createBlockPool } from './block-pool.ts';
import type { Dialogue, Order } from './dialogue.ts';
import type { DoneSet } from './done-set.ts';
import { loadFiles, type LoadEnd } from './load-files.ts';
import { canReadDirectly } from './read-directly.ts';
import { readLoadPlan } from './load-plan.ts';
import { createMeteredBucket } from './metered-bucket.ts';
import type { LoadThreads } from './load-threads.ts';
import { createLoadProgress, startReports } from './load-progress.ts';
import { createOpenUploads } from './open-uploads.ts';
import { createReader } from './reader.ts';
import { createRefusals } from './refusals.ts';
import { createRequestGate } from './request-gate.ts';
import { createRetryingBucket } from './retrying-bucket.ts';
import type { SendPorts } from './send-ports.ts';
import { createSparseFiles } from './sparse-files.ts';
import type { StopSwitch } from './stop-switch.ts';
import { startTimeSpent } from './time-spent.ts';

/** What a load is made of. */
export interface RunLoadConfig {
  readonly order: Order;
  readonly done: DoneSet;
  /** Where the drive is mounted. */
  readonly root: string;
  readonly dialogue: Dialogue;
  readonly stopSwitch: StopSwitch;
  /** Started before. */
  readonly threads: LoadThreads | undefined;
}

/** The daemon shows progress twice a second at most. */
const REPORT_EVERY_MS = 500;
/** Files read ahead of those that are being sent, so that the bucket never waits for the drive. */
const FILES_PER_REQUEST = 2;
/** The same of parts. */
const PARTS_PER_REQUEST = 2;

/** Loads by an order. Errors: StationError LoaderFailed for a manifest that cannot be read; the signal's reason. */
export const runLoad = async (
  { order, done, root, dialogue, stopSwitch, threads }: RunLoadConfig,
  signal: AbortSignal,
): Promise<LoadEnd> => {
  const { limits } = order;
  const { access, entryRules, hashKey, probeKey } = readLoadPlan(order);
  const retry = createRetry({ random: Math.random });
  const { blocks, bsize, type } = await statfs(root);
  await using reader = createReader({
    threads: limits.readerThreads,
    isSigned: isBodySigned(access),
    readsDirectly: canReadDirectly(type),
    started: threads?.readers,
  });
  const requests = createRequestGate(limits.maxRequestsInFlight);
  // One for each thread, and one that waits for the bucket meanwhile.
  const largeFiles = pLimit(limits.readerThreads + 1);
  const pool = createBlockPool(limits.maxBytesInFlight);
  const bounds = { maxRequests: limits.maxRequestsInFlight, maxBytes: limits.maxBytesInFlight };
  const metered = createMeteredBucket(createHotBucket(access), {
    ...{ requests, pool, ...bounds, bytesPerRequest: PARTS_PER_REQUEST * limits.partSizeBytes },
    nowMs: () => performance.now(),
  });
  await using bucket = createRetryingBucket(metered, retry);
  const progress = createLoadProgress(order.finished);
  const details = { bucket: access.bucket, region: access.region, keyId: access.accessKeyId };
  const ports: SendPorts = {
    bucket,
    reader,
    pool,
    requests,
    largeFiles,
    dialogue,
    rules: entryRules.rules,
    refusals: createRefusals({ bucket, requests, stopSwitch, probeKey, details }),
    uploads: createOpenUploads(order.uploads),
    progress,
    stopSwitch,
    announceFirstFile: once(() => {
      // With the row of SIGNATURE before it, by which the next loader knows that files were sent.
      dialogue.flushRows();
      return dialogue.record({ kind: 'first-file' });
    }),
  };
  const walkAnswers = createAnswerCount();
  const { promise: reportFailure, reject: failReports } = Promise.withResolvers<never>();
  using time = startTimeSpent({ requests, reader });
  using _reports = startReports({
    everyMs: REPORT_EVERY_MS,
    progress,
    driveAnswers: () => walkAnswers.count + reader.answers,
    isBucketAwaited: () => requests.activeCount > 0,
    bucketTrouble: retry.trouble,
    spent: time.spent,
    send: dialogue.tell,
    onError: failReports,
  });
  const loading = loadFiles(
    {
      root,
      maxDepth: limits.maxDepth,
      entryRules,
      send: {
        multipartThresholdBytes: limits.multipartThresholdBytes,
        partSizeBytes: limits.partSizeBytes,
        refuseExisting: order.existing === 'refuse',
        isResumed: order.signatureLogged,
      },
      sparse: createSparseFiles({
        holdBytes: limits.sparseHoldBytes,
        volumeBytes: blocks * bsize,
        choice: order.sparse,
      }),
      hashKey,
      done,
      signatureLogged: order.signatureLogged,
      maxFilesInFlight: () => requests.concurrency * FILES_PER_REQUEST,
      now: () => new Date(),
      answers: walkAnswers,
      walkThread: threads?.walk,
    },
    ports,
    signal,
  );
  const end = await Promise.race([loading, reportFailure]);
  // The regular reports may have missed the last files.
  if (end.kind === 'finished') await dialogue.tell(progress.message(undefined));
  return end;
};

const once = (call: () => Promise<void>): (() => Promise<void> | undefined) => {
  let called: Promise<void> | undefined;
  let isDone = false;
  return () => {
    if (isDone) return undefined;
    called ??= call().then(() => {
      isDone = true;
    });
    return called;
  };
};
