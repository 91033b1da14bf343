// A real mail server for tests: it listens on loopback, keeps what it takes, and can be told to refuse, to be silent or to
// wait with its answer.

import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { run } from './run.ts';

/** Name and password that the server knows. */
export const MAIL_LOGIN = { user: 'station', password: 'correct horse' } as const;

/** An answer other than 250: `[450, 'later']`. */
export type Refusal = readonly [code: number, text: string];

/** A message as the server took it. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isEncrypted: boolean;
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** Settings of the server. */
export interface MailServerOptions {
  /** Default: `starttls`. */
  readonly security?: 'starttls' | 'tls' | 'none';
}

/** A running mail server. What it does next is set at any time. */
export interface MailServer extends AsyncDisposable {
  readonly port: number;
  /** PEM of the certificate, which vouches for itself. */
  readonly certificateAuthority: string;
  /** Path of the same. */
  readonly authorityFile: string;
  readonly taken: TakenMail[];
  /** Every recipient that was asked for. */
  readonly asked: string[];
  refuseRecipient: (address: string) => Refusal | undefined;
  refuseMessage: () => Refusal | undefined;
  /** Called with the whole message before it is answered. */
  beforeAnswer: () => Promise<void>;
  afterAnswer: () => void;
  /** Stops listening, and listens again on the same port. */
  close: () => Promise<void>;
  open: () => Promise<void>;
}

/** Starts a mail server that asks for a name where the connection is encrypted. */
export const startMailServer = async ({ security = 'starttls' }: MailServerOptions = {}): Promise<MailServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'mail-server-'));
  // The daemon reads the certificate as another user.
  await chmod(folder, 0o755);
  const certificate = await makeCertificate(folder);
  const taken: TakenMail[] = [];
  const asked: string[] = [];
  const options: SMTPServerOptions = {
    secure: security === 'tls',
    key: certificate.key,
    cert: certificate.certificate,
    authOptional: security === 'none',
    disabledCommands: security === 'none' ? ['STARTTLS', 'AUTH'] : [],
    // It asks the system's resolver for each client otherwise.
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({ username = '', password = '' }, _session, callback) => {
      const isKnown = username === MAIL_LOGIN.user && password === MAIL_LOGIN.password;
      callback(isKnown ? null : failure([535, 'authentication failed']), { user: username });
    },
    onRcptTo: ({ address }, _session, callback) => {
      asked.push(address);
      callback(failure(server.refuseRecipient(address)));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        void take(Buffer.concat(chunks), session).then(callback, callback);
      });
    },
  };
  const take = async (
    bytes: Buffer,
    session: Parameters<NonNullable<SMTPServerOptions['onData']>>[1],
  ): Promise<Error | null> => {
    const refusal = server.refuseMessage();
    if (refusal !== undefined) return failure(refusal);
    const { mailFrom, rcptTo } = session.envelope;
    const user: unknown = session.user;
    taken.push({
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      user: typeof user === 'string' ? user : undefined,
      isEncrypted: session.secure,
      raw: bytes.toString('latin1'),
      parsed: await simpleParser(bytes),
    });
    await server.beforeAnswer();
    setImmediate(() => {
      server.afterAnswer();
    });
    return null;
  };

  let smtp: SMTPServer;
  const open = async (wanted: number): Promise<number> => {
    smtp = new SMTPServer(options);
    // A client that hangs up is no failure of the server.
    smtp.on('error', () => undefined);
    return listen(smtp.server, wanted, () => smtp.listen(wanted, '127.0.0.1'));
  };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      smtp.close(resolve);
    });
  const port = await open(0);
  const server: MailServer = {
    port,
    certificateAuthority: certificate.certificate,
    authorityFile: join(folder, 'public.crt'),
    taken,
    asked,
    refuseRecipient: () => undefined,
    refuseMessage: () => undefined,
    beforeAnswer: () => Promise.resolve(),
    afterAnswer: () => undefined,
    close,
    open: async () => {
      await open(port);
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
};

/** A server that takes connections and says what it is told to, which may be nothing. */
export const startSilentServer = async (
  greet: (socket: Socket) => void = () => undefined,
): Promise<{ readonly port: number } & AsyncDisposable> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
    greet(socket);
  });
  const port = await listen(server, 0, () => server.listen(0, '127.0.0.1'));
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
};

const listen = async (server: Pick<Server, 'once' | 'address'>, wanted: number, begin: () => void): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    begin();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`Cannot listen on port ${String(wanted)}`);
  return address.port;
};

const failure = (refusal: Refusal | undefined): Error | null =>
  refusal === undefined ? null : Object.assign(new Error(refusal[1]), { responseCode: refusal[0] });

const makeCertificate = async (folder: string): Promise<{ readonly key: string; readonly certificate: string }> => {
  const [key, certificate] = [join(folder, 'private.key'), join(folder, 'public.crt')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'],
    ...['-subj', '/CN=import-station test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ]);
  return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
};
