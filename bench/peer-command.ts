// The command line of each contender but the station.

import { join } from 'node:path';
import type { Method } from './contenders.ts';
import type { Command } from './measured-run.ts';
import type { Sink } from './sinks.ts';

/** What the commands name. */
export interface PeerPlaces {
  readonly rclone: string;
  readonly mc: string;
  /** For mc's configuration; its certs/CAs holds the sink's authority. */
  readonly mcFolder: string;
  /** Folder that is copied. */
  readonly source: string;
  readonly bucket: string;
  readonly sink: Pick<Sink, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey' | 'authorityPath'>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The command of a method. Nothing of the caller's environment reaches it: AWS_CA_BUNDLE least of all. */
export const peerCommand = (method: Exclude<Method, { readonly kind: 'station' }>, places: PeerPlaces): Command => {
  const { source, bucket, sink, mcFolder } = places;
  const env = { PATH, HOME: mcFolder };
  switch (method.kind) {
    case 'rclone':
      return {
        program: places.rclone,
        args: [
          ...['copy', source, `bench:${bucket}`, '--config', '', ...method.flags],
          ...(sink.authorityPath === undefined ? [] : ['--ca-cert', sink.authorityPath]),
        ],
        env: {
          ...env,
          RCLONE_CONFIG_BENCH_TYPE: 's3',
          RCLONE_CONFIG_BENCH_PROVIDER: 'Minio',
          RCLONE_CONFIG_BENCH_ENDPOINT: sink.endpoint,
          RCLONE_CONFIG_BENCH_REGION: sink.region,
          RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: sink.accessKeyId,
          RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: sink.secretAccessKey,
        },
      };
    case 'mc': {
      const { protocol, host } = new URL(sink.endpoint);
      return {
        program: places.mc,
        args: ['--config-dir', mcFolder, '--quiet', 'mirror', ...method.flags, `${source}/`, `bench/${bucket}`],
        env: { ...env, MC_HOST_bench: `${protocol}//${sink.accessKeyId}:${sink.secretAccessKey}@${host}` },
      };
    }
    case 'lib-storage':
      return {
        program: process.execPath,
        args: [ownProgram('lib-storage'), source, sink.endpoint, bucket, String(method.filesAtOnce)],
        env: {
          ...env,
          AWS_ACCESS_KEY_ID: sink.accessKeyId,
          AWS_SECRET_ACCESS_KEY: sink.secretAccessKey,
          ...(sink.authorityPath === undefined ? {} : { NODE_EXTRA_CA_CERTS: sink.authorityPath }),
        },
      };
    case 'read':
      return {
        program: process.execPath,
        args: [ownProgram('read-and-md5'), source, String(method.threads)],
        env,
      };
  }
};

const ownProgram = (name: string): string => join(import.meta.dirname, 'programs', `${name}.ts`);
