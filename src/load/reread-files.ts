// The second reading (spec 8.4): every file that was loaded is read once more from the drive, and compared with its row. It
// needs no bucket and no key. Whether the drive itself is read, and not what the host remembers of it, is the launcher's
// doing, which throws that away before it mounts.

import { statfs } from 'node:fs/promises';

import { createAnswerCount, type AnswerCount } from '#drive/answer-count.ts';
import { walk } from '#drive/walk.ts';
import type { WalkEntry } from '#drive/walk-volume.ts';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import { LOADED_STATUS } from '#import-log/ledger.ts';
import { addBytes } from '#language/units.ts';
import { printablePath } from '#language/printable.ts';
import type { RereadEnded } from '#protocol/loader.ts';
import { createBlockPool, type BlockPool } from './block-pool.ts';
import type { ChecksumTable } from './checksum-table.ts';
import type { Dialogue, RereadOrder } from './dialogue.ts';
import { createFlight } from './flight.ts';
import type { LoadThreads } from './load-threads.ts';
import { createLoadProgress, startReports, type LoadProgress } from './load-progress.ts';
import type { ReadProblem } from './reader-messages.ts';
import { canReadDirectly } from './read-directly.ts';
import { createReader, type Reader } from './reader.ts';
import { toRead } from './send-ports.ts';
import type { StopReason, StopSwitch } from './stop-switch.ts';

/** What is read again. */
export interface RereadConfig {
  readonly order: RereadOrder;
  /** The loaded files. */
  readonly table: ChecksumTable;
  /** Where the drive is mounted. */
  readonly root: string;
  readonly dialogue: Dialogue;
  readonly stopSwitch: StopSwitch;
  /** Started before. */
  readonly threads: LoadThreads | undefined;
}

/** How a second reading ended. */
export type RereadEnd =
  RereadEnded | { readonly kind: 'stopped'; readonly reason: StopReason; readonly walkEnded: false };

const REPORT_EVERY_MS = 500;
/** So that no thread waits for its next file. */
const FILES_PER_THREAD = 4;
/** Of a message. */
const HASHES_AT_ONCE = 10_000;

interface Ports extends Pick<RereadConfig, 'table' | 'dialogue' | 'stopSwitch'> {
  readonly limits: RereadOrder['limits'];
  readonly reader: Reader;
  readonly pool: BlockPool;
  readonly progress: LoadProgress;
}

/** Reads everything again. Errors: the signal's reason, and what is not the drive's fault. */
export const rereadFiles = async (
  { order, table, root, dialogue, stopSwitch, threads }: RereadConfig,
  signal: AbortSignal,
): Promise<RereadEnd> => {
  const { limits } = order;
  const hashKey = Buffer.from(order.hashKey, 'hex');
  const { type } = await statfs(root);
  await using reader = createReader({
    threads: limits.readerThreads,
    isSigned: false,
    readsDirectly: canReadDirectly(type),
    started: threads?.readers,
  });
  const progress = createLoadProgress({ files: 0, bytes: 0, failedFiles: 0 });
  const ports: Ports = {
    ...{ table, dialogue, stopSwitch, limits, reader, progress },
    pool: createBlockPool(limits.maxBytesInFlight),
  };
  const answers = createAnswerCount();
  const { promise: reportFailure, reject: failReports } = Promise.withResolvers<never>();
  using _reports = startReports({
    everyMs: REPORT_EVERY_MS,
    progress,
    driveAnswers: () => answers.count + reader.answers,
    isBucketAwaited: () => false,
    bucketTrouble: () => undefined,
    send: dialogue.tell,
    onError: failReports,
  });
  const reading = readAll({ root, maxDepth: limits.maxDepth, answers, hashKey, thread: threads?.walk }, ports, signal);
  const found = await Promise.race([reading, reportFailure]);
  if (stopSwitch.reason !== undefined) return { kind: 'stopped', reason: stopSwitch.reason, walkEnded: false };
  await dialogue.tell(progress.message(undefined));
  const differing = await tellOthers(table, dialogue);
  return { kind: 'reread-ended', found, differing };
};

