// The load itself: every name that the walk meets is counted, judged, and becomes a row or goes to the bucket.
//
// INVARIANTS
//   found counts each name before anything else sees it (decision 8).
//   A file has at most one row: names in `done` get none, and a file without an acknowledgement gets none, but for the end
//   of its job: then whatever was found has a row (decision 21).
//   Files in flight are bounded; the walk waits for them, so memory does not grow with the drive.

import { addBytes } from '#language/units.ts';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerCount } from '#drive/answer-count.ts';
import type { WaitingThread } from '#drive/waiting-thread.ts';
import type { WalkThreadData } from '#drive/walk-messages.ts';
import { walk } from '#drive/walk.ts';
import type { WalkEntry } from '#drive/walk-volume.ts';
import type { Count } from '#import-log/contract.ts';
import type { WalkEvidence } from '#protocol/loader.ts';
import { createPathSum, pathHash } from '#import-log/path-hash.ts';
import type { DoneSet } from './done-set.ts';
import { endUnread } from './end-unread.ts';
import { startListThread, type ListAgainData } from './list-again.ts';
import { judgeEntry, type EntryRules } from './judge-entry.ts';
import { createFlight, type Flight } from './flight.ts';
import type { SparseFiles } from './sparse-files.ts';
import { loadOneFile, makeRow } from './load-one-file.ts';
import { abortUploads } from '#bucket/abort-uploads.ts';
import type { SendConfig, SendPorts } from './send-ports.ts';
import type { StopReason } from './stop-switch.ts';
import { watchWalk } from './walk-evidence.ts';

/** How a load ended; every row that was made is on disk. */
export type LoadEnd =
  | { readonly kind: 'finished'; readonly found: Count; readonly evidence: WalkEvidence }
  /** `walkEnded`: every name of the drive was found before. */
  | { readonly kind: 'stopped'; readonly reason: StopReason; readonly walkEnded: boolean };

/** What is to be loaded. */
export interface LoadFilesConfig {
  readonly root: string;
  readonly maxDepth: number;
  readonly entryRules: EntryRules;
  readonly send: SendConfig;
  readonly sparse: SparseFiles;
  readonly hashKey: Uint8Array;
  /** Names that have a row from a former loader; grows by SIGNATURE. */
  readonly done: DoneSet;
  readonly signatureLogged: boolean;
  readonly maxFilesInFlight: () => number;
  readonly now: () => Date;
  /** Grows with each answer of the drive to the walk. */
  readonly answers: AnswerCount;
  /** Waits for the walk. */
  readonly walkThread: WaitingThread<WalkThreadData> | undefined;
}

const SIGNATURE_PATH = Buffer.from('SIGNATURE');

/** Loads a volume. Errors: the signal's reason, and what is neither the drive's nor the bucket's fault. */
export const loadFiles = async (config: LoadFilesConfig, ports: SendPorts, signal: AbortSignal): Promise<LoadEnd> => {
  const { stopSwitch, dialogue, progress, reader } = ports;
  const { root, maxDepth, answers, hashKey } = config;
  const watch = watchWalk({ root, maxDepth, answers, hashKey });
  await logSignature(config, ports);
  const unlessStopped = eitherSignal(signal, stopSwitch.signal);
  const flight = createFlight(() => config.maxFilesInFlight());
  const found = createPathSum();
  const counted = { files: 0, bytes: 0 };
  let walkEnded = false;
  using threads = new DisposableStack();
  let listing: WaitingThread<ListAgainData> | undefined;
  try {
    const walked = { root, maxDepth, answers, onSeen: watch.onSeen, thread: config.walkThread };
    walking: for await (const entries of walk(walked, signal)) {
      for (const entry of entries) {
        const hash = pathHash(hashKey, entry.path);
        watch.met(entry);
        found.add(hash);
        counted.files += 1;
        counted.bytes = addBytes(counted.bytes, entry.sizeBytes);
        progress.addFound(entry.sizeBytes);
        const isStopped = stopSwitch.reason !== undefined;
        const mayBegin = !isStopped || stopSwitch.reason.isFinal === true;
        if (mayBegin && !config.done.has(hash)) {
          const waiting = begin(entry, { config, flight, unlessStopped }, ports, signal);
          if (waiting !== undefined) await waiting;
        }
        if (isStopped) break walking;
      }
    }
    walkEnded = stopSwitch.reason === undefined;
    if (walkEnded) {
      progress.endWalk();
      // It comes to its work while the last files are sent.
      listing = threads.use(startListThread());
    }
  } finally {
    await flight.landed();
  }
  flight.check();
  // What a drive that has left did not list was not found.
  if (stopSwitch.reason?.code === 'Interrupted') walkEnded = false;
  if (stopSwitch.reason === undefined) await endRest(ports, signal);
  await dialogue.allRowsStored();
  const waiting = config.sparse.reason();
  // What waits has no row, so that not every file that was found has one.
  const stopped = (reason: StopReason): LoadEnd => ({
    kind: 'stopped',
    reason,
    walkEnded: walkEnded && waiting === undefined,
  });
  const reason = stopSwitch.reason ?? waiting;
  if (reason !== undefined) return stopped(reason);
  await dialogue.tell({ kind: 'all-stored' });
  const evidence = await watch.listAgain(
    { thread: listing ?? threads.use(startListThread()), readErrors: () => reader.inputErrors },
    stopSwitch,
    signal,
  );
  if (stopSwitch.reason !== undefined) return stopped(stopSwitch.reason);
  if (evidence === undefined) throw new Error('A listing breaks off only where the load is stopped');
  return { kind: 'finished', found: { ...counted, fingerprint: found.text() }, evidence };
};

