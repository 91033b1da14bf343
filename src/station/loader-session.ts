// One loader at the end of its channel: its messages with a deadline, so that a silent one is never waited for.

import { printable } from '#language/printable.ts';
import type { LaunchRequest } from '#protocol/launch.ts';
import { launchReplySchema } from '#protocol/launch.ts';
import { loaderMessageSchema, type DaemonMessage, type LoaderMessage } from '#protocol/loader.ts';
import { hold, type Hold } from './hold.ts';
import type { Inspection } from './judge-volumes.ts';
import type { LaunchClient, LoaderConnection } from './launch-client.ts';

/** What comes next from a loader. `silent`: nothing within the deadline; the loader was given up. */
export type Received =
  | { readonly kind: 'message'; readonly message: LoaderMessage; readonly payload?: Uint8Array }
  | { readonly kind: 'ended' }
  | { readonly kind: 'silent' };

/** A loader that has inspected its volume and waits for an order. */
export interface LoaderSession extends AsyncDisposable {
  readonly inspection: Inspection;
  send(message: DaemonMessage, payload?: Uint8Array): Promise<void>;
  /** Waits at most `deadlineMs`; ends the connection on silence and when the signal aborts. */
  receive(deadlineMs: number, signal: AbortSignal): Promise<Received>;
}

/** What opening a loader gives. */
export type OpenedSession =
  { readonly kind: 'ok'; readonly session: LoaderSession } | { readonly kind: 'hold'; readonly hold: Hold };

// Mounting a large damaged file system can take long; a healthy one takes far less than a second.
const MOUNT_DEADLINE_MS = 120_000;

/** Launches a loader on one volume and reads its inspection. Throws StationError LauncherUnreachable. */
export const openLoaderSession = async (
  launch: LaunchClient,
  request: Extract<LaunchRequest, { readonly kind: 'load' }>,
  signal: AbortSignal,
): Promise<OpenedSession> => {
  const connection = await launch.openLoader(request, signal);
  const messages = connection.channel.receive();
  const first = await nextRaw(connection, messages, MOUNT_DEADLINE_MS, signal);
  const opened = first.kind === 'raw' ? readFirst(first.message) : silentFirst(first.kind);
  if (opened.kind === 'hold') {
    await connection[Symbol.asyncDispose]();
    return opened;
  }
  return { kind: 'ok', session: createSession(connection, messages, opened.inspection) };
};

type Messages = AsyncGenerator<{ readonly message: unknown; readonly payload?: Uint8Array }>;
type Raw = { readonly kind: 'raw'; readonly message: unknown; readonly payload?: Uint8Array };

const createSession = (connection: LoaderConnection, messages: Messages, inspection: Inspection): LoaderSession => ({
  inspection,
  send: (message, payload) => connection.channel.send(message, payload),
  receive: async (deadlineMs, signal) => {
    const next = await nextRaw(connection, messages, deadlineMs, signal);
    if (next.kind !== 'raw') return next;
    const message = loaderMessageSchema.parse(next.message);
    return next.payload === undefined
      ? { kind: 'message', message }
      : { kind: 'message', message, payload: next.payload };
  },
  [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
});

const nextRaw = async (
  connection: LoaderConnection,
  messages: Messages,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Raw | { readonly kind: 'ended' | 'silent' }> => {
  const silence = AbortSignal.timeout(deadlineMs);
  const giveUp = AbortSignal.any([signal, silence]);
  // Ending the connection ends the generator: no promise is left behind that waits for a loader.
  const end = (): void => {
    void connection[Symbol.asyncDispose]();
  };
  giveUp.addEventListener('abort', end, { once: true });
  try {
    const next = await messages.next();
    if (next.done !== true) return { kind: 'raw', ...next.value };
    return { kind: silence.aborted ? 'silent' : 'ended' };
  } catch (error) {
    if (silence.aborted) return { kind: 'silent' };
    if (giveUp.aborted || isBrokenConnection(error)) return { kind: 'ended' };
    throw error;
  } finally {
    giveUp.removeEventListener('abort', end);
  }
};

const isBrokenConnection = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');

const readFirst = (
  message: unknown,
):
  { readonly kind: 'inspection'; readonly inspection: Inspection } | { readonly kind: 'hold'; readonly hold: Hold } => {
  const reply = launchReplySchema.safeParse(message);
  if (reply.success && reply.data.kind === 'launch-problem') {
    const { code, message: problem } = reply.data;
    return { kind: 'hold', hold: { code, details: { problem: printable(problem) } } };
  }
  const parsed = loaderMessageSchema.parse(message);
  if (parsed.kind === 'stopped') return { kind: 'hold', hold: { code: parsed.code, details: parsed.details } };
  if (parsed.kind !== 'inspected') {
    return { kind: 'hold', hold: hold('LoaderFailed', { problem: `unexpected message ${parsed.kind}` }) };
  }
  return { kind: 'inspection', inspection: parsed };
};

const silentFirst = (kind: 'ended' | 'silent'): { readonly kind: 'hold'; readonly hold: Hold } => ({
  kind: 'hold',
  hold: kind === 'silent' ? hold('LoaderNotAnswering') : hold('LoaderFailed', { problem: 'it ended without a word' }),
});
