// Accounts and jobs as the control protocol shows them: never a secret, never a word of a manifest but its device ID.

import { z } from 'zod';
import { parseManifest } from '#job/parse-manifest.ts';
import { SECOND_MS } from '#language/units.ts';
import { printable } from '#language/printable.ts';
import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import type { Notice } from '#notice/contract.ts';
import type { AccountView, JobView } from '#protocol/control.ts';
import type { Account, Job, JobChange, JobHold, Load } from '#store/contract.ts';

/** An account without its secrets. */
export const accountView = (account: Account): AccountView => ({
  email: account.email,
  ...(account.endpoint === undefined ? {} : { endpoint: account.endpoint }),
  ...(account.region === undefined ? {} : { region: account.region }),
  forcePathStyle: account.forcePathStyle,
  hasCertificateAuthority: account.certificateAuthority !== undefined,
  ...(account.expectedBucketOwner === undefined ? {} : { expectedBucketOwner: account.expectedBucketOwner }),
  isNetworkTrusted: account.isNetworkTrusted,
  sse: account.sse,
  existing: account.existing,
  maxObjectBytes: account.maxObjectBytes,
  keys: account.keys.map(({ accessKeyId, sessionToken, signs, loads }) => ({
    accessKeyId,
    hasSessionToken: sessionToken !== undefined,
    signs,
    loads,
  })),
  createdAt: account.createdAt.toISOString(),
});

/** A job with what is known of its load; a list leaves the history empty. */
export const jobView = (job: Job, load: Load | undefined, history: readonly JobChange[]): JobView => {
  const counts = countsOf(load?.summary);
  return {
    jobId: job.jobId,
    account: job.accountEmail,
    bucket: job.bucket,
    bucketRegion: job.bucketRegion,
    logBucket: job.logBucket,
    logKey: job.logKey,
    deviceId: deviceIdOf(job.manifest),
    createdAt: job.createdAt.toISOString(),
    expiresAt: job.expiresAt.toISOString(),
    state: { ...job.state },
    ...(job.hold === undefined ? {} : { hold: holdView(job, job.hold) }),
    ...(counts === undefined ? {} : { counts }),
    ...(load?.finishedAt === undefined ? {} : { finishedAt: load.finishedAt.toISOString() }),
    ...(load?.loadingMs === undefined ? {} : { loadingSeconds: Math.ceil(load.loadingMs / SECOND_MS) }),
    history: history.map(({ changedAt, state, cause, details }) => ({
      changedAt: changedAt.toISOString(),
      state: { ...state },
      cause,
      details: { ...details },
    })),
  };
};

// What was valid when the job was made may not be so for a later version; the list goes on without the name then.
const deviceIdOf = (manifest: Uint8Array): string => {
  const parsed = parseManifest(manifest);
  return parsed.kind === 'ok' ? printable(parsed.manifest.deviceId) : '';
};

// A code that the catalogue lacks was stored by a newer version.
const holdView = ({ jobId }: Job, { code, details }: JobHold): Notice => {
  const words = { message: details['problem'] ?? '', problem: details['message'] ?? '', jobId, bay: jobId, ...details };
  return reasonOf(code) === undefined ? noticeOf('LoaderFailed', { ...words, message: code }) : noticeOf(code, words);
};

const tally = z.object({ files: z.number(), bytes: z.number() });
const summarySchema = z.object({
  loaded: tally,
  ignored: tally,
  failed: tally,
  failedByCode: z.record(z.string(), z.number()),
});

const countsOf = (summary: string | undefined): JobView['counts'] =>
  summary === undefined ? undefined : summarySchema.parse(JSON.parse(summary));
