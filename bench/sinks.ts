// Where the files go: a MinIO, or the bench's own server that acknowledges and discards.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createMinioContents } from '../test/support/minio-contents.ts';
import { startMinio } from '../test/support/minio.ts';
import type { CaseName, SinkName } from './contenders.ts';

const run = promisify(execFile);

/** What lies in a bucket, or what the null sink has seen of it. */
export interface Received {
  readonly objects: number;
  readonly bytes: number;
}

/** An S3 server for the files. */
export interface Sink extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** PEM, and a file with it; only where it speaks TLS. */
  readonly certificateAuthority?: string;
  readonly authorityPath?: string;
  readonly pid: number;
  readonly makeBucket: (name: string) => Promise<void>;
  readonly listObjects: (bucket: string) => Promise<readonly { readonly key: string }[]>;
  received(bucket: string): Promise<Received>;
  /** With all that is in it. */
  removeBucket(bucket: string): Promise<void>;
}

/** What a sink is started with. */
export interface SinkOptions {
  readonly sink: SinkName;
  readonly case: CaseName;
  /** Program of the null sink. */
  readonly nullSink: string;
  /** Where certificates are written. */
  readonly folder: string;
}

const LATE = '20ms';

/** Starts the sink of a cell. */
export const startSink = (options: SinkOptions): Promise<Sink> =>
  options.sink === 'minio' ? startMinioSink() : startNullSink(options);

const startMinioSink = async (): Promise<Sink> => {
  const minio = await startMinio();
  const { endpoint, region, accessKeyId, secretAccessKey, pid, client, makeBucket, listObjects } = minio;
  return {
    ...{ endpoint, region, accessKeyId, secretAccessKey, pid, makeBucket, listObjects },
    received: async (bucket) => {
      const objects = await listObjects(bucket);
      return { objects: objects.length, bytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    },
    removeBucket: (bucket) => removeBucket(client, bucket),
    [Symbol.asyncDispose]: () => minio[Symbol.asyncDispose](),
  };
};

// Without the header S3 removes empty buckets only; the null sink has nothing to lose.
const removeBucket = async (client: S3Client, bucket: string): Promise<void> => {
  const command = new DeleteBucketCommand({ Bucket: bucket });
  command.middlewareStack.add(
    (next) => (step) => {
      const { request } = step;
      if (typeof request === 'object' && request !== null && 'headers' in request) {
        Object.assign(Object(request.headers), { 'x-minio-force-delete': 'true' });
      }
      return next(step);
    },
    { step: 'build', name: 'forceDelete' },
  );
  await client.send(command);
};

const startNullSink = async ({ case: when, nullSink, folder }: SinkOptions): Promise<Sink> => {
  const files = when === 'tls' ? await makeCertificate(folder) : undefined;
  const args = [
    ...(files === undefined ? [] : ['-cert', files.certificate, '-key', files.key]),
    ...(when === 'late' ? ['-delay', LATE] : []),
  ];
  const child = spawn(nullSink, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  const [port] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited])) as [unknown];
  if (typeof port !== 'string') throw new Error('Cannot start the null sink: it ended before it listened');
  const endpoint = `${files === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const authority = files === undefined ? undefined : await readFile(files.certificate, 'utf8');
  const identity = {
    ...{ endpoint, region: 'us-east-1' },
    accessKeyId: `bench${randomBytes(6).toString('hex')}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const client = createClient(identity, authority);
  const { makeBucket, listObjects } = createMinioContents(client);
  return {
    ...identity,
    ...(files === undefined || authority === undefined
      ? {}
      : { certificateAuthority: authority, authorityPath: files.certificate }),
    pid: child.pid ?? 0,
    ...{ makeBucket, listObjects },
    received: async (bucket) => {
      const counted: unknown = JSON.parse(await fetchText(`${endpoint}/${bucket}?received`, authority));
      return parseReceived(counted);
    },
    removeBucket: (bucket) => removeBucket(client, bucket),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      // It ends with its stdin.
      child.stdin.destroy();
      await exited;
    },
  };
};

const parseReceived = (counted: unknown): Received => {
  if (typeof counted === 'object' && counted !== null && 'objects' in counted && 'bytes' in counted) {
    return { objects: Number(counted.objects), bytes: Number(counted.bytes) };
  }
  throw new Error(`Cannot read what the null sink has received: ${JSON.stringify(counted)}`);
};

const fetchText = async (url: string, authority: string | undefined): Promise<string> => {
  const request = authority === undefined ? httpGet(url) : httpsGet(url, { agent: new HttpsAgent({ ca: authority }) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
};

const createClient = (
  {
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
  }: Pick<Sink, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>,
  authority: string | undefined,
): S3Client =>
  new S3Client({
    ...{ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
    requestHandler: authority === undefined ? {} : { httpsAgent: { keepAlive: true, ca: authority } },
  });

const makeCertificate = async (folder: string): Promise<{ readonly certificate: string; readonly key: string }> => {
  const files = { certificate: join(folder, 'authority.pem'), key: join(folder, 'authority.key') };
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'],
    ...['-subj', '/CN=import-station bench', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', files.key, '-out', files.certificate],
  ]);
  return files;
};
