// The loader process: one per drive, it sees one read-only mount and the bucket, and talks with the daemon over its
// stdin and stdout. It lives no longer than that connection.
//
// STATES: check itself -> inspect the root -> wait for order and list -> load, or read again -> at the end | stopped
//   The end of the connection ends the process at once, in every state: nobody is left who could store a row.

import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectRoot, type RootInspection } from '#drive/inspect.ts';
import { systemCode } from '#drive/system-code.ts';
import { printable } from '#language/printable.ts';
import { SECOND_MS } from '#language/units.ts';
import { createChannel, MAX_ORDER_BYTES } from '#protocol/channel.ts';
import type { LoaderMessage } from '#protocol/loader.ts';
import { createChecksumTable, type ChecksumTable } from './checksum-table.ts';
import { createDialogue, type Dialogue, type DialogueEvents, type Order, type RereadOrder } from './dialogue.ts';
import { createDoneSet, type DoneSet } from './done-set.ts';
import type { LoadEnd } from './load-files.ts';
import { startLoadThreads } from './load-threads.ts';
import type { RereadEnd } from './reread-files.ts';
import { findUnsafe } from './self-check.ts';
import { createStopSwitch, type StopReason, type StopSwitch } from './stop-switch.ts';

/** What a loader runs on. */
export interface LoaderConfig {
  readonly input: Readable;
  readonly output: Writable;
  /** Where the drive is mounted; `/drive` unless given, and only there is the process checked for its privileges. */
  readonly root?: string;
  /** Ends the process; given by tests that run it in their own. */
  readonly exit?: (code: number) => void;
}

const DRIVE_ROOT = '/drive';
/** Files in flight have this long after a stop; what is not acknowledged by then is sent again by the next loader. */
const STOP_GRACE_MS = 20 * SECOND_MS;
/** The same where the job is being ended and people wait for it; what is not acknowledged by then gets its row. */
const FINAL_GRACE_MS = 5 * SECOND_MS;
const EXIT_OK = 0;
/** EX_SOFTWARE of sysexits.h. */
const EXIT_SOFTWARE = 70;
/** EX_PROTOCOL of sysexits.h. */
const EXIT_PROTOCOL = 76;
const LAST_WORDS_MS = SECOND_MS;

/**
 * Runs the loader until the load is at its end or cannot go on, and gives the process's exit code; the daemon has the
 * reason. Errors: the signal's reason.
 */
