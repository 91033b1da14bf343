// The loader's side of the talk with the daemon: what it tells, what it asks, and what it waits for.
//
// INVARIANTS
//   Every message with a sequence is answered by `stored` for it or for a later one; sequences rise by one.
//   Messages go out in the order of the calls, so that a row reaches the disk before the end of its upload does.

import type { LogRow } from '#import-log/contract.ts';
import { formatWorkingRow } from '#import-log/working-log.ts';
import { StationError } from '#language/station-error.ts';
import { MIB } from '#language/units.ts';
import type { Channel } from '#protocol/channel.ts';
import { daemonMessageSchema, type DaemonMessage, type LoaderMessage } from '#protocol/loader.ts';
import { createRowBatches, type RowBatches } from './row-batches.ts';

/** The order that starts a load. */
export type Order = Extract<DaemonMessage, { readonly kind: 'order' }>;

/** The order that starts a second reading. */
export type RereadOrder = Extract<DaemonMessage, { readonly kind: 'reread' }>;

/** A message that the daemon acknowledges once it is on disk, without its sequence. */
export type Recorded = WithoutSequence<
  Extract<LoaderMessage, { readonly sequence: number; readonly kind: RecordedKind }>
>;

type RecordedKind = 'upload-planned' | 'upload-started' | 'part-finished' | 'upload-ended' | 'first-file';
type WithoutSequence<Message> = Message extends unknown ? Omit<Message, 'sequence'> : never;

/** What the daemon says without being asked. */
export interface DialogueEvents {
  readonly onOrder: (order: Order | RereadOrder) => void;
  /** What follows an order; `isLast` closes the list. */
  readonly onResume: (hashes: Uint8Array, isLast: boolean) => void;
  /** `isFinal`: nobody will go on with the load. */
  readonly onStop: (code: string, isFinal: boolean) => void;
}

/** The talk with the daemon. */
export interface Dialogue {
  /** Reads what the daemon says until it ends. Errors: ProtocolError, and the stream's own. */
  listen(events: DialogueEvents): Promise<void>;
  /** Says something that needs no answer. */
  tell(message: LoaderMessage): Promise<void>;
  /** Says something and resolves once it is on disk. */
  record(message: Recorded): Promise<void>;
  /** Adds a row, at once or later; it may be on its way for some time. */
  addRow(row: LogRow): Promise<void> | undefined;
  /** Sends the rows that are gathered. */
  flushRows(): void;
  allRowsStored(): Promise<void>;
  /** A read failed: is the drive still there? */
  isDrivePresent(): Promise<boolean>;
  /** May this file have this key? `path` is base64. */
  claim(path: string, key: string): Promise<boolean>;
}

const BATCHES = { maxBatchRows: 256, maxBatchBytes: 4 * MIB, maxWaitMs: 50, maxOpenRows: 8192 };

/** Makes the talk over a channel. */
export const createDialogue = (channel: Channel): Dialogue => {
  const acknowledgements = createAcknowledgements();
  const answers = createAnswers();
  const rows = createRowBatches(BATCHES, (bytes, count) => {
    const { sequence, stored } = acknowledgements.next();
    return Promise.all([
      channel.send({ kind: 'rows', sequence, rows: count, bytes: bytes.length } satisfies LoaderMessage, bytes),
      stored,
    ]).then(() => undefined);
  });
  const tell = (message: LoaderMessage): Promise<void> => channel.send(message);
  return {
    listen: async (events) => {
      for await (const { message, payload } of channel.receive()) {
        hear(parse(message), payload, { events, acknowledgements, answers });
      }
    },
    tell,
    record: async (message) => {
      const { sequence, stored } = acknowledgements.next();
      await Promise.all([channel.send({ ...message, sequence }), stored]);
    },
    ...rowCalls(rows),
    isDrivePresent: () => answers.ask((id) => tell({ kind: 'drive-check', id })),
    claim: (path, key) => answers.ask((id) => tell({ kind: 'claim', id, path, key })),
  };
};

const rowCalls = (rows: RowBatches): Pick<Dialogue, 'addRow' | 'flushRows' | 'allRowsStored'> => ({
  addRow: (row) => rows.add(formatWorkingRow(row)),
  flushRows: rows.flush,
  allRowsStored: rows.allStored,
});

const parse = (message: unknown): DaemonMessage => {
  const parsed = daemonMessageSchema.safeParse(message);
  if (parsed.success) return parsed.data;
  // The fields alone: the values may be secrets.
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new StationError({
    code: 'ProtocolError',
    message: `Cannot understand the daemon: wrong fields (${fields}), expected a message of this release`,
    hint: 'Daemon and loader must be of one release: restart the station.',
  });
};

const hear = (
  message: DaemonMessage,
  payload: Uint8Array | undefined,
  {
    events,
    acknowledgements,
    answers,
  }: {
    readonly events: DialogueEvents;
    readonly acknowledgements: Acknowledgements;
    readonly answers: Answers;
  },
): void => {
  switch (message.kind) {
    case 'order':
    case 'reread':
      events.onOrder(message);
      return;
    case 'resume':
      events.onResume(payload ?? new Uint8Array(), message.last);
      return;
    case 'stored':
      acknowledgements.acknowledge(message.sequence);
      return;
    case 'drive-answer':
      answers.answer(message.id, message.isPresent);
      return;
    case 'claim-answer':
      answers.answer(message.id, message.granted);
      return;
    case 'stop':
      events.onStop(message.code, message.isFinal);
  }
};

interface Acknowledgements {
  next(): { readonly sequence: number; readonly stored: Promise<void> };
  acknowledge(sequence: number): void;
}

const createAcknowledgements = (): Acknowledgements => {
  const waiting = new Map<number, () => void>();
  let last = 0;
  let acknowledged = 0;
  return {
    next: () => {
      last += 1;
      const sequence = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(sequence, resolve);
      return { sequence, stored: promise };
    },
    acknowledge: (sequence) => {
      for (; acknowledged < Math.min(sequence, last); acknowledged += 1) {
        waiting.get(acknowledged + 1)?.();
        waiting.delete(acknowledged + 1);
      }
    },
  };
};

interface Answers {
  ask(send: (id: number) => Promise<void>): Promise<boolean>;
  answer(id: number, value: boolean): void;
}

const createAnswers = (): Answers => {
  const waiting = new Map<number, (value: boolean) => void>();
  let lastId = 0;
  return {
    ask: async (send) => {
      lastId += 1;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting.set(lastId, resolve);
      await send(lastId);
      return promise;
    },
    answer: (id, value) => {
      waiting.get(id)?.(value);
      waiting.delete(id);
    },
  };
};
