// Everything that a customer does before a drive arrives, by the commands of the product: an account, a bucket, a
// manifest, a job, its SIGNATURE, and a drive with all that on it.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobCreatedSchema, type JobView } from '#protocol/control.ts';
import { makeImage, type Files, type FsType } from './loop.ts';
import type { Minio } from './minio.ts';
import type { MinioKey } from './minio-users.ts';
import type { Station } from './station.ts';

/** Who sends the drive, unless a test says otherwise. */
export const CUSTOMER = 'ada@example.com';

/** What the commands need of the S3 service. */
type Service = Pick<
  Minio,
  'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey' | 'certificateAuthority' | 'makeBucket'
> & { readonly listObjects: (bucket: string) => Promise<unknown> };

/** An account and the key that it has. */
export interface AccountOptions {
  readonly station: Station;
  readonly minio: Service;
  /** Default: CUSTOMER. */
  readonly email?: string;
  /** Default: the key of the server's owner. */
  readonly key?: MinioKey;
  /** Further options of `account add`: `['--existing', 'refuse']`. */
  readonly options?: readonly string[];
}

/** What a job is made of. */
export interface JobOptions extends AccountOptions {
  /** Made where it is missing. Default: `customer-data`. */
  readonly bucket?: string;
  /** Lines that the manifest has besides those that it must have: `prefix: photos/`. */
  readonly manifestLines?: readonly string[];
  /** The whole manifest instead. */
  readonly manifest?: string | Uint8Array;
}

/** A job and what belongs to it. */
export interface PreparedJob {
  readonly jobId: string;
  readonly job: JobView;
  readonly bucket: string;
  readonly manifest: Uint8Array;
  /** What stands in its SIGNATURE file. */
  readonly signature: Uint8Array;
}

/** A drive for a job. */
export interface DriveOptions extends JobOptions {
  /** Where the image is written: the file that a bay of the station names. */
  readonly image: string;
  /** Default: ext4. */
  readonly fsType?: FsType;
  readonly sizeBytes?: number;
  readonly files?: Files;
  readonly populate?: (folder: string) => Promise<void>;
}

/** A manifest with all that it must have. */
export const formatManifest = (
  accessKeyId: string,
  bucket: string,
  lines: readonly string[] = [],
  version = '2.0',
): string =>
  [
    `manifestVersion: ${version}`,
    `accessKeyId: ${accessKeyId}`,
    `bucket: ${bucket}`,
    'deviceId: TEST-0001',
    'eraseDevice: no',
    ...lines,
    'returnAddress:',
    '    name: Ada Example',
    '    street1: 12 Sample Street',
    '    city: Seattle',
    '    stateOrProvince: WA',
    '    postalCode: 98101',
    '    phoneNumber: 206-555-0100',
    '    country: USA',
    '',
  ].join('\n');

/** Adds an account; its secret goes through a file, as a customer's does. */
export const addAccount = async (options: AccountOptions): Promise<void> => {
  const { station, minio, email = CUSTOMER, key = minio, options: further = [] } = options;
  const secret = await writeSecret(station, key);
  const authority = join(station.folder, 'authority.pem');
  if (minio.certificateAuthority !== undefined) await writeFile(authority, minio.certificateAuthority);
  await station.ask(
    ...['account', 'add', email, '--endpoint', minio.endpoint, '--path-style', '--region', minio.region],
    ...['--key-id', key.accessKeyId, '--secret-file', secret],
    ...(minio.certificateAuthority === undefined ? [] : ['--ca-file', authority]),
    ...further,
  );
};

const writeSecret = async (station: Station, key: MinioKey): Promise<string> => {
  const path = join(station.folder, `${key.accessKeyId}.secret`);
  await writeFile(path, `${key.secretAccessKey}\n`, { mode: 0o600 });
  return path;
};

/** Makes a job, with its account and bucket where they are missing, and signs it. */
export const prepareJob = async (options: JobOptions): Promise<PreparedJob> => {
  const { station, minio, email = CUSTOMER, key = minio, bucket = 'customer-data', manifestLines } = options;
  if ((await station.cli('account', 'show', email)).exitCode !== 0) await addAccount(options);
  if (!(await hasBucket(minio, bucket))) await minio.makeBucket(bucket);
  const manifestPath = join(station.folder, 'Manifest.txt');
  await writeFile(manifestPath, options.manifest ?? formatManifest(key.accessKeyId, bucket, manifestLines));
  const created = await station.ask('job', 'create', '--account', email, '--manifest', manifestPath, '--json');
  const { job } = jobCreatedSchema.parse(JSON.parse(created));
  const secret = await writeSecret(station, key);
  await station.ask(
    ...['sign', '--job', job.jobId, '--manifest', manifestPath],
    ...['--secret-file', secret, '--out', station.folder],
  );
  const manifest = await readFile(manifestPath);
  return { jobId: job.jobId, job, bucket, manifest, signature: await readFile(join(station.folder, 'SIGNATURE')) };
};

const hasBucket = async (minio: Service, bucket: string): Promise<boolean> =>
  minio.listObjects(bucket).then(
    () => true,
    () => false,
  );

/** Makes a job and the drive that belongs to it: its files and SIGNATURE in an image, not plugged in yet. */
export const prepareDrive = async (options: DriveOptions): Promise<PreparedJob> => {
  const prepared = await prepareJob(options);
  const { image, fsType = 'ext4', sizeBytes, files = {}, populate } = options;
  await makeImage({
    path: image,
    fsType,
    files: { ...files, SIGNATURE: prepared.signature },
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(populate === undefined ? {} : { populate }),
  });
  return prepared;
};