export const runLoader = async (
  { input, output, root = DRIVE_ROOT, exit = (code) => process.exit(code) }: LoaderConfig,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> => {
  const dialogue = createDialogue(createChannel({ input, output, maxLineBytes: MAX_ORDER_BYTES }));
  using stopSwitch = createStopSwitch({ graceMs: STOP_GRACE_MS, finalGraceMs: FINAL_GRACE_MS });
  const instructions = createInstructions(stopSwitch);
  let isOver = false;
  const ended = (code: number): void => {
    if (!isOver) exit(code);
  };
  dialogue.listen(instructions).then(
    () => {
      ended(EXIT_OK);
    },
    (error: unknown) => {
      void sayLastWords(dialogue, error).then(() => {
        ended(EXIT_PROTOCOL);
      });
    },
  );
  try {
    return await work({ dialogue, instructions, root, stopSwitch }, signal);
  } finally {
    isOver = true;
    input.destroy();
  }
};

// To a daemon of another release, or to one that is gone: nobody may be there to take it.
const sayLastWords = async (dialogue: Dialogue, error: unknown): Promise<void> => {
  const patience = sleep(LAST_WORDS_MS);
  const said = dialogue.tell(stopped(failed(messageOf(error)))).catch(() => undefined);
  await Promise.race([said, patience]);
};

/** A load with what is done of it, or a second reading with what it compares with. */
type Given =
  | { readonly kind: 'load'; readonly order: Order; readonly list: DoneSet }
  | { readonly kind: 'reread'; readonly order: RereadOrder; readonly list: ChecksumTable };

interface Instructions extends DialogueEvents {
  /** Resolves once the order and the list behind it are complete. */
  readonly given: Promise<Given>;
}

const createInstructions = (stopSwitch: StopSwitch): Instructions => {
  const { promise: given, resolve } = Promise.withResolvers<Given>();
  let received: Given | undefined;
  return {
    given,
    onOrder: (order) => {
      received ??=
        order.kind === 'order'
          ? { kind: 'load', order, list: createDoneSet(order.finished.files + 1) }
          : { kind: 'reread', order, list: createChecksumTable(order.files) };
    },
    onResume: (hashes, isLast) => {
      if (received === undefined) return;
      received.list.addAll(hashes);
      if (isLast) resolve(received);
    },
    onStop: (code, isFinal) => {
      const reason = { code, message: 'the station stops the load', details: {} };
      stopSwitch.stop(isFinal ? { ...reason, isFinal } : reason);
    },
  };
};

interface Work {
  readonly dialogue: Dialogue;
  readonly instructions: Instructions;
  readonly root: string;
  readonly stopSwitch: StopSwitch;
}

const work = async (parts: Work, signal: AbortSignal): Promise<number> => {
  const { dialogue } = parts;
  try {
    const end = await inspectAndLoad(parts, signal);
    await dialogue.tell(end.kind === 'stopped' ? stopped(end.reason, end.walkEnded) : end);
    return EXIT_OK;
  } catch (error: unknown) {
    signal.throwIfAborted();
    await dialogue.tell(stopped(failed(messageOf(error))));
    return EXIT_SOFTWARE;
  }
};

const inspectAndLoad = async (
  { dialogue, instructions, root, stopSwitch }: Work,
  signal: AbortSignal,
): Promise<LoadEnd | RereadEnd> => {
  const unsafe = root === DRIVE_ROOT ? await findUnsafe(root) : undefined;
  if (unsafe !== undefined) return { kind: 'stopped', reason: failed(unsafe), walkEnded: false };
  const inspection = await tryInspect(root);
  if ('code' in inspection) return { kind: 'stopped', reason: inspection, walkEnded: false };
  await dialogue.tell({ kind: 'inspected', ...inspection, nearMisses: [...inspection.nearMisses] });
  // While the daemon verifies, what most drives need next is read from the disk. No thread for a volume that is only looked at.
  using threads = inspection.signature.kind === 'file' ? startLoadThreads() : undefined;
  const loading = import('./run-load.ts');
  const given = await instructions.given;
  if (given.kind === 'reread') {
    const { rereadFiles } = await import('./reread-files.ts');
    return await rereadFiles({ order: given.order, table: given.list, root, dialogue, stopSwitch, threads }, signal);
  }
  const { runLoad } = await loading;
  return await runLoad({ order: given.order, done: given.list, root, dialogue, stopSwitch, threads }, signal);
};

const stopped = ({ code, message, details }: StopReason, walkEnded = false): LoaderMessage => ({
  kind: 'stopped',
  code,
  message,
  details: { ...details },
  walkEnded,
});

// A file system whose top folder cannot be read is the drive's fault, not this process's.
const tryInspect = async (root: string): Promise<RootInspection | StopReason> => {
  try {
    return await inspectRoot(root);
  } catch (error: unknown) {
    const code = systemCode(error);
    return {
      code: 'RootUnreadable',
      message: `the system says ${code}`,
      details: { message: `the system says ${code}` },
    };
  }
};

const failed = (message: string): StopReason => ({
  code: 'LoaderFailed',
  message,
  details: { message },
});

// Errors of the system name files of the drive.
const messageOf = (error: unknown): string =>
  printable(error instanceof Error ? `${error.message}${causeOf(error)}` : String(error));

const causeOf = ({ cause }: Error): string => (cause instanceof Error ? `: ${cause.message}${causeOf(cause)}` : '');
