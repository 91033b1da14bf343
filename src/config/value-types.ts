// The kinds of values that stand in the configuration file: each with what is said where a value is of another kind.
// `title` names the kind in the manual.

import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { printable } from '#language/printable.ts';

const NAME_LENGTH = 64;
// RFC 5321, 4.5.3.1.3.
const MAIL_ADDRESS_LENGTH = 254;

/** Any text. */
export const text: z.ZodString = z.string({ error: (issue) => expected(issue.input, 'text in quotes') });
/** True or false. */
export const flag: z.ZodBoolean = z.boolean({ error: (issue) => expected(issue.input, 'true or false') });

const expected = (input: unknown, wish: string): string =>
  input === undefined ? `is missing, expected ${wish}` : `expected ${wish}`;

/** A whole number in these bounds. */
export const whole = (minimum: number, maximum: number): z.ZodNumber => {
  const error = (issue: { readonly input?: unknown }): string =>
    expected(issue.input, `a whole number from ${String(minimum)} to ${String(maximum)}`);
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
};

/** One of these words. */
export const oneOf = <const Values extends readonly [string, ...string[]]>(
  values: Values,
): z.ZodEnum<{ [Value in Values[number]]: Value }> =>
  z.enum(values, { error: (issue) => expected(issue.input, `one of ${values.join(', ')}`) });

/** An absolute path in its plainest form. */
export const path: z.ZodString = text
  .refine((value) => isAbsolute(value) && normalize(value) === value && value === printable(value), {
    error: 'expected an absolute path without "..", doubled or final slashes',
  })
  .meta({ title: 'an absolute path' });

/** A path of at most so many bytes, for sockets. */
export const shortPath = (bytes: number): z.ZodString =>
  path
    .refine((value) => Buffer.byteLength(value) <= bytes, {
      error: `expected at most ${String(bytes)} bytes, because paths of sockets are limited`,
    })
    .meta({ title: `an absolute path of at most ${String(bytes)} bytes` });

/** A name that can be shown to people. */
export const name: z.ZodString = text
  .refine(
    (value) => value.length > 0 && value.length <= NAME_LENGTH && value.trim() === value && value === printable(value),
    { error: `expected 1 to ${String(NAME_LENGTH)} printable characters without blanks around them` },
  )
  .meta({ title: `text of 1 to ${String(NAME_LENGTH)} printable characters without blanks around them` });

/** A group as groupadd(8) makes them; a number serves as well. */
export const group: z.ZodString = text
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/u, { error: 'expected the name of a group' })
  .meta({ title: 'the name or, in quotes, the number of a group' });

/** A mail address. No quoted local parts and no lists: one of the station's own is plain, and can forge no header. */
export const mailAddress: z.ZodString = text
  .refine(
    (value) => value.length <= MAIL_ADDRESS_LENGTH && /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$/u.test(value),
    { error: 'expected one mail address, without a name' },
  )
  .meta({ title: 'one mail address, without a name' });

/** A section in which no other keys may stand. */
export const section = <Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'expected a section' : undefined) });
