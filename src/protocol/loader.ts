// What daemon and loader say to each other over the loader's stdin and stdout: one JSON object a line.
// A line of kind `rows` or `resume` is followed by exactly `bytes` raw bytes that are no part of any line.

import { z } from 'zod';

import { sseSchema } from './sse.ts';

const count = z.object({ files: z.number().int(), bytes: z.number().int(), fingerprint: z.string() });

/** One acknowledged part, as the parts journal keeps it. */
export const finishedPartSchema = z.object({
  partNumber: z.number().int(),
  etag: z.string(),
  sizeBytes: z.number().int(),
  crc32: z.number().int(),
});

/** A multipart upload that a former loader began. `path` is base64 of the raw path. No uploadId: begun or not, unknown. */
const knownUploadSchema = z.object({
  path: z.string(),
  key: z.string(),
  uploadId: z.string().optional(),
  partSizeBytes: z.number().int(),
  sizeBytes: z.number().int(),
  parts: z.array(finishedPartSchema),
});

/** See the schema. */
export type KnownUpload = z.infer<typeof knownUploadSchema>;

/** Where the time of a loader went since its start, in milliseconds: tells what limits the rate. */
const spentSchema = z.object({
  /** Requests could have gone out, and waited for the drive. */
  readingMs: z.number(),
  /** The drive could have been read, and waited for the bucket or the network to it. */
  sendingMs: z.number(),
  /** The main thread was at work. */
  mainBusyMs: z.number(),
  /** Processor time of all reader threads. */
  readerCpuMs: z.number(),
  readerThreads: z.number().int(),
});

/** See the schema. */
export type LoaderTime = z.infer<typeof spentSchema>;

/** What tells whether the walk met everything that the drive holds. */
const walkEvidenceSchema = z.object({
  /** Every name, listed once more after the last read. */
  listedAgain: z.object({ files: z.number().int(), fingerprint: z.string() }),
  /** Calls of this loader that the drive answered with EIO, also where a second try helped. */
  inputErrors: z.number().int(),
  /** Only of a FAT: what is in use, and what the names occupy that were found; `isWhole`: every folder could be listed. */
  fat: z
    .object({ usedBytes: z.number(), foundBytes: z.number(), rootBytes: z.number(), isWhole: z.boolean() })
    .exactOptional(),
  /** The same of an ext2, ext3 or ext4, in inodes. */
  ext: z.object({ usedInodes: z.number(), foundInodes: z.number(), isWhole: z.boolean() }).exactOptional(),
});

/** See the schema. */
export type WalkEvidence = z.infer<typeof walkEvidenceSchema>;

/** The second reading is at its end: what was found, and how many of the loaded files differ, all told before. */
const rereadEndedSchema = z.object({ kind: z.literal('reread-ended'), found: count, differing: z.number().int() });

/** See the schema. */
export type RereadEnded = z.infer<typeof rereadEndedSchema>;

const limitsSchema = z.object({
  multipartThresholdBytes: z.number().int(),
  partSizeBytes: z.number().int(),
  maxBytesInFlight: z.number().int(),
  maxRequestsInFlight: z.number().int(),
  readerThreads: z.number().int(),
  maxDepth: z.number().int(),
  /** A file that claims more bytes than this beyond those that the drive holds of it is sparse. */
  sparseHoldBytes: z.number().int(),
});

