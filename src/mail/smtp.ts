// One message over SMTP: a connection of its own, every wait bounded, and what the server said in words of this room.

import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailConfig } from '#config/contract.ts';
import { printable } from '#language/printable.ts';
import type { Secret } from '#language/secret.ts';
import { SECOND_MS } from '#language/units.ts';
import type { Mail } from '#store/contract.ts';

/** A mail server and who speaks to it. */
export interface MailServer {
  readonly config: MailConfig;
  /** Name of the station, as the sender's name. */
  readonly station: string;
  /** Present where the configuration names a user. */
  readonly password?: Secret;
  /** PEM. */
  readonly certificateAuthority?: string;
}

/** What became of an attempt. */
export type SendResult =
  /** The server has taken the message. */
  | { readonly kind: 'sent'; readonly answer: string }
  /** The server refuses this recipient or message; for good (5xx), or for now (4xx). */
  | { readonly kind: 'refused'; readonly isForGood: boolean; readonly answer: string }
  /** The server is away, silent, or lets nobody in: no other message would do better now. */
  | { readonly kind: 'server-trouble'; readonly answer: string };

/** Sends messages. */
export type SendMail = (mail: Mail, signal: AbortSignal) => Promise<SendResult>;

// Connecting, EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA, the message: a server that only just answers each of them in
// time ends here.
const WAITS_PER_ATTEMPT = 5;
const CLOSE_MS = SECOND_MS;

/** Makes the sender. Rejects with `signal.reason` where the signal aborts: whether the server has the message is open then. */
export const createSendMail =
  (server: MailServer): SendMail =>
  async (mail, signal) => {
    signal.throwIfAborted();
    const message = await composeMail(server, mail);
    const connection = new SMTPConnection(connectionOptions(server));
    const late = AbortSignal.timeout(server.config.timeoutMs * WAITS_PER_ATTEMPT);
    try {
      return {
        kind: 'sent',
        answer: shown(await converse(connection, { server, mail, message }, AbortSignal.any([signal, late]))),
      };
    } catch (error: unknown) {
      signal.throwIfAborted();
      return problemOf(late.aborted ? new Error('it takes longer than it may') : error);
    } finally {
      connection.close();
    }
  };

const composeMail = ({ config, station }: MailServer, mail: Mail): Promise<Buffer> =>
  new MailComposer({
    from: { name: printable(station), address: config.from },
    to: { name: '', address: mail.recipient },
    replyTo: config.operator,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: mail.messageId,
    date: mail.queuedAt,
    // RFC 3834: nobody's holiday answers this, and no two machines begin to talk.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();

const connectionOptions = ({
  config,
  certificateAuthority,
}: MailServer): ConstructorParameters<typeof SMTPConnection>[0] => ({
  host: config.host,
  port: config.port,
  secure: config.security === 'tls',
  requireTLS: config.security === 'starttls',
  ignoreTLS: config.security === 'none',
  connectionTimeout: config.timeoutMs,
  greetingTimeout: config.timeoutMs,
  socketTimeout: config.timeoutMs,
  dnsTimeout: config.timeoutMs,
  socketCloseTimeout: CLOSE_MS,
  ...(certificateAuthority === undefined ? {} : { tls: { ca: certificateAuthority } }),
});

interface Conversation {
  readonly server: MailServer;
  readonly mail: Mail;
  readonly message: Buffer;
}

/** The whole conversation; gives what the server answered to the message. */
const converse = async (
  connection: SMTPConnection,
  { server, mail, message }: Conversation,
  signal: AbortSignal,
): Promise<string> => {
  const { config, password } = server;
  const step = stepsOf(connection, signal);
  await step((done) => {
    connection.connect((error) => {
      done(error);
    });
  });
  if (config.user !== undefined && password !== undefined) {
    const credentials = { user: config.user, pass: password.reveal() };
    await step((done) => {
      connection.login({ credentials }, (error) => {
        done(error);
      });
    });
  }
  let answer = '';
  await step((done) => {
    connection.send({ from: config.from, to: mail.recipient, size: message.length }, message, (error, info) => {
      answer = info?.response ?? '';
      done(error);
    });
  });
  // `close` comes right behind: the server reads it or not, the message is its own already.
  connection.quit();
  return answer;
};

type Step = (begin: (done: (error?: Error | null) => void) => void) => Promise<void>;

// What breaks the connection is told by an event, which may come within any step or between two.
const stepsOf = (connection: SMTPConnection, signal: AbortSignal): Step => {
  let broken: Error | undefined;
  let breakStep: (error: Error) => void = () => undefined;
  connection.on('error', (error: Error) => {
    broken = error;
    breakStep(error);
  });
  connection.on('end', () => {
    broken ??= new Error('it closed the connection');
    breakStep(broken);
  });
  return (begin) =>
    new Promise((resolve, reject) => {
      if (broken !== undefined || signal.aborted) {
        reject(broken ?? new Error('stopped'));
        return;
      }
      const stop = (): void => {
        reject(new Error('stopped'));
      };
      signal.addEventListener('abort', stop, { once: true });
      breakStep = reject;
      begin((error) => {
        signal.removeEventListener('abort', stop);
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
    });
};

// RFC 5321, 4.2.1: 4yz is for now, 5yz for good; 421 ends the whole conversation.
const FOR_NOW = 400;
const FOR_GOOD = 500;
const CLOSING = 421;
const TOO_LARGE = 552;

const problemOf = (error: unknown): SendResult => {
  const { command = '', code, responseCode = 0, text } = factsOf(error);
  const answer = shown(text);
  const isOfMessage = command === 'RCPT TO' || command === 'DATA' || code === 'EMESSAGE' || responseCode === TOO_LARGE;
  if (isOfMessage && responseCode >= FOR_NOW && responseCode !== CLOSING) {
    return { kind: 'refused', isForGood: responseCode >= FOR_GOOD, answer };
  }
  // Refused by our own side: an address that this server cannot take, or a message larger than it says it takes.
  if (responseCode === 0 && ((code === 'EENVELOPE' && command === 'API') || code === 'EMESSAGE')) {
    return { kind: 'refused', isForGood: true, answer };
  }
  return { kind: 'server-trouble', answer };
};

interface ErrorFacts {
  readonly command?: string;
  readonly code?: string;
  readonly responseCode?: number;
  readonly text: string;
}

const factsOf = (error: unknown): ErrorFacts => {
  if (!(error instanceof Error)) throw error;
  const { command, code, responseCode, response }: Partial<Record<string, unknown>> = { ...error };
  return {
    ...(typeof command === 'string' ? { command } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof responseCode === 'number' ? { responseCode } : {}),
    text: typeof response === 'string' ? response : error.message,
  };
};

const SHOWN_LENGTH = 300;

const shown = (text: string): string => printable(text.trim()).slice(0, SHOWN_LENGTH);
