// One loader at work: its rows go to the working log and are acknowledged only when they are on disk; its uploads, keys
// and questions are answered; its silence is noticed.

import type { Count } from '#import-log/contract.ts';
import type { WorkingLog } from '#import-log/working-log.ts';
import { SECOND_MS } from '#language/units.ts';
import type { LoaderMessage, WalkEvidence } from '#protocol/loader.ts';
import { hold, type Hold } from './hold.ts';
import type { KeyIndex } from './key-index.ts';
import type { LoadingTime } from './loading-time.ts';
import type { LoaderSession } from './loader-session.ts';
import type { PartsJournal } from './parts-journal.ts';

/** A loader's report on how far it is. */
export type LoaderProgress = Extract<LoaderMessage, { readonly kind: 'progress' }>;

/** A loader's word on a file or folder that it could not read. */
export type UnreadFile = Extract<LoaderMessage, { readonly kind: 'unread' }>;

/** What the supervision needs of the rest of the station. */
export interface LoadPorts {
  readonly workingLog: WorkingLog;
  readonly parts: PartsJournal;
  readonly keyIndex?: KeyIndex;
  readonly onProgress: (progress: LoaderProgress) => void;
  /** Stores that the job is in progress, before the first file is sent. */
  readonly onFirstFile: () => void;
  /** So many bytes of rows have been appended to the log. */
  readonly onRows: (appendedBytes: number) => void;
  /** The loader says that all of its rows are in the log. */
  readonly onAllStored: () => void;
  /** Writes down what the drive does not give. */
  readonly onUnread: (unread: UnreadFile) => void;
  /** Is the drive still attached as it was? */
  readonly isDrivePresent: (signal: AbortSignal) => Promise<boolean>;
  readonly stops: LoadStops;
  readonly loadingTime: Pick<LoadingTime, 'start' | 'goOn'>;
}

/** Each is aborted with a hold code: the loader finishes the files in flight, then the load is held with that code. */
export interface LoadStops {
  readonly gentle: AbortSignal;
  /** The job is being ended, nobody will go on with the load: what was found has its row afterwards (decision 21). */
  readonly final: AbortSignal;
}

/** How a loader ended. */
export type LoadOutcome =
  | { readonly kind: 'finished'; readonly found: Count; readonly evidence: WalkEvidence }
  /** `walkEnded`: every name of the drive was found before it stopped. */
  | { readonly kind: 'hold'; readonly hold: Hold; readonly walkEnded?: boolean }
  /** The drive was pulled. */
  | { readonly kind: 'interrupted' };

/**
 * A healthy loader reports twice a second; a minute of silence is a drive that does not answer (findings: SCSI timeouts are
 * 30 s, and 10 s more for what the kernel tries then). Less than that, so that a person reads it within the minute: what is
 * left of the loader is ended first.
 */
const SILENCE_MS = 50 * SECOND_MS;

/** Serves a loader until it has finished, stopped, died, or fallen silent. */
export const superviseLoad = (session: LoaderSession, ports: LoadPorts, signal: AbortSignal): Promise<LoadOutcome> => {
  return listenToLoader(session, ports, (said) => serve(session, ports, said, signal), signal);
};

/** What a loader said. */
interface SaidByLoader {
  readonly message: LoaderMessage;
  readonly payload?: Uint8Array;
}

/**
 * Serves a loader, whatever it is at, until `serve` gives how it ended, or it fell silent or died. It is told to stop where
 * that is wished.
 */
export const listenToLoader = async <Outcome>(
  session: LoaderSession,
  ports: Pick<LoadPorts, 'stops' | 'isDrivePresent'>,
  serve: (said: SaidByLoader) => Promise<Outcome | undefined>,
  signal: AbortSignal,
): Promise<Outcome | EndedEarly> => {
  using _stops = stopOnWish(session, ports.stops);
  for (;;) {
    const received = await session.receive(SILENCE_MS, signal);
    if (received.kind === 'silent') return { kind: 'hold', hold: hold('LoaderNotAnswering') };
    if (received.kind === 'ended') return await endedEarly(ports, signal);
    const outcome = await serve(received);
    if (outcome !== undefined) return outcome;
  }
};

