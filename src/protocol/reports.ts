// What the daemon tells those who look for something: how a job's files fared, whether buckets take files, whether the station
// is alive. Calls and rights stand in control.ts.

import { z } from 'zod';
import { noticeSchema, stateSchema, tally } from './control.ts';

/** The answer to `GET /jobs/ID/report`: what the import log says, or will say so far. */
export const jobReportSchema = z.object({
  jobId: z.string(),
  state: stateSchema,
  /** `s3://bucket/key` of the log, and its URL in the endpoint's own style. */
  logAddress: z.string(),
  logUrl: z.string(),
  /** The log is in the bucket, or nothing but that is still to come; else more rows may follow. */
  isFinal: z.boolean(),
  /** False for a load that was ended before every file of the drive was found. */
  walkIsComplete: z.boolean(),
  /** What a second reading of the drive gave, in files; absent where none was done (yet). */
  secondReading: z.object({ agreeing: z.number(), differing: z.number() }).optional(),
  loaded: tally,
  ignored: tally,
  failed: tally,
  failedByCode: z.record(z.string(), z.number()),
  /** The first failed files; `file` is the log's column of that name, printable. */
  firstFailed: z.array(z.object({ file: z.string(), status: z.number(), code: z.string() })).readonly(),
});

/** See the schema. */
export type JobReport = z.infer<typeof jobReportSchema>;

/** `POST /bucket-check`: a bucket of an account, or those of the open jobs, of one account or of all. */
export const bucketCheckInputSchema = z.strictObject({
  account: z.email().optional(),
  bucket: z.string().min(3).optional(),
});

/** The answer to `POST /bucket-check`; `left`: buckets that were not asked because there are so many. */
export const bucketCheckSchema = z.object({
  checks: z.array(
    z.object({
      account: z.string(),
      /** Empty where the key alone was tried, because no job of the account is open. */
      bucket: z.string(),
      keyId: z.string(),
      region: z.string().optional(),
      /** The bucket's clock less this host's. */
      skewSeconds: z.number().optional(),
      /** Why nothing can be loaded there. */
      error: noticeSchema.optional(),
    }),
  ),
  left: z.number(),
});

/** See the schema. */
export type BucketCheck = z.infer<typeof bucketCheckSchema>;

/** `GET /healthz`: `stalled` comes with status 503. */
const healthSchema = z.object({
  status: z.enum(['ok', 'stalled']),
  /** Since all drives were last listed. */
  secondsSinceLook: z.number(),
  error: noticeSchema.optional(),
});

/** See the schema. */
export type Health = z.infer<typeof healthSchema>;
