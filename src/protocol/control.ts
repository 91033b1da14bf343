// HTTP + JSON over the daemon's control sockets: what the command line and later the page speak.
// Errors come as status 4xx/5xx with `refusalSchema`.

import { printable } from '#language/printable.ts';
import { z } from 'zod';

import { sseSchema } from './sse.ts';

/** Header with the name that the caller gives for the history, percent-encoded. */
export const BY_HEADER = 'x-import-station-by';

const MAX_BY_LENGTH = 64;

/** Reads the name of BY_HEADER; no header is no name. */
export const parseBy = (
  header: string | readonly string[] | undefined,
): { readonly kind: 'ok'; readonly name?: string } | { readonly kind: 'problem'; readonly message: string } => {
  if (header === undefined) return { kind: 'ok' };
  const name = typeof header === 'string' ? decoded(header) : undefined;
  return name !== undefined && isPersonName(name)
    ? { kind: 'ok', name }
    : {
        kind: 'problem',
        message: `the name of who asks is none, expected 1 to ${String(MAX_BY_LENGTH)} printable characters`,
      };
};

/** Can this stand in the history as the name of a person? */
export const isPersonName = (name: string): boolean =>
  name.trim() === name && name !== '' && name.length <= MAX_BY_LENGTH && name === printable(name);

