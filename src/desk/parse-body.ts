// The body of a request by its schema of the control protocol; what is wrong is told without repeating any value.

import type { z } from 'zod';
import { refused, type Refused } from './reply.ts';

/** The value, or the refusal InvalidRequest. */
export type Parsed<Value> = { readonly kind: 'ok'; readonly value: Value } | Refused;

/** Parses a body. */
export const parseBody = <Value>(schema: z.ZodType<Value>, body: unknown): Parsed<Value> => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  const findings = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  return refused('InvalidRequest', { message: findings.join('; ') });
};
