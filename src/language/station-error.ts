// The one error class of the product: what happened, and what to do now.

/** What a StationError is made of. */
export interface StationErrorOptions {
  /** A stable code; the words for it live in the reason catalogue (`notice/`) where a person sees it. */
  readonly code: string;
  /** "Cannot ACTION SUBJECT: STATE, expected WISH"; no period at the end, no secret. */
  readonly message: string;
  /** What the reader does next, a sentence. */
  readonly hint: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

/** A broken environment or a refused command. Expected outcomes are values, not errors. */
export class StationError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor({ code, message, hint, details = {}, cause }: StationErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StationError';
    this.code = code;
    this.hint = hint;
    this.details = details;
  }
}
