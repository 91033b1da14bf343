// How far a load is, as the daemon is told: at most twice a second, and only while something moves or the bucket is
// waited for. Silence therefore means that the drive does not answer.

import { addBytes } from '#language/units.ts';
import { IGNORED_STATUS, LOADED_STATUS } from '#import-log/ledger.ts';
import { printablePath } from '#language/printable.ts';
import type { LoaderMessage, LoaderTime } from '#protocol/loader.ts';

/** Report to the daemon. */
export type ProgressMessage = Extract<LoaderMessage, { readonly kind: 'progress' }>;

/** Counts of a load. */
export interface LoadProgress {
  /** Counts an entry that the walk met. */
  addFound(sizeBytes: number): void;
  endWalk(): void;
  /** Counts a row. */
  addFinished(row: { readonly status: number; readonly sizeBytes: number }): void;
  /** Counts bytes that the bucket has acknowledged. */
  addSent(sizeBytes: number): void;
  /** Names the file that was begun last, by its raw path. */
  setCurrent(path: Uint8Array): void;
  /** `bucketTrouble`: why the bucket is waited for, printable; undefined while it answers. */
  message(bucketTrouble: string | undefined): ProgressMessage;
}

/** Rows that stood in the log before. */
export type FormerTally = ProgressMessage['finished'];

/** Makes the counts of a load that goes on from `former`. */
export const createLoadProgress = (former: FormerTally): LoadProgress => {
  const found = { files: 0, bytes: 0 };
  const finished = { ...former };
  let sentBytes = 0;
  let walkEnded = false;
  let current: Uint8Array | undefined;
  return {
    addFound: (sizeBytes) => {
      found.files += 1;
      found.bytes = addBytes(found.bytes, sizeBytes);
    },
    endWalk: () => {
      walkEnded = true;
    },
    addFinished: ({ status, sizeBytes }) => {
      finished.files += 1;
      finished.bytes = addBytes(finished.bytes, sizeBytes);
      if (status !== LOADED_STATUS && status !== IGNORED_STATUS) finished.failedFiles += 1;
    },
    addSent: (sizeBytes) => {
      sentBytes += sizeBytes;
    },
    setCurrent: (path) => {
      current = path;
    },
    message: (bucketTrouble) => ({
      kind: 'progress',
      found: { ...found },
      walkEnded,
      finished: { ...finished },
      sentBytes,
      ...(bucketTrouble === undefined ? {} : { bucketTrouble }),
      ...(current === undefined ? {} : { current: printablePath(current) }),
    }),
  };
};

/** Settings of the reports. */
export interface ReportsConfig {
  readonly everyMs: number;
  readonly progress: LoadProgress;
  /** Grows with each answer of the drive. */
  readonly driveAnswers: () => bigint;
  /** True while a request is open, so that waiting is the bucket's doing. */
  readonly isBucketAwaited: () => boolean;
  readonly bucketTrouble: () => string | undefined;
  /** Absent where nothing is sent. */
  readonly spent?: () => LoaderTime;
  readonly send: (message: ProgressMessage) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Reports until it is disposed; a report that the daemon has not taken yet is not overtaken by another. */
export const startReports = ({
  everyMs,
  progress,
  driveAnswers,
  isBucketAwaited,
  bucketTrouble,
  spent,
  send,
  onError,
}: ReportsConfig): Disposable => {
  let lastAnswers = -1n;
  let lastText = '';
  let isSending = false;
  const report = (): void => {
    const answers = driveAnswers();
    const message = progress.message(bucketTrouble());
    const text = JSON.stringify(message);
    const hasMoved = answers !== lastAnswers || text !== lastText;
    if (isSending || !(hasMoved || isBucketAwaited())) return;
    lastAnswers = answers;
    lastText = text;
    isSending = true;
    // Not part of what tells whether anything moves: time always does.
    send(spent === undefined ? message : { ...message, spent: spent() })
      .catch(onError)
      .finally(() => {
        isSending = false;
      });
  };
  const timer = setInterval(report, everyMs);
  report();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
};