const decoded = (header: string): string | undefined => {
  try {
    return decodeURIComponent(header);
  } catch (error: unknown) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

/** A reason in words, as the catalogue gives it. */
export const noticeSchema = z.object({
  code: z.string(),
  happened: z.string(),
  actor: z.enum(['customer', 'technician', 'operator', 'nobody']),
  todo: z.string(),
  retryHelps: z.boolean(),
  /** How a hold can end; empty for refusals. */
  waysOut: z.array(z.enum(['retry', 'confirm', 'reject', 'take-out', 'plug-in'])).readonly(),
});

/** What a bay does now. */
export const BAY_ACTIVITIES = [
  'empty',
  'settling',
  'inspecting',
  'loading',
  'publishing',
  'hold',
  'done',
  'already-loaded',
  'releasing',
] as const;

/** What a load can be limited by. */
const LIMITS = ['drive', 'bucket', 'cpu'] as const;

/** Files and bytes. */
export const tally = z.object({ files: z.number(), bytes: z.number() });

/** One bay in `GET /status`. */
const bayStatusSchema = z.object({
  bay: z.string(),
  port: z.string(),
  activity: z.enum(BAY_ACTIVITIES),
  /** One line for a technician: "take it out", "loading", ... */
  says: z.string(),
  drive: z
    .object({
      name: z.string(),
      device: z.string(),
      sizeBytes: z.number(),
      attachmentId: z.string(),
      /** Maker and model, printable. */
      make: z.string().optional(),
      serial: z.string().optional(),
    })
    .optional(),
  jobId: z.string().optional(),
  progress: z
    .object({
      found: tally,
      walkEnded: z.boolean(),
      finished: tally.extend({ failedFiles: z.number() }),
      sentBytes: z.number(),
      /** Bytes of finished files, and what was sent of those that are not. */
      doneBytes: z.number().optional(),
      bytesPerSecond: z.number(),
      filesPerSecond: z.number().optional(),
      /** While the walk runs it is at least this long. */
      secondsLeft: z.number().optional(),
      /** What the file system says is in use on the volume: how much there may be while the walk runs. */
      usedBytes: z.number().optional(),
      /** What the rate is limited by now; `bucket` is the bucket or the network on the way to it. */
      limitedBy: z.enum(LIMITS).optional(),
      bucketTrouble: z.string().optional(),
      current: z.string().optional(),
    })
    .optional(),
  hold: noticeSchema.optional(),
});

/** See the schema. */
export type BayStatus = z.infer<typeof bayStatusSchema>;

/** `GET /status` */
export const statusSchema = z.object({
  station: z.string(),
  madeAt: z.string(),
  holds: z.array(noticeSchema.extend({ bay: z.string().optional(), jobId: z.string().optional() })),
  bays: z.array(bayStatusSchema),
});

/** See the schema. */
export type StationStatus = z.infer<typeof statusSchema>;

/** `GET /drives`: everything that is attached, bay or not. */
export const drivesSchema = z.object({
  madeAt: z.string(),
  drives: z.array(
    z.object({
      device: z.string(),
      /** Absent where udev knows of none: such a drive can be in no bay. */
      port: z.string().optional(),
      /** Bay name, or absent: "not a bay". */
      bay: z.string().optional(),
      name: z.string(),
      serial: z.string().optional(),
      sizeBytes: z.number(),
      inUseBy: z.string().optional(),
    }),
  ),
});

/** See the schema. */
export type DriveList = z.infer<typeof drivesSchema>;

/** An account without its secrets. */
export const accountSchema = z.object({
  email: z.string(),
  endpoint: z.string().optional(),
  region: z.string().optional(),
  forcePathStyle: z.boolean(),
  hasCertificateAuthority: z.boolean(),
  expectedBucketOwner: z.string().optional(),
  isNetworkTrusted: z.boolean(),
  sse: sseSchema,
  existing: z.enum(['replace', 'refuse']),
  maxObjectBytes: z.number(),
  keys: z.array(
    z.object({ accessKeyId: z.string(), hasSessionToken: z.boolean(), signs: z.boolean(), loads: z.boolean() }),
  ),
  createdAt: z.string(),
});

/** See the schema. */
export type AccountView = z.infer<typeof accountSchema>;

/** The two documented codes of a job (spec 3.7, 3.8). */
export const stateSchema = z.object({ job: z.string(), device: z.string() });

/** A job as `job show` prints it. */
export const jobSchema = z.object({
  jobId: z.string(),
  account: z.string(),
  bucket: z.string(),
  bucketRegion: z.string(),
  logBucket: z.string(),
  logKey: z.string(),
  deviceId: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  state: stateSchema,
  hold: noticeSchema.optional(),
  counts: z
    .object({ loaded: tally, ignored: tally, failed: tally, failedByCode: z.record(z.string(), z.number()) })
    .optional(),
  finishedAt: z.string().optional(),
  /** Seconds from the first to the last file, holds and absence not counted; absent until the first file. */
  loadingSeconds: z.number().optional(),
  history: z.array(
    z.object({
      changedAt: z.string(),
      state: stateSchema,
      cause: z.string(),
      details: z.record(z.string(), z.string()),
    }),
  ),
});

/** See the schema. */
export type JobView = z.infer<typeof jobSchema>;

/** A key as `account add` and `account key add` send it. */
export const keyInputSchema = z.strictObject({
  accessKeyId: z.string().regex(/^[A-Za-z0-9_-]{3,128}$/u),
  secretAccessKey: z.string().min(8).max(1024),
  sessionToken: z.string().max(8192).optional(),
  signs: z.boolean(),
  loads: z.boolean(),
});

/** `POST /accounts` */
export const accountInputSchema = z.strictObject({
  email: z.email(),
  endpoint: z.url().optional(),
  region: z.string().optional(),
  forcePathStyle: z.boolean(),
  certificateAuthority: z.string().optional(),
  expectedBucketOwner: z
    .string()
    .regex(/^\d{12}$/u)
    .optional(),
  isNetworkTrusted: z.boolean().default(false),
  sse: sseSchema.default('none'),
  existing: z.enum(['replace', 'refuse']),
  maxObjectBytes: z.number().int().positive().optional(),
  keys: z.array(keyInputSchema).min(1),
});

/** `POST /jobs`: the manifest as base64 of its exact bytes. */
export const jobInputSchema = z.strictObject({
  account: z.email(),
  manifest: z.base64(),
  /** Key that verifies the SIGNATURE where the manifest names none. */
  signingKeyId: z.string().optional(),
});

/** `POST /jobs/ID/update`: manifest and SIGNATURE file as base64 of their exact bytes. */
export const jobUpdateSchema = z.strictObject({
  manifest: z.base64(),
  signature: z.base64(),
  /** As for `POST /jobs`. */
  signingKeyId: z.string().optional(),
});

/** The answer to `POST /jobs` and `POST /jobs/ID/update`. */
export const jobCreatedSchema = z.object({ job: jobSchema, warnings: z.array(z.string()) });

/** `POST /release`: the drive is free; `switchedOff`: it was told to spin down, too. */
export const releasedSchema = z.object({ released: z.string(), switchedOff: z.boolean() });

/** The answer to `POST /receive` and `POST /return`: what is compared with the parcel, or written onto it. */
export const handledJobSchema = z.object({
  jobId: z.string(),
  email: z.string(),
  deviceId: z.string(),
  returnAddress: z.array(z.string()).readonly(),
  eraseDevice: z.boolean(),
});

/** See the schema. */
export type HandledJobView = z.infer<typeof handledJobSchema>;

/** The answer to `POST /pin`: a secret of the customer. */
export const pinSchema = z.object({ jobId: z.string(), pin: z.string() });

/** The answer to `POST /reject` and `POST /jobs/JOBID/cancel`; `isOver`: no load has to stop first. */
export const endedJobSchema = z.object({ jobId: z.string(), isOver: z.boolean() });

/** Holds whose files a person may turn down, without the rest of the drive. */
export const FILE_CODES = ['SparseFile'] as const;

/** A refusal of any call: what happened, who acts, what to do; with the findings of a manifest where there are any. */
export const refusalSchema = z.object({
  error: noticeSchema,
  problems: z
    .array(
      z.object({ code: z.string(), field: z.string().optional(), line: z.number().optional(), message: z.string() }),
    )
    .optional(),
});

/** See the schema. */
export type Refusal = z.infer<typeof refusalSchema>;

// Every call may carry BY_HEADER: the name of who asks, which the history keeps with the right that was used.
//
// What is told besides (reports.ts): jobReportSchema, bucketCheckSchema, healthSchema.
//
// Calls:                                   right       answer
//   GET    /status                         read        statusSchema
//   GET    /drives                         read        drivesSchema
//   GET    /metrics                        read        text for Prometheus
//   GET    /healthz                        read        healthSchema
//   GET    /accounts                       read        { accounts: accountSchema[] }
//   GET    /accounts/EMAIL                 read        accountSchema
//   POST   /accounts                       operator    accountSchema
//   DELETE /accounts/EMAIL                 operator    {}
//   POST   /accounts/EMAIL/keys            operator    accountSchema
//   DELETE /accounts/EMAIL/keys/KEYID      operator    accountSchema
//   GET    /jobs                           read        { jobs: jobSchema[] } (history empty)
//   GET    /jobs/ID                        read        jobSchema
//   GET    /jobs/ID/report                 read        jobReportSchema
//   GET    /jobs/ID/log                    read        text/csv: the rows of the log as they are published
//   GET    /jobs/ID/log/failed             read        the same, failed rows alone
//   POST   /bucket-check {account?, bucket?}  operator  bucketCheckSchema
//   POST   /jobs                           operator    jobCreatedSchema
//   POST   /jobs/ID/update                 operator    jobCreatedSchema
//   POST   /jobs/ID/cancel {why?}          operator    endedJobSchema
//   POST   /retry {target}                 technician  { retried: string }
//   POST   /hold {target, why}             technician  { held: string }
//   POST   /confirm {bay, code, why}       technician  { confirmed: string }
//   POST   /receive {jobId}                technician  handledJobSchema
//   POST   /pin {jobId}                    technician  pinSchema
//   POST   /return {jobId, tracking, isErased?}  technician  handledJobSchema
//   POST   /reject {target, jobId?, code, why}  technician  endedJobSchema
//   POST   /reject-files {bay, code, why}  technician  { rejectedFiles: string }
//   POST   /release {bay, now}             technician  releasedSchema
