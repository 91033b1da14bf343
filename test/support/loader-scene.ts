// A folder that stands for a drive, a bucket behind a proxy, and what a loader needs to bring the one to the other.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LogRow } from '#import-log/contract.ts';
import { rowsIn, type LoaderDaemonOptions } from './loader-daemon.ts';
import type { Minio } from './minio.ts';
import { startS3Proxy, type S3Proxy } from './s3-proxy.ts';
import { formatManifest } from './signed-drive.ts';

/** What a test of the loader starts from. */
export interface LoaderScene {
  /** The folder that stands for the drive; holds a SIGNATURE of 90 bytes. */
  readonly root: string;
  readonly bucket: string;
  /** Between loader and server. */
  readonly proxy: S3Proxy;
  readonly options: LoaderDaemonOptions;
  /** Rows of the working log by their path as latin1. */
  readonly rows: () => Promise<ReadonlyMap<string, LogRow>>;
}

let bucketCount = 0;

/** Makes an empty drive and an empty bucket; both end with the test. */
export const setLoaderScene = async (
  t: TestContext,
  minio: Minio,
  manifestLines: readonly string[] = [],
): Promise<LoaderScene> => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'loader-'));
  const root = join(folder, 'drive');
  const state = join(folder, 'state');
  fs.mkdirSync(root);
  fs.mkdirSync(state);
  fs.writeFileSync(join(root, 'SIGNATURE'), 'x'.repeat(90));
  bucketCount += 1;
  const bucket = `loader-${String(bucketCount)}`;
  await minio.makeBucket(bucket);
  const proxy = await startS3Proxy(minio.endpoint);
  t.after(async () => {
    await proxy[Symbol.asyncDispose]();
    fs.rmSync(folder, { recursive: true });
  });
  return {
    root,
    bucket,
    proxy,
    options: {
      root,
      state,
      access: { ...minio.access(bucket), endpoint: proxy.endpoint },
      manifest: formatManifest(minio.accessKeyId, bucket, manifestLines),
    },
    rows: async () => new Map((await rowsIn(state)).map((row) => [Buffer.from(row.path).toString('latin1'), row])),
  };
};

/** MD5 as 32 hex digits. */
export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Writes a file whose name need not be text. */
export const write = (root: string, name: Buffer | string, content: Uint8Array | string): void => {
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), content);
};

/** A row in short: status, code, key, whether it has an MD5, bytes; `no row` for undefined. */
export const short = (row: LogRow | undefined): string =>
  row === undefined ? 'no row' : [row.status, row.code, row.key, row.md5 === '' ? '-' : 'md5', row.sizeBytes].join(' ');

/** Keys, with their query, that were written from the given write on. */
export const keysWritten = ({ bucket, proxy }: LoaderScene, from = 0): readonly string[] =>
  proxy.writes.slice(from).map((url) => decodeURIComponent(url.slice(bucket.length + 2)));
