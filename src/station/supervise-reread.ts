// One loader at a second reading: what it says is taken, its questions are answered, its silence is noticed.

import type { LoaderMessage, RereadEnded } from '#protocol/loader.ts';
import { hold, type Hold } from './hold.ts';
import type { LoaderSession } from './loader-session.ts';
import { listenToLoader, type LoadPorts } from './supervise-load.ts';

/** What the supervision needs of the rest of the station. */
export interface RereadPorts extends Pick<LoadPorts, 'onProgress' | 'onUnread' | 'isDrivePresent' | 'stops'> {
  /** Path hashes, one after the other, of loaded files that did not give what was loaded. */
  readonly onDiffering: (hashes: Buffer) => void;
}

/** How the loader ended. */
export type RereadOutcome =
  RereadEnded | { readonly kind: 'hold'; readonly hold: Hold } | { readonly kind: 'interrupted' };

/** Serves a loader until it has read everything, stopped, died, or fallen silent. */
export const superviseReread = (
  session: LoaderSession,
  ports: RereadPorts,
  signal: AbortSignal,
): Promise<RereadOutcome> => {
  return listenToLoader(session, ports, ({ message }) => serve(session, ports, message, signal), signal);
};

const serve = async (
  session: LoaderSession,
  ports: RereadPorts,
  message: LoaderMessage,
  signal: AbortSignal,
): Promise<RereadOutcome | undefined> => {
  switch (message.kind) {
    case 'progress':
      ports.onProgress(message);
      return undefined;
    case 'drive-check': {
      const isPresent = await ports.isDrivePresent(signal);
      await session.send({ kind: 'drive-answer', id: message.id, isPresent });
      return undefined;
    }
    case 'unread':
      ports.onUnread(message);
      return undefined;
    case 'differs':
      ports.onDiffering(Buffer.from(message.hashes, 'base64'));
      return undefined;
    case 'reread-ended':
      return message;
    case 'stopped':
      if (message.code === 'Interrupted') return { kind: 'interrupted' };
      return { kind: 'hold', hold: { code: message.code, details: { problem: message.message, ...message.details } } };
    default:
      return {
        kind: 'hold',
        hold: hold('LoaderFailed', { problem: `it said ${message.kind} while it should read again` }),
      };
  }
};