const readAll = async (
  {
    hashKey,
    ...config
  }: {
    readonly root: string;
    readonly maxDepth: number;
    readonly answers: AnswerCount;
    readonly hashKey: Uint8Array;
    readonly thread: LoadThreads['walk'] | undefined;
  },
  ports: Ports,
  signal: AbortSignal,
): Promise<RereadEnded['found']> => {
  const { table, stopSwitch, progress, limits } = ports;
  const flight = createFlight(() => limits.readerThreads * FILES_PER_THREAD);
  const sum = createPathSum();
  const found = { files: 0, bytes: 0 };
  try {
    walking: for await (const entries of walk(config, signal)) {
      for (const entry of entries) {
        if (stopSwitch.reason !== undefined) break walking;
        const hash = pathHash(hashKey, entry.path);
        sum.add(hash);
        found.files += 1;
        found.bytes = addBytes(found.bytes, entry.sizeBytes);
        if (entry.kind !== 'file' || !table.has(hash)) continue;
        progress.addFound(entry.sizeBytes);
        const hold = entry.directory.hold();
        await flight.launch(async () => {
          using _hold = hold;
          await compare(entry, hash, ports, signal);
        });
      }
    }
    progress.endWalk();
  } finally {
    await flight.landed();
  }
  flight.check();
  return { ...found, fingerprint: sum.text() };
};

const compare = async (entry: WalkEntry, hash: Uint8Array, ports: Ports, signal: AbortSignal): Promise<void> => {
  const { table, dialogue, stopSwitch, progress } = ports;
  const { path, sizeBytes } = entry;
  if (stopSwitch.reason !== undefined) return;
  progress.setCurrent(path);
  const read = await readAgain(entry, ports, signal);
  if (read === 'stopped') return;
  if (read.kind === 'ok' && table.agree(hash, read.md5)) {
    progress.addFinished({ status: LOADED_STATUS, sizeBytes });
    return;
  }
  if (!(await dialogue.isDrivePresent())) {
    stopSwitch.stop({ code: 'Interrupted', message: `reading ${printablePath(path)}`, details: {} });
    return;
  }
  const detail = read.kind === 'ok' ? 'another MD5 than when it was loaded' : `${read.code}: ${read.detail}`;
  await dialogue.tell({ kind: 'unread', file: printablePath(path), code: 'VerifyError', detail });
  progress.addFinished({ status: 0, sizeBytes });
};

type ReadAgain = { readonly kind: 'ok'; readonly md5: string } | ReadProblem | 'stopped';

const readAgain = async (
  entry: WalkEntry,
  { reader, pool, limits, progress, stopSwitch }: Ports,
  signal: AbortSignal,
): Promise<ReadAgain> => {
  const { sizeBytes } = entry;
  if (sizeBytes <= limits.multipartThresholdBytes) {
    using block = await pool.take(sizeBytes, signal);
    const read = await reader.readWhole(toRead(entry), block);
    progress.addSent(sizeBytes);
    return read;
  }
  const opened = await reader.open(toRead(entry));
  if (opened.kind === 'problem') return opened;
  using reading = opened.reading;
  for (let left = sizeBytes; left > 0;) {
    if (stopSwitch.reason !== undefined) return 'stopped';
    const length = Math.min(left, limits.partSizeBytes);
    using block = await pool.take(length, signal);
    const part = await reading.readPart(block);
    if (part.kind === 'problem') return part;
    progress.addSent(length);
    left -= length;
  }
  return await reading.finish();
};

const tellOthers = async (table: ChecksumTable, dialogue: Dialogue): Promise<number> => {
  let count = 0;
  let hashes: Uint8Array[] = [];
  const tell = async (): Promise<void> => {
    await dialogue.tell({ kind: 'differs', hashes: Buffer.concat(hashes).toString('base64') });
    hashes = [];
  };
  for (const hash of table.others()) {
    hashes.push(hash);
    count += 1;
    if (hashes.length === HASHES_AT_ONCE) await tell();
  }
  if (hashes.length > 0) await tell();
  return count;
};
