// What the daemon asks of the launcher: one line in, and for all but `load` one line out. Errors of parsing are zod's.

import { z } from 'zod';

const drive = {
  /** Kernel name of the whole drive, `sdb`. */
  kernelName: z.string().regex(/^[a-z][a-z0-9!-]{1,31}$/u),
  diskSequence: z.number().int().nonnegative(),
};

/** First and only line that a launcher reads of a connection. */
export const launchRequestSchema = z.discriminatedUnion('kind', [
  /** Makes the drive read-only and answers what is on it. */
  z.strictObject({ kind: z.literal('probe'), ...drive }),
  /** Mounts one volume and becomes the loader; the connection is then the loader's channel. */
  z.strictObject({
    kind: z.literal('load'),
    ...drive,
    /** 0 for the whole device. */
    partitionNumber: z.number().int().min(0).max(256),
    type: z.string().regex(/^[A-Za-z0-9_+.-]{1,32}$/u),
  }),
  /** Opens the drive O_EXCL, for a second at most: true only where nothing uses it any more. */
  z.strictObject({ kind: z.literal('free'), ...drive }),
  /** Proves the drive free as `free` does, then makes it spin down and leave the kernel. */
  z.strictObject({ kind: z.literal('switch-off'), ...drive }),
  /** Kills a loader of this drive that did not end by itself. */
  z.strictObject({ kind: z.literal('end'), ...drive }),
]);

/** A request to the launcher. */
export type LaunchRequest = z.infer<typeof launchRequestSchema>;

const volumeSchema = z.object({
  device: z.string(),
  partitionNumber: z.number().int(),
  sizeBytes: z.number(),
  type: z.string().exactOptional(),
  usage: z.string().exactOptional(),
  uuid: z.string().exactOptional(),
  label: z.string().exactOptional(),
  partitionType: z.string().exactOptional(),
  startBytes: z.number().exactOptional(),
  isBlank: z.boolean().exactOptional(),
  deviceCount: z.number().int().exactOptional(),
});

/** The launcher's own answers; a loader's first line is of `loader.ts`. */
export const launchReplySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('probed'),
    partitionTable: z.object({ type: z.string(), uuid: z.string().exactOptional() }).exactOptional(),
    volumes: z.array(volumeSchema),
  }),
  z.object({ kind: z.literal('free'), isFree: z.boolean() }),
  /** `isOff` false: this kind of drive has no such switch, or something still uses it. */
  z.object({ kind: z.literal('switched-off'), isOff: z.boolean() }),
  z.object({ kind: z.literal('ended'), count: z.number().int() }),
  /** What the launcher refuses or could not do: a DriveHoldCode, or LaunchRefused for a request that breaks the rules. */
  z.object({ kind: z.literal('launch-problem'), code: z.string(), message: z.string() }),
]);

/** An answer of the launcher. */
export type LaunchReply = z.infer<typeof launchReplySchema>;
