// Runs the command line in this process, against a daemon that only repeats documented answers.

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { runCli } from '#cli/cli.ts';
import { BY_HEADER } from '#protocol/control.ts';

/** What a command left behind. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of a run. */
export interface InProcessOptions {
  readonly configPath?: string;
  readonly signal?: AbortSignal;
  readonly userName?: string;
  /** Called with everything that was written to stdout so far. */
  readonly onStdout?: (text: string) => void;
}

/** Runs one command to its end. */
export const runInProcess = async (args: readonly string[], options: InProcessOptions = {}): Promise<Ended> => {
  const stdout = collector(options.onStdout);
  const stderr = collector();
  const exitCode = await runCli({
    args,
    defaultConfigPath: options.configPath ?? '/nonexistent/import-station.toml',
    io: { stdin: new PassThrough(), stdout: stdout.stream, stderr: stderr.stream },
    runDaemon: () => Promise.resolve(0),
    userName: options.userName,
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
};

const collector = (onText?: (text: string) => void): { readonly stream: Writable; readonly text: () => string } => {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString('utf8');
      onText?.(text);
      done();
    },
  });
  return { stream, text: () => text };
};

/** A request as the daemon received it. */
export interface Received {
  readonly right: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Name of the caller as it was sent. */
  readonly by?: string;
}

/** A folder with a configuration, and the sockets of a daemon that repeats answers. */
export interface RepeatingDaemon extends AsyncDisposable {
  readonly folder: string;
  readonly configPath: string;
  readonly received: readonly Received[];
}

/** Answers by `METHOD PATH`: status and body. What is not in it is answered with 404 and no known form. */
export type Answers = Readonly<Record<string, readonly [status: number, body: unknown]>>;

/** Starts it; without answers nothing listens. */
export const startRepeatingDaemon = async (answers?: Answers): Promise<RepeatingDaemon> => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'));
  const configPath = join(folder, 'station.toml');
  writeFileSync(configPath, configText(folder));
  mkdirSync(join(folder, 'run', 'control'), { recursive: true });
  const received: Received[] = [];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => {
    // A shell that was ended may be writing still.
    rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 });
  });
  if (answers !== undefined) {
    for (const right of ['read', 'technician', 'operator']) {
      stack.use(await listen(join(folder, 'run', 'control', `${right}.sock`), right, answers, received));
    }
  }
  const moved = stack.move();
  return { folder, configPath, received, [Symbol.asyncDispose]: () => moved.disposeAsync() };
};

const configText = (folder: string): string => `
[station]
state_dir = "${join(folder, 'state')}"
run_dir = "${join(folder, 'run')}"
uid = 64101
gid = 64101
[launch]
loader_uid = 64102
loader_gid = 64102
[[bay]]
name = "Bay 1"
image = "/srv/one.img"
`;

const byOf = ({ headers }: IncomingMessage): { readonly by?: string } => {
  const by = headers[BY_HEADER];
  return typeof by === 'string' ? { by: decodeURIComponent(by) } : {};
};

const listen = async (
  path: string,
  right: string,
  answers: Answers,
  received: Received[],
): Promise<AsyncDisposable> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', url = '' } = request;
      received.push({
        right,
        method,
        path: url,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
        ...byOf(request),
      });
      const [status, body] = answers[`${method} ${url}`] ?? [404, {}];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
