// Encryption that is asked for with every object, as control protocol and loader protocol both say it.

import { z } from 'zod';

/** `none` leaves it to the bucket. The ID of a key is an ID, an alias or an ARN, for it goes out as a header. */
export const sseSchema = z.union([
  z.enum(['none', 's3', 'kms']),
  z.templateLiteral(['kms:', z.string().regex(/^[\w:/.-]{1,2048}$/u)]),
]);
