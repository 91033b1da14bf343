// The job ID: five of 34 symbols, case-insensitive (spec 3.1).

declare const jobIdBrand: unique symbol;

/** A job ID in its one written form, upper case. */
export type JobId = string & { readonly [jobIdBrand]: true };

/** Digits 1 to 9 and letters A to Z without O (spec 3.1). */
export const JOB_ID_SYMBOLS: string = '123456789ABCDEFGHIJKLMNPQRSTUVWXYZ';

/** Symbols in a job ID. */
export const JOB_ID_LENGTH: number = 5;

// Tested before the case is changed: toUpperCase makes two ASCII letters of a sharp s, and one of a dotless i.
const JOB_ID = /^[1-9A-NP-Za-np-z]{5}$/u;

/** Reads a job ID in any case; undefined where the text is none. */
export const parseJobId = (text: string): JobId | undefined =>
  JOB_ID.test(text) ? (text.toUpperCase() as JobId) : undefined;

/**
 * Makes a job ID from a source of uniform random integers.
 * @param randomInt gives an integer from 0 up to but not including `limit`, from a cryptographic source.
 */
export const createJobId = (randomInt: (limit: number) => number): JobId => {
  const symbols = Array.from({ length: JOB_ID_LENGTH }, () => JOB_ID_SYMBOLS.charAt(randomInt(JOB_ID_SYMBOLS.length)));
  return symbols.join('') as JobId;
};
