// What is said to whom: one entry per code, whatever room the code arises in.

/** Who has to act. */
export type Actor = 'customer' | 'technician' | 'operator' | 'nobody';

/** How a hold can end: by a command of that name, by taking the drive out, or by plugging it in again. */
export type WayOut = 'retry' | 'confirm' | 'reject' | 'take-out' | 'plug-in';

/** The words for one code. */
export interface Reason {
  readonly code: string;
  /** `hold` waits for a person, `row` stands in the import log, `refusal` answers a command. */
  readonly kind: 'hold' | 'row' | 'refusal';
  /** A sentence; `{name}` is filled from the details, always printable. */
  readonly happened: string;
  readonly actor: Actor;
  /** A sentence that says what to do now. */
  readonly todo: string;
  /** `retry` leads on once the cause is repaired. */
  readonly retryHelps: boolean;
  /** Those that lead somewhere; a row or a refusal has none. */
  readonly waysOut: readonly WayOut[];
}

/** A reason with its details filled in, as status, mail and errors show it. */
export interface Notice {
  readonly code: string;
  readonly happened: string;
  readonly actor: Actor;
  readonly todo: string;
  readonly retryHelps: boolean;
  readonly waysOut: readonly WayOut[];
}
