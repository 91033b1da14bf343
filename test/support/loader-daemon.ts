// A daemon for one loader, as the loader sees it: the messages are served from real files, nothing of the station runs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BucketAccess } from '#bucket/contract.ts';
import type { LogRow } from '#import-log/contract.ts';
import { pathHash } from '#import-log/path-hash.ts';
import { openWorkingLog, readWorkingLog } from '#import-log/working-log.ts';
import { GIB, MIB } from '#language/units.ts';
import { createChannel } from '#protocol/channel.ts';
import { loaderMessageSchema, type DaemonMessage, type KnownUpload, type LoaderMessage } from '#protocol/loader.ts';
import { until } from './wait.ts';

type Order = Extract<DaemonMessage, { readonly kind: 'order' }>;
type End = Extract<LoaderMessage, { readonly kind: 'finished' | 'stopped' }> | { readonly kind: 'died' };

/** What a loader is started with. */
export interface LoaderDaemonOptions {
  /** Folder that stands for the drive. */
  readonly root: string;
  /** Folder of what lasts from one loader to the next: working log and open uploads. */
  readonly state: string;
  readonly access: BucketAccess;
  readonly manifest: string;
  readonly order?: Partial<Omit<Order, 'limits'>>;
  readonly limits?: Partial<Order['limits']>;
  /** Answers to `drive-check`; default true. */
  readonly isDrivePresent?: () => boolean;
  /** Program that runs the loader, and what it gets besides the root. */
  readonly program?: { readonly path: string; readonly args: readonly string[] };
}

/** A loader under way. */
export interface LoaderRun extends AsyncDisposable {
  readonly pid: number;
  /** Everything that it said so far. */
  readonly messages: readonly LoaderMessage[];
  /** What it said last, or that it ended without. */
  readonly end: Promise<End>;
  /** Resolves with the exit code, or the signal's name, once the process is gone. */
  readonly exited: Promise<number | string>;
  send(message: DaemonMessage): Promise<void>;
  /** Ends the connection. */
  hangUp(): void;
  kill(): void;
}

const HASH_KEY = Buffer.alloc(16, 7);
const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'run-loader.ts');

/** Rows of the working log. */
export const rowsIn = (state: string): Promise<LogRow[]> => Array.fromAsync(readWorkingLog(join(state, 'working-log')));

