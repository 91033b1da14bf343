// A value that must not be printed: passwords, secret access keys, session tokens, PINs.

import { inspect } from 'node:util';

const HIDDEN = '[secret]';

/** Holds a secret text; every way of printing it gives `[secret]`, only `reveal()` gives the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself, for the one call that needs it. Never keep or print the result. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  static {
    Object.defineProperty(Secret.prototype, inspect.custom, { value: () => HIDDEN });
  }
}