/** Loader to daemon. */
export const loaderMessageSchema = z.discriminatedUnion('kind', [
  /** First message: what the root of the mounted volume shows. Nothing else was read. */
  z.object({
    kind: z.literal('inspected'),
    signature: z.discriminatedUnion('kind', [
      /** Regular file, at most 4 KiB; base64. */
      z.object({ kind: z.literal('file'), content: z.string() }),
      z.object({ kind: z.literal('missing') }),
      /** It is there but is no regular file of at most 4 KiB. */
      z.object({
        kind: z.literal('unusable'),
        reason: z.enum(['link', 'directory', 'special', 'too-large', 'unreadable']),
        sizeBytes: z.number(),
      }),
    ]),
    /** Printable paths of files that look like a SIGNATURE gone wrong. */
    nearMisses: z.array(z.string()),
    /** Names in the root besides SIGNATURE and an empty lost+found, at most 1,000 counted. */
    otherEntries: z.number().int(),
    usedBytes: z.number(),
    /** Files and folders of the file system, 0 where it does not count them. */
    usedFiles: z.number(),
  }),
  /** Rows to append; `sequence` counts messages from 1. */
  z.object({ kind: z.literal('rows'), sequence: z.number().int(), rows: z.number().int(), bytes: z.number().int() }),
  /** A key and path that a multipart upload is about to begin for; the loader waits for `stored`. */
  z.object({
    kind: z.literal('upload-planned'),
    sequence: z.number().int(),
    path: z.string(),
    key: z.string(),
    partSizeBytes: z.number().int(),
    sizeBytes: z.number().int(),
  }),
  z.object({ kind: z.literal('upload-started'), sequence: z.number().int(), path: z.string(), uploadId: z.string() }),
  z.object({
    kind: z.literal('part-finished'),
    sequence: z.number().int(),
    path: z.string(),
    part: finishedPartSchema,
  }),
  /** Completed or aborted: forget it. */
  z.object({ kind: z.literal('upload-ended'), sequence: z.number().int(), path: z.string() }),
  /** The first file is about to be sent; the loader waits for `stored` (decision 18: the job is then InProgress). */
  z.object({ kind: z.literal('first-file'), sequence: z.number().int() }),
  /** A read failed: is the drive still there? No row is made before `drive-answer` says so. */
  z.object({ kind: z.literal('drive-check'), id: z.number().int() }),
  /** A file or folder that the drive does not give, for the journal; its row is on its way. */
  z.object({
    kind: z.literal('unread'),
    /** Printable path. */
    file: z.string(),
    code: z.string(),
    detail: z.string(),
    /** After EIO: the first bytes of the file that cannot be read (`4096-8191`), and how far it was looked at. */
    ranges: z.array(z.string()).exactOptional(),
    seenBytes: z.number().exactOptional(),
  }),
  /** Only with substitutions: may this file have this key (decision 16)? Answered by `claim-answer`. `path`: base64. */
  z.object({ kind: z.literal('claim'), id: z.number().int(), path: z.string(), key: z.string() }),
  /** A claimed key whose file failed is free again. */
  z.object({ kind: z.literal('unclaim'), path: z.string(), key: z.string() }),
  /** At most two a second. */
  z.object({
    kind: z.literal('progress'),
    found: z.object({ files: z.number(), bytes: z.number() }),
    walkEnded: z.boolean(),
    /** Files with a row, former ones included. */
    finished: z.object({ files: z.number(), bytes: z.number(), failedFiles: z.number() }),
    /** Bytes acknowledged by the bucket in this run, parts included. */
    sentBytes: z.number(),
    /** Why the bucket is waited for, absent while it answers. */
    bucketTrouble: z.string().optional(),
    /** Printable path. */
    current: z.string().optional(),
    /** Where the time of this loader went so far. */
    spent: spentSchema.optional(),
  }),
  /** Every row is acknowledged, and the folders are listed once more: meanwhile the log can be counted. */
  z.object({ kind: z.literal('all-stored') }),
  /** Walk and load are at their end and every row is acknowledged. `found` is the walk's own count. */
  z.object({ kind: z.literal('finished'), found: count, evidence: walkEvidenceSchema }),
  /** Second reading: path hashes (base64 of 16 bytes each) of loaded files that did not give what was loaded. */
  z.object({ kind: z.literal('differs'), hashes: z.string() }),
  rereadEndedSchema,
  /** The load stopped after the files in flight; why is a hold code (bucket, drive or load). */
  z.object({
    kind: z.literal('stopped'),
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.string()),
    /** The walk was at its end before the load stopped. */
    walkEnded: z.boolean(),
  }),
]);

/** See the schema. */
export type LoaderMessage = z.infer<typeof loaderMessageSchema>;

/** Daemon to loader. */
export const daemonMessageSchema = z.discriminatedUnion('kind', [
  /** The SIGNATURE has passed: load. */
  z.object({
    kind: z.literal('order'),
    jobId: z.string(),
    /** base64 of the manifest that loads. */
    manifest: z.string(),
    access: z.object({
      bucket: z.string(),
      region: z.string(),
      endpoint: z.string().optional(),
      forcePathStyle: z.boolean(),
      certificateAuthority: z.string().optional(),
      expectedBucketOwner: z.string().optional(),
      isNetworkTrusted: z.boolean(),
      sse: sseSchema,
      accessKeyId: z.string(),
      secretAccessKey: z.string(),
      sessionToken: z.string().optional(),
    }),
    existing: z.enum(['replace', 'refuse']),
    /** What is done with sparse files: they wait for a person until one has decided. */
    sparse: z.enum(['wait', 'send', 'refuse']),
    maxObjectBytes: z.number().int(),
    /** Key of the import log where it goes into the data bucket: no file may have it. */
    logKey: z.string().optional(),
    /** 32 hex digits: keys the path hashes. */
    hashKey: z.string(),
    limits: limitsSchema,
    /** The SIGNATURE row stands in the log already. */
    signatureLogged: z.boolean(),
    uploads: z.array(knownUploadSchema),
    /** Rows that stand in the log: their count; the path hashes follow in `resume` messages. */
    finished: z.object({ files: z.number(), bytes: z.number(), failedFiles: z.number() }),
  }),
  /** In place of an order: read every loaded file once more and compare (spec 8.4). Its checksums follow. */
  z.object({
    kind: z.literal('reread'),
    hashKey: z.string(),
    /** Loaded files: as many records follow in `resume` messages, 16 bytes of path hash and 16 of MD5 each. */
    files: z.number().int(),
    limits: limitsSchema,
  }),
  /** 16 bytes per finished file, in any order (32 after `reread`); `last` closes the list and starts the work. */
  z.object({ kind: z.literal('resume'), bytes: z.number().int(), last: z.boolean() }),
  /** Everything up to this message is on disk. */
  z.object({ kind: z.literal('stored'), sequence: z.number().int() }),
  /** `isPresent` false: the drive was pulled; the loader ends without a row. */
  z.object({ kind: z.literal('drive-answer'), id: z.number().int(), isPresent: z.boolean() }),
  z.object({ kind: z.literal('claim-answer'), id: z.number().int(), granted: z.boolean() }),
  /**
   * Finish the files in flight, then answer `stopped` with this code. `isFinal`: the job is being ended, nobody will go on;
   * every file that was found and is not finished gets its row, `499 Canceled` (decision 21).
   */
  z.object({ kind: z.literal('stop'), code: z.string(), isFinal: z.boolean() }),
]);

/** See the schema. */
export type DaemonMessage = z.infer<typeof daemonMessageSchema>;