/** Uploads that began and did not end. */
export const uploadsIn = async (state: string): Promise<readonly KnownUpload[]> => {
  const text = await readFile(join(state, 'uploads.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as readonly KnownUpload[];
};

/** Starts a loader, inspects, gives its order, and serves it until it ends. */
export const startLoaderRun = async (options: LoaderDaemonOptions): Promise<LoaderRun> => {
  const { path, args } = options.program ?? { path: FIXTURE, args: [] };
  const child = spawn(process.execPath, [path, options.root, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const exited = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown');
  const channel = createChannel({ input: child.stdout, output: child.stdin });
  const messages: LoaderMessage[] = [];
  const log = await openWorkingLog({ path: join(options.state, 'working-log') });
  const store = await openUploads(options.state);
  const keys = new Map<string, string>();
  const answer = async (message: LoaderMessage, payload: Uint8Array | undefined): Promise<void> => {
    if (message.kind === 'inspected') await giveOrder(options, channel.send);
    if (message.kind === 'rows') await log.append(payload ?? Buffer.alloc(0));
    await store.record(message);
    if ('sequence' in message) await channel.send({ kind: 'stored', sequence: message.sequence });
    if (message.kind === 'drive-check') {
      await channel.send({ kind: 'drive-answer', id: message.id, isPresent: options.isDrivePresent?.() ?? true });
    }
    if (message.kind === 'claim') {
      const holder = keys.get(message.key) ?? message.path;
      keys.set(message.key, holder);
      await channel.send({ kind: 'claim-answer', id: message.id, granted: holder === message.path });
    }
    if (message.kind === 'unclaim') keys.delete(message.key);
  };
  const serve = async (): Promise<End> => {
    try {
      for await (const { message, payload } of channel.receive()) {
        const parsed = loaderMessageSchema.parse(message);
        messages.push(parsed);
        await answer(parsed, payload);
        if (parsed.kind === 'finished' || parsed.kind === 'stopped') return parsed;
      }
    } catch (error) {
      // A loader that was killed may leave half a message, or a connection that broke.
      if (child.exitCode === null && child.signalCode === null) await exited;
      if (child.signalCode === null) throw error;
    }
    return { kind: 'died' };
  };
  const end = serve().finally(() => log[Symbol.asyncDispose]());
  return {
    pid: child.pid ?? 0,
    messages,
    end,
    exited,
    send: (message) => channel.send(message),
    hangUp: () => child.stdin.destroy(),
    kill: () => child.kill('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await Promise.allSettled([exited, end]);
    },
  };
};

const giveOrder = async (
  { state, access, manifest, order, limits }: LoaderDaemonOptions,
  send: (message: DaemonMessage, payload?: Uint8Array) => Promise<void>,
): Promise<void> => {
  const rows = await rowsIn(state);
  const hashes = Buffer.concat(rows.map(({ path }) => pathHash(HASH_KEY, path)));
  const { secretAccessKey, sessionToken, ...rest } = access;
  await send({
    kind: 'order',
    jobId: '53TX4',
    manifest: Buffer.from(manifest).toString('base64'),
    access: { ...rest, secretAccessKey: secretAccessKey.reveal(), sessionToken: sessionToken?.reveal() },
    existing: 'replace',
    sparse: 'wait',
    maxObjectBytes: 5 * 1024 * 1024 * MIB,
    hashKey: HASH_KEY.toString('hex'),
    signatureLogged: rows.length > 0,
    uploads: [...(await uploadsIn(state))],
    finished: { files: rows.length, bytes: 0, failedFiles: 0 },
    limits: {
      multipartThresholdBytes: 16 * MIB,
      partSizeBytes: 5 * MIB,
      maxBytesInFlight: 64 * MIB,
      maxRequestsInFlight: 8,
      readerThreads: 2,
      maxDepth: 64,
      sparseHoldBytes: 100 * GIB,
      ...limits,
    },
    ...order,
  });
  const half = Math.floor(rows.length / 2) * 16;
  await send({ kind: 'resume', bytes: half, last: false }, hashes.subarray(0, half));
  await send({ kind: 'resume', bytes: hashes.length - half, last: true }, hashes.subarray(half));
};

const openUploads = async (state: string): Promise<{ record(message: LoaderMessage): Promise<void> }> => {
  const uploads = new Map((await uploadsIn(state)).map((upload) => [upload.path, upload]));
  return {
    record: async (message) => {
      if (message.kind === 'upload-planned') {
        const { path, key, partSizeBytes, sizeBytes } = message;
        uploads.set(path, { path, key, partSizeBytes, sizeBytes, parts: [] });
      } else if (message.kind === 'upload-started' || message.kind === 'part-finished') {
        const upload = uploads.get(message.path);
        if (upload === undefined) throw new Error(`${message.kind} of an upload that was not planned`);
        uploads.set(
          message.path,
          message.kind === 'part-finished'
            ? { ...upload, parts: [...upload.parts, message.part] }
            : { ...upload, uploadId: message.uploadId },
        );
      } else if (message.kind === 'upload-ended') {
        uploads.delete(message.path);
      } else return;
      await writeFile(join(state, 'uploads.json'), JSON.stringify([...uploads.values()]));
    },
  };
};

/** Waits until the loader has said something of this kind, `count` times. */
export const untilSaid = (run: LoaderRun, kind: LoaderMessage['kind'], count = 1): Promise<true> =>
  until(() => run.messages.filter((message) => message.kind === kind).length >= count, {
    what: `${String(count)} messages of kind ${kind}`,
    describe: () => JSON.stringify(run.messages.slice(-5)),
  });
