// A real MinIO for tests: its own process, port, credentials and folder, and nothing left of them afterwards.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import type { BucketAccess } from '#bucket/contract.ts';
import { Secret } from '#language/secret.ts';
import { MINUTE_MS, SECOND_MS } from '#language/units.ts';
import { createMinioContents, type MinioContents } from './minio-contents.ts';
import { createMinioUsers, type MinioUsers } from './minio-users.ts';
import { until } from './wait.ts';

const run = promisify(execFile);

/** How the server differs from the plain one. */
export interface MinioOptions {
  /** The region that the server says it is in; requests signed for another are refused. */
  readonly region?: string;
  /** Serve https with a certificate of an authority of its own. */
  readonly tls?: boolean;
  /** Has a key of its own, KMS_KEY, to encrypt objects with. */
  readonly kms?: boolean;
}

/** A running MinIO: its address, its owner's key, what lies in it, and its switch. */
export interface Minio extends AsyncDisposable, MinioContents, MinioUsers {
  /** `http://127.0.0.1:PORT`, or https. The port stays the same over `stop` and `restart`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** PEM; only with `tls`. */
  readonly certificateAuthority?: string;
  /** Its owner's client: may do everything. */
  readonly client: S3Client;
  /** Process ID of the server that runs now; throws where none does. */
  readonly pid: number;
  /** How the product reaches one of its buckets, as its owner. */
  access(bucket: string): BucketAccess;
  /** Kills the server: connections break, new ones are refused. What it acknowledged is on disk. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same folder, after `stop` or instead of it. */
  restart(): Promise<void>;
}

/**
 * Starts a MinIO on a free loopback port and waits until it answers.
 * Errors: what `scripts/minio` says where there is none, the server's own output where it does not come up.
 */
