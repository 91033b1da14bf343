// The daemon's order, read: what it says in bytes and text becomes rules, a bucket's access and limits.

import type { BucketAccess } from '#bucket/contract.ts';
import { parseManifest } from '#job/parse-manifest.ts';
import type { Manifest } from '#job/manifest.ts';
import { Secret } from '#language/secret.ts';
import { StationError } from '#language/station-error.ts';
import { probeKey } from '#object/probe-key.ts';
import { createObjectRules } from '#object/rules.ts';
import type { Order } from './dialogue.ts';
import type { EntryRules } from './judge-entry.ts';

/** What a load is to do. */
export interface LoadPlan {
  readonly order: Order;
  readonly access: BucketAccess;
  readonly entryRules: EntryRules;
  /** Keys the path hashes of this load. */
  readonly hashKey: Uint8Array;
  /** A key under the job's prefix that nothing is ever written to. */
  readonly probeKey: string;
}

/** Reads an order. Throws StationError LoaderFailed where its manifest is not one that a job can have. */
export const readLoadPlan = (order: Order): LoadPlan => {
  const manifest = readManifest(order);
  const compiled = createObjectRules(manifest);
  if (compiled.kind === 'problem') throw unusable(order, compiled.problems);
  return {
    order,
    access: accessOf(order.access),
    entryRules: {
      rules: compiled.rules,
      maxObjectBytes: order.maxObjectBytes,
      ...(order.logKey === undefined ? {} : { logKey: order.logKey }),
    },
    hashKey: Buffer.from(order.hashKey, 'hex'),
    probeKey: probeKey(manifest, compiled.rules),
  };
};

const accessOf = ({
  bucket,
  region,
  forcePathStyle,
  accessKeyId,
  secretAccessKey,
  sessionToken,
  endpoint,
  certificateAuthority,
  expectedBucketOwner,
  isNetworkTrusted,
  sse,
}: Order['access']): BucketAccess => ({
  bucket,
  region,
  forcePathStyle,
  isNetworkTrusted,
  sse,
  accessKeyId,
  secretAccessKey: new Secret(secretAccessKey),
  ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
  ...(expectedBucketOwner === undefined ? {} : { expectedBucketOwner }),
});

const readManifest = (order: Order): Manifest => {
  const parsed = parseManifest(Buffer.from(order.manifest, 'base64'));
  if (parsed.kind === 'problem') throw unusable(order, parsed.problems);
  return parsed.manifest;
};

const unusable = ({ jobId }: Order, problems: readonly { readonly message: string }[]): StationError =>
  new StationError({
    code: 'LoaderFailed',
    message: `Cannot load job ${jobId}: its stored manifest has ${String(problems.length)} problems, expected none (${problems[0]?.message ?? ''})`,
    hint: 'The manifest was accepted by another release: install that one, or make the job anew.',
  });
