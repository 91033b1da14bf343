// Shapes of `--json` that are the command line's own or only wrap one of the control protocol's. All of them are told
// in docs/json.md.

import { z } from 'zod';
import { accountSchema, jobSchema } from '#protocol/control.ts';

/** `account list --json`, and the answer to `GET /accounts`. */
export const accountListSchema = z.object({ accounts: z.array(accountSchema) });

/** `job list --json`, and the answer to `GET /jobs`. */
export const jobListSchema = z.object({ jobs: z.array(jobSchema) });

/** `manifest check --json`. */
export const manifestCheckSchema = z.object({
  /** True where a job may be made of it, as far as can be told without its bucket. */
  valid: z.boolean(),
  problems: z.array(
    z.object({ code: z.string(), field: z.string().optional(), line: z.number().optional(), message: z.string() }),
  ),
  warnings: z.array(z.string()),
});

/** See the schema. */
export type ManifestCheck = z.infer<typeof manifestCheckSchema>;

/** `config check --json`. */
export const configCheckSchema = z.object({
  valid: z.boolean(),
  problems: z.array(
    z.object({
      path: z.string(),
      value: z.string().optional(),
      line: z.number().optional(),
      message: z.string(),
    }),
  ),
});

/** See the schema. */
export type ConfigCheck = z.infer<typeof configCheckSchema>;

/** `doctor --json` */
export const doctorSchema = z.object({
  findings: z.array(
    z.object({
      area: z.string(),
      /** Stable: what was looked at, with what was found. */
      check: z.string(),
      level: z.enum(['ok', 'note', 'unknown', 'warning', 'problem']),
      what: z.string(),
      actor: z.enum(['customer', 'technician', 'operator', 'nobody']).optional(),
      todo: z.string().optional(),
    }),
  ),
  problems: z.number(),
  warnings: z.number(),
  /** Checks that could not be made. */
  unknowns: z.number(),
});

/** See the schema. */
export type DoctorReport = z.infer<typeof doctorSchema>;

/** The answer to `POST /retry`. */
export const retriedSchema = z.object({ retried: z.string() });

/** `reasons --json` */
export const reasonsSchema = z.object({
  reasons: z
    .array(
      z.object({
        code: z.string(),
        kind: z.enum(['hold', 'row', 'refusal']),
        happened: z.string(),
        actor: z.enum(['customer', 'technician', 'operator', 'nobody']),
        todo: z.string(),
        retryHelps: z.boolean(),
        waysOut: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
});

/** The answer to `POST /hold`. */
export const heldSchema = z.object({ held: z.string() });

/** The answer to `POST /confirm`. */
export const confirmedSchema = z.object({ confirmed: z.string() });

/** The answer to `POST /reject-files`. */
export const filesRejectedSchema = z.object({ rejectedFiles: z.string() });

/** An answer that says nothing but that it was done. */
export const doneSchema = z.object({});