const stopOnWish = (session: LoaderSession, { gentle, final }: LoadStops): Disposable => {
  const sendStop = (reason: unknown, isFinal: boolean): void => {
    // A loader that is gone already shows itself to `receive`.
    session.send({ kind: 'stop', code: String(reason), isFinal }).catch(() => undefined);
  };
  using stack = new DisposableStack();
  stack.use(
    whenAborted(gentle, (reason) => {
      sendStop(reason, false);
    }),
  );
  stack.use(
    whenAborted(final, (reason) => {
      sendStop(reason, true);
    }),
  );
  return stack.move();
};

// `addAbortListener` of node:events would call it a tick later where the signal is aborted already.
const whenAborted = (signal: AbortSignal, call: (reason: unknown) => void): Disposable => {
  const listener = (): void => {
    call(signal.reason);
  };
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', listener);
    },
  };
};

/** How a loader is over that did not say so. */
type EndedEarly = { readonly kind: 'interrupted' } | { readonly kind: 'hold'; readonly hold: Hold };

const endedEarly = async (ports: Pick<LoadPorts, 'isDrivePresent'>, signal: AbortSignal): Promise<EndedEarly> => {
  if (signal.aborted || !(await ports.isDrivePresent(signal))) return { kind: 'interrupted' };
  return { kind: 'hold', hold: hold('LoaderFailed', { problem: 'it ended in the middle of the load' }) };
};

const serve = async (
  session: LoaderSession,
  ports: LoadPorts,
  { message, payload }: SaidByLoader,
  signal: AbortSignal,
): Promise<LoadOutcome | undefined> => {
  switch (message.kind) {
    case 'rows':
      await ports.workingLog.append(payload ?? new Uint8Array(0));
      ports.loadingTime.goOn();
      await session.send({ kind: 'stored', sequence: message.sequence });
      ports.onRows(payload?.length ?? 0);
      return undefined;
    case 'upload-planned':
    case 'upload-started':
    case 'part-finished':
    case 'upload-ended':
      await ports.parts.record(message);
      if (message.kind === 'part-finished') ports.loadingTime.start();
      await session.send({ kind: 'stored', sequence: message.sequence });
      return undefined;
    case 'first-file':
      ports.onFirstFile();
      ports.loadingTime.start();
      await session.send({ kind: 'stored', sequence: message.sequence });
      return undefined;
    case 'drive-check': {
      const isPresent = await ports.isDrivePresent(signal);
      await session.send({ kind: 'drive-answer', id: message.id, isPresent });
      return undefined;
    }
    case 'unread':
      ports.onUnread(message);
      return undefined;
    case 'claim': {
      const granted = ports.keyIndex?.claim(message.key, message.path) ?? false;
      await session.send({ kind: 'claim-answer', id: message.id, granted });
      return undefined;
    }
    case 'unclaim':
      ports.keyIndex?.release(message.key, message.path);
      return undefined;
    case 'all-stored':
      ports.onAllStored();
      return undefined;
    case 'progress':
      ports.onProgress(message);
      return undefined;
    case 'finished':
      // A FAT that was pulled lists its folders as empty, and says nothing.
      if (!(await ports.isDrivePresent(signal))) return { kind: 'interrupted' };
      return { kind: 'finished', found: message.found, evidence: message.evidence };
    case 'stopped':
      if (message.code === 'Interrupted') return { kind: 'interrupted' };
      return {
        kind: 'hold',
        hold: { code: message.code, details: { problem: message.message, ...message.details } },
        walkEnded: message.walkEnded,
      };
    case 'inspected':
    case 'differs':
    case 'reread-ended':
      return {
        kind: 'hold',
        hold: hold('LoaderFailed', { problem: `it said ${message.kind} in the middle of a load` }),
      };
  }
};
