// The finished count of a load as the store keeps it: what `status` and `job show` say after the load.

import { z } from 'zod';

import type { LogCount } from '#import-log/contract.ts';

const tally = z.object({ files: z.number(), bytes: z.number() });

const summarySchema = z.object({
  loaded: tally,
  ignored: tally,
  failed: tally,
  all: tally.extend({ fingerprint: z.string() }),
  failedByCode: z.record(z.string(), z.number()),
});

/** Value to text. */
export const formatSummary = (count: LogCount): string => JSON.stringify(summarySchema.parse(count));

/** Text to value; undefined where there is none yet. */
export const parseSummary = (text: string | undefined): LogCount | undefined =>
  text === undefined ? undefined : summarySchema.parse(JSON.parse(text));
