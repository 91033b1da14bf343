// The daemon's part that sends mail, and what the journal says of it.

import type { Config, MailConfig } from '#config/contract.ts';
import { readMailFiles } from '#mail/mail-files.ts';
import type { MailWriter } from '#mail/mail-writer.ts';
import { createMailSender, type MailEvent, type MailSender } from '#mail/sender.ts';
import { createSendMail } from '#mail/smtp.ts';
import { noticeOf } from '#notice/catalogue.ts';
import type { Store } from '#store/contract.ts';
import type { Journal } from './journal.ts';

/** What sending needs of the daemon. */
export interface SendMailsDeps {
  readonly config: Config;
  readonly store: Store;
  readonly mails: MailWriter;
  readonly journal: Journal;
  readonly now: () => Date;
}

/** Makes the sender where the configuration has `[mail]`. Throws StationError MailFileUnreadable. */
export const createDaemonSender = ({ config, store, mails, journal, now }: SendMailsDeps): MailSender | undefined => {
  const { mail } = config;
  if (mail === undefined) {
    journal.info({}, 'no mail is sent: the configuration has no [mail]');
    return undefined;
  }
  return createMailSender({
    store,
    config: mail,
    send: createSendMail({ config: mail, station: config.station.name, ...readMailFiles(mail) }),
    aboutGivenUp: mails.givenUp,
    report: (event) => {
      journalMail(journal, mail, event);
    },
    now,
  });
};

const journalMail = (journal: Journal, { host, port }: MailConfig, event: MailEvent): void => {
  switch (event.kind) {
    case 'sent': {
      const { messageId, jobId, occasion, attempts } = event.mail;
      journal.info({ messageId, jobId, occasion, attempt: attempts + 1, answer: event.answer }, 'mail sent');
      return;
    }
    case 'refused': {
      const { messageId, jobId, recipient } = event.mail;
      const { answer, nextAt } = event;
      journal.warn({ messageId, jobId, recipient, answer, nextAt }, 'mail refused, tried again later');
      return;
    }
    case 'given-up': {
      const { messageId, jobId, recipient } = event.mail;
      const notice = noticeOf('MailGivenUp', { email: recipient, message: event.answer });
      journal.error({ messageId, jobId, recipient, notice }, 'mail given up');
      return;
    }
    case 'server-trouble': {
      const notice = noticeOf('MailServerTrouble', { message: event.answer });
      const facts = { host, port, notice, nextAt: event.nextAt };
      if (event.isNews) journal.error(facts, 'mail server takes no mail');
      else journal.warn(facts, 'mail server takes no mail');
      return;
    }
    case 'failed':
      journal.error({ err: event.error }, 'mail not sent');
  }
};
