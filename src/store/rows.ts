// What the tables of the store have in common: reading a row that the schema guarantees, and the form of times.

import { z } from 'zod';
import { parseJobId, type JobId } from '#job/job-id.ts';

/** Milliseconds since 1970 as a Date. */
export const dateColumn: z.ZodType<Date> = z.number().transform((milliseconds) => new Date(milliseconds));

/** 0 or 1 as a boolean. */
export const flagColumn: z.ZodType<boolean> = z.number().transform((flag) => flag === 1);

/** A BLOB. */
export const blobColumn: z.ZodType<Uint8Array> = z.instanceof(Uint8Array);

/** JSON of names and texts. */
export const detailsColumn: z.ZodType<Readonly<Record<string, string>>> = z
  .string()
  .transform((json, context): unknown => {
    try {
      return JSON.parse(json);
    } catch {
      context.addIssue('expected JSON');
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.string()));

/** A row without its NULLs: a column that is absent is an absent property. */
export const withoutNulls = (row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

/** A job ID as it is stored. */
export const jobIdColumn: z.ZodType<JobId> = z.string().transform((text, context) => {
  const jobId = parseJobId(text);
  if (jobId !== undefined) return jobId;
  context.addIssue('expected a job ID');
  return z.NEVER;
});

/** SQL's form of an optional value. */
export const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

/** SQL's form of an optional time. */
export const timeOrNull = (date: Date | undefined): number | null => date?.getTime() ?? null;