export const startMinio = async ({
  region = 'us-east-1',
  tls = false,
  kms = false,
}: MinioOptions = {}): Promise<Minio> => {
  await using cleanup = new AsyncDisposableStack();
  const binary = await findBinary();
  const folder = await mkdtemp(join(tmpdir(), 'import-station-minio-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const accessKeyId = `owner${randomBytes(6).toString('hex')}`;
  const secretAccessKey = randomBytes(20).toString('hex');
  const kmsKey = kms ? `${KMS_KEY}:${randomBytes(32).toString('base64')}` : undefined;
  const certificateAuthority = tls ? await makeCertificate(join(folder, 'certs')) : undefined;
  const { server, client, endpoint } = await startOnFreePort(async (port) => {
    const config = { binary, folder, port, region, accessKeyId, secretAccessKey, kmsKey };
    const address = `${tls ? 'https' : 'http'}://127.0.0.1:${String(port)}`;
    const owner = createOwnerClient({ ...config, endpoint: address, certificateAuthority });
    const started = createServerProcess(config, owner);
    await started.start();
    return { server: started, client: owner, endpoint: address };
  });
  cleanup.defer(() => {
    client.destroy();
  });
  cleanup.defer(() => server.stop());
  const owned = cleanup.move();
  const identity = { endpoint, accessKeyId, secretAccessKey, region, forcePathStyle: true, isNetworkTrusted: false };
  const authority = certificateAuthority === undefined ? {} : { certificateAuthority };
  return {
    ...identity,
    ...authority,
    client,
    ...createMinioContents(client),
    ...createMinioUsers({ ...identity, ...authority }),
    get pid() {
      return server.pid();
    },
    access: (bucket) => ({
      ...identity,
      ...authority,
      sse: 'none',
      bucket,
      secretAccessKey: new Secret(secretAccessKey),
    }),
    stop: server.stop,
    restart: async () => {
      await server.stop();
      await server.start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** Path of the server's program, by `scripts/minio`, which builds it where it is missing (minutes, once). */
const findBinary = async (): Promise<string> => {
  const { stdout } = await run(join(import.meta.dirname, '../../scripts/minio'));
  return stdout.trim();
};

/** Name of the only key that a server with `kms` knows. */
export const KMS_KEY = 'station-test-key';

interface ServerConfig {
  /** Name and bytes, as MinIO takes them. */
  readonly kmsKey: string | undefined;
  readonly binary: string;
  readonly folder: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface ServerProcess {
  start(): Promise<void>;
  stop(): Promise<void>;
  pid(): number;
}

const createServerProcess = (config: ServerConfig, client: S3Client): ServerProcess => {
  const logPath = join(config.folder, 'server.log');
  let child: ChildProcess | undefined;

  const stop = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    // KILL and not TERM: a graceful end waits for open requests, and an outage is what tests want of it.
    ending.kill('SIGKILL');
    await ended;
  };

  const start = async (): Promise<void> => {
    await mkdir(join(config.folder, 'data'), { recursive: true });
    child = await spawnServer(config, logPath);
    const started = child;
    try {
      await until(() => answers(client, started), {
        what: 'MinIO answers',
        deadlineMs: MINUTE_MS,
        describe: () => readFile(logPath, 'utf8'),
      });
    } catch (error) {
      await stop();
      throw error;
    }
  };

  return {
    start,
    stop,
    pid: () => {
      if (child?.pid === undefined) throw new Error('Cannot name the process of MinIO: it does not run');
      return child.pid;
    },
  };
};

const spawnServer = async (config: ServerConfig, logPath: string): Promise<ChildProcess> => {
  const { binary, folder, port, region, accessKeyId, secretAccessKey, kmsKey } = config;
  await using log = await open(logPath, 'a');
  const server = [binary, 'server', '--quiet', '--address', `127.0.0.1:${String(port)}`];
  const places = ['--certs-dir', join(folder, 'certs'), join(folder, 'data')];
  // setpriv: a test that is killed takes its server along.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...server, ...places], {
    stdio: ['ignore', log.fd, log.fd],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      MINIO_ROOT_USER: accessKeyId,
      MINIO_ROOT_PASSWORD: secretAccessKey,
      MINIO_SITE_REGION: region,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      ...(kmsKey === undefined ? {} : { MINIO_KMS_SECRET_KEY: kmsKey }),
    },
  });
  await once(child, 'spawn');
  return child;
};

/** True once the owner's request is answered; an error as soon as the server has ended. */
const answers = async (client: S3Client, child: ChildProcess): Promise<boolean> => {
  if (child.exitCode !== null || child.signalCode !== null) throw new ServerEnded();
  try {
    await client.send(new ListBucketsCommand({}), { abortSignal: AbortSignal.timeout(2 * SECOND_MS) });
    return true;
  } catch {
    // Not yet: refused, or a server that is still starting.
    return false;
  }
};

class ServerEnded extends Error {
  override readonly name = 'ServerEnded';
  override readonly message = 'MinIO ended before it answered';
}

const PORT_TRIES = 5;

/** MinIO cannot choose a port by itself, so another process may take the free one first: then the next is tried. */
const startOnFreePort = async <Started>(start: (port: number) => Promise<Started>): Promise<Started> => {
  const failures: ServerEnded[] = [];
  while (failures.length < PORT_TRIES) {
    try {
      return await start(await findFreePort());
    } catch (error) {
      if (!(error instanceof ServerEnded)) throw error;
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `Cannot start MinIO: it ended at once, ${String(PORT_TRIES)} times`);
};

const findFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Cannot find a free port: no address');
  return address.port;
};

/** Makes key and certificate for 127.0.0.1 where MinIO looks for them; gives the certificate, which vouches for itself. */
const makeCertificate = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const certificate = join(folder, 'public.crt');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'],
    ...['-subj', '/CN=import-station test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', join(folder, 'private.key'), '-out', certificate],
  ]);
  return readFile(certificate, 'utf8');
};

interface OwnerOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly certificateAuthority: string | undefined;
}

const createOwnerClient = ({ endpoint, region, accessKeyId, secretAccessKey, certificateAuthority }: OwnerOptions) =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    requestHandler: {
      ...(certificateAuthority === undefined ? {} : { httpsAgent: { keepAlive: true, ca: certificateAuthority } }),
    },
  });
