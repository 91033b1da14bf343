// A station with one bay for a whole file of tests: MinIO behind a proxy, an image that can be plugged in, and how all of it
// is put right between two tests and ended after the last.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'csv-parse/sync';

import { plug, type Plug } from './loop.ts';
import { startMinio, type Minio } from './minio.ts';
import { startS3Proxy, type S3Proxy } from './s3-proxy.ts';
import { startStation, type Station, type StationOptions } from './station.ts';

/** Bucket of the customer, as `prepareJob` makes it. */
export const BUCKET = 'customer-data';

/** A row of a published log, as far as tests look at it. */
export interface PublishedRow {
  readonly File: string;
  readonly Status: string;
  readonly Code: string;
}

/** The scene. */
export interface BayScene extends AsyncDisposable {
  /** Its only bay is `Bay 1`. */
  readonly station: Station;
  /** Reached by the proxy. */
  readonly minio: Minio;
  readonly proxy: S3Proxy;
  readonly folder: string;
  /** Image that `Bay 1` names; written by `prepareDrive`. */
  readonly image: string;
  plugIn(): Promise<Plug>;
  /** Rows of a log in the bucket. Errors: it is not there. */
  rowsOf(logKey: string): Promise<readonly PublishedRow[]>;
  /** Pulls what is plugged in, and waits until the bay has seen that; the proxy answers at once and truly again. */
  clear(): Promise<void>;
}

/** Starts it. */
export const openBayScene = async (
  config: StationOptions['config'] = {},
  further: Pick<StationOptions, 'productFolder'> = {},
): Promise<BayScene> => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startMinio());
  const proxy = stack.use(await startS3Proxy(server.endpoint));
  // Its process is the server's own: not to be ended by this name.
  const minio = { ...server, endpoint: proxy.endpoint, pid: 0 };
  const folder = await mkdtemp(join(tmpdir(), 'bay-scene-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const image = join(folder, 'drive.img');
  const station = stack.use(await startStation({ ...further, bays: [{ name: 'Bay 1', image }], config }));
  let plugged: Plug[] = [];
  const all = stack.move();
  return {
    ...{ station, minio, proxy, folder, image },
    plugIn: async () => {
      const drive = await plug(image);
      plugged.push(drive);
      return drive;
    },
    rowsOf: async (logKey) => {
      const log = await minio.getObject(BUCKET, logKey);
      assert.ok(log !== undefined, `${logKey} is in the bucket`);
      return parse<PublishedRow>(log.body, { columns: true });
    },
    clear: async () => {
      proxy.setLatency(0);
      proxy.setDateShift(0);
      proxy.falsify(() => undefined);
      proxy.breakBy(() => Promise.resolve(undefined));
      for (const drive of plugged) await drive[Symbol.asyncDispose]();
      plugged = [];
      await station.waitForBay('Bay 1', 'has no drive', ({ drive }) => drive === undefined);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
};
