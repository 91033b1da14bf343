// Sends what the outbox holds, one message after the other, for as long as the daemon runs.
//
// INVARIANTS
// - A message leaves the queue only after the server took it, or after it was refused for as long as the configuration says.
// - An attempt is recorded before the next one of the same message, so a message is sent twice only where the process ends
//   between the server's answer and the record; both have one Message-ID.
// - A server that is away delays all messages and gives up none; a message that is refused delays only itself.
// - Nothing waits longer than the longest pause, however the clock was set meanwhile.

import { setTimeout as delay } from 'node:timers/promises';
import type { MailConfig } from '#config/contract.ts';
import { DAY_MS, SECOND_MS } from '#language/units.ts';
import type { Mail, MailAttempt, OutboxEntry, Store } from '#store/contract.ts';
import type { SendMail, SendResult } from './smtp.ts';

/** What happened, for the journal. */
export type MailEvent =
  | { readonly kind: 'sent'; readonly mail: OutboxEntry; readonly answer: string }
  | { readonly kind: 'refused'; readonly mail: OutboxEntry; readonly answer: string; readonly nextAt: Date }
  | { readonly kind: 'given-up'; readonly mail: OutboxEntry; readonly answer: string }
  /** `isNews`: the attempt before went well. */
  | { readonly kind: 'server-trouble'; readonly answer: string; readonly nextAt: Date; readonly isNews: boolean }
  /** The store does not answer; the sender waits and goes on. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** What the sender needs. */
export interface MailSenderDeps {
  readonly store: Pick<Store, 'dueMails' | 'recordMailAttempt' | 'queueMails'>;
  readonly config: Pick<MailConfig, 'firstPauseMs' | 'longestPauseMs' | 'giveUpMs'>;
  readonly send: SendMail;
  /** Mail about a message that was given up. */
  readonly aboutGivenUp: (mail: OutboxEntry, answer: string, at: Date) => readonly Mail[];
  readonly report: (event: MailEvent) => void;
  readonly now: () => Date;
}

/** Sends mail until the signal aborts. */
export interface MailSender {
  run(signal: AbortSignal): Promise<void>;
  /** Tries every message that is due; ends at the first trouble with the server. Gives the time before which nothing is tried. */
  round(signal: AbortSignal): Promise<Date>;
}

const POLL_MS = SECOND_MS;
// RFC 5321, 4.2.1: what is refused for good should not be repeated as it is; ours: for a day, because a mail server that
// has just been set up refuses much that it takes an hour later.
const FOR_GOOD_MS = DAY_MS;

/** Makes the sender. */
export const createMailSender = (deps: MailSenderDeps): MailSender => {
  const { store, config, send, report, now } = deps;
  // Answers that could not be recorded yet: their messages are not sent again while this process lives.
  const unrecorded = new Map<string, MailAttempt>();
  let troubles = 0;
  let notBefore = new Date(0);
  // Where the clock was set back, what it said before lies further away than any pause.
  const isPausing = (at: Date): boolean => {
    const leftMs = notBefore.getTime() - at.getTime();
    return leftMs > 0 && leftMs <= config.longestPauseMs;
  };

  const record = (mail: OutboxEntry, attempt: MailAttempt): void => {
    unrecorded.set(mail.messageId, attempt);
    store.recordMailAttempt(mail.messageId, attempt);
    unrecorded.delete(mail.messageId);
  };
  const meetTrouble = (mail: OutboxEntry, answer: string): void => {
    const isNews = troubles === 0;
    troubles += 1;
    const at = now();
    notBefore = new Date(at.getTime() + pauseMs(config, troubles));
    // Counted, so that another message is tried next: this one may be the reason.
    record(mail, { ...refusal(mail), state: 'queued', nextAt: at, answer });
    report({ kind: 'server-trouble', answer, nextAt: notBefore, isNews });
  };
  const settle = (mail: OutboxEntry, result: Exclude<SendResult, { readonly kind: 'server-trouble' }>): void => {
    troubles = 0;
    const at = now();
    const { answer } = result;
    if (result.kind === 'sent') {
      record(mail, { state: 'sent', nextAt: at, answer, endedAt: at });
      report({ kind: 'sent', mail, answer });
      return;
    }
    // A first refusal that is still to come was noted by a clock that has been set back since: patience begins anew.
    const refusedSince = mail.refusedSince === undefined || mail.refusedSince > at ? at : mail.refusedSince;
    const patienceMs = result.isForGood ? Math.min(FOR_GOOD_MS, config.giveUpMs) : config.giveUpMs;
    if (at.getTime() - refusedSince.getTime() >= patienceMs) {
      // First: a crash in between tells the operator, and gives the message up at the next attempt.
      store.queueMails(deps.aboutGivenUp(mail, answer, at));
      record(mail, { state: 'given-up', nextAt: at, refusedSince, answer, endedAt: at });
      report({ kind: 'given-up', mail, answer });
      return;
    }
    const waitMs = result.isForGood ? config.longestPauseMs : pauseMs(config, mail.attempts + 1);
    const nextAt = new Date(at.getTime() + waitMs);
    record(mail, { state: 'queued', nextAt, refusedSince, answer });
    report({ kind: 'refused', mail, answer, nextAt });
  };

  const round = async (signal: AbortSignal): Promise<Date> => {
    for (const [messageId, attempt] of unrecorded) {
      store.recordMailAttempt(messageId, attempt);
      unrecorded.delete(messageId);
    }
    while (!signal.aborted && !isPausing(now())) {
      const mail = store.dueMails({ now: now(), longestPauseMs: config.longestPauseMs, limit: 1 })[0];
      if (mail === undefined) break;
      const result = await send(mail, signal);
      if (result.kind === 'server-trouble') meetTrouble(mail, result.answer);
      else settle(mail, result);
    }
    return notBefore;
  };

  return {
    round,
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await round(signal);
        } catch (error: unknown) {
          if (signal.aborted) return;
          notBefore = new Date(now().getTime() + pauseMs(config, 1));
          report({ kind: 'failed', error });
        }
        await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
};

const refusal = ({ refusedSince }: OutboxEntry): Pick<MailAttempt, 'refusedSince'> =>
  refusedSince === undefined ? {} : { refusedSince };

// Doubles from the first pause to the longest one.
const pauseMs = ({ firstPauseMs, longestPauseMs }: MailSenderDeps['config'], attempt: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 40));