// SIGNATURE is never loaded, and its row is the first of the log (spec 4.5).
const logSignature = async (
  { root, entryRules, hashKey, done, signatureLogged, now }: LoadFilesConfig,
  ports: SendPorts,
): Promise<void> => {
  done.addAll(pathHash(hashKey, SIGNATURE_PATH));
  if (signatureLogged) return;
  const { size } = await lstat(join(root, 'SIGNATURE'));
  await makeRow(
    {
      finishedAt: now(),
      path: SIGNATURE_PATH,
      status: 103,
      code: 'Ignored',
      key: '',
      md5: '',
      sizeBytes: size,
      contentType: entryRules.rules.contentTypeOf('SIGNATURE', false),
    },
    ports,
  );
};

// One for all files, and not `AbortSignal.any`: what is made of others looks at each of them whenever it is asked.
const eitherSignal = (...signals: readonly AbortSignal[]): AbortSignal => {
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => {
      controller.abort(signal.reason);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true, signal: controller.signal });
  }
  return controller.signal;
};

// Waits where there is no room for the file, or for its row.
const begin = (
  entry: WalkEntry,
  {
    config,
    flight,
    unlessStopped,
  }: { readonly config: LoadFilesConfig; readonly flight: Flight; readonly unlessStopped: AbortSignal },
  ports: SendPorts,
  signal: AbortSignal,
): Promise<void> | undefined => {
  const { path, sizeBytes, errno } = entry;
  const verdict = judgeEntry(entry, config.entryRules);
  if (verdict.kind === 'row') {
    const { status, code, key, contentType } = verdict;
    const toRow = (): Promise<void> | undefined =>
      makeRow({ finishedAt: config.now(), path, status, code, key, md5: '', sizeBytes, contentType }, ports);
    if (code !== 'ReadError' || errno === undefined || FILE_SYSTEM_ANSWERS.has(errno)) return toRow();
    // In flight, for it takes its time to know that the drive stays.
    return flight.launch(async () => {
      const end = await endUnread({ path, text: '' }, { code, detail: errno }, ports);
      if (end.kind !== 'left') await toRow();
    });
  }
  const isEnding = ports.stopSwitch.reason?.isFinal === true;
  const sparse = isEnding ? 'send' : config.sparse.judge(entry);
  if (sparse === 'wait') return undefined;
  if (sparse === 'refuse') {
    const contentType = config.entryRules.rules.contentTypeOf(verdict.text, false);
    const row = { path, key: verdict.key, md5: '', sizeBytes, contentType };
    return makeRow({ ...row, ...REFUSED, finishedAt: config.now() }, ports);
  }
  const { directory, modifiedAt } = entry;
  const { key, text } = verdict;
  // Before the walk goes on, which leaves the folder.
  const hold = directory.hold();
  return flight.launch(async () => {
    using _hold = hold;
    const file = { key, text, path, directory, sizeBytes, modifiedAt };
    await loadOneFile(file, { send: config.send, now: config.now, unlessStopped }, ports, signal);
  });
};

// A sparse file that a person has turned down.
const REFUSED = { status: 400, code: 'EntityTooLarge' } as const;

// What a healthy drive says of itself: no reason to ask whether it is still there.
const FILE_SYSTEM_ANSWERS: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ELOOP', 'EXDEV', 'ENAMETOOLONG']);

// Uploads of files that have their row already, or that the walk did not meet any more: nobody goes on with them.
const endRest = async (
  { uploads, bucket, requests, dialogue, rules, refusals }: SendPorts,
  signal: AbortSignal,
): Promise<void> => {
  for (const upload of uploads.rest()) {
    const aborted = await requests.run(() => abortUploads(upload, bucket, signal));
    if (aborted.kind === 'problem' && aborted.scope === 'bucket') {
      const properties = rules.propertiesOf({ path: '', isGzip: false, modifiedAt: new Date(0) });
      await refusals.judge(aborted, properties, signal);
      return;
    }
    await dialogue.record({ kind: 'upload-ended', path: upload.path });
  }
};
