// How a command on bays or jobs ends.

/** Done, or a code of the catalogue with its facts. */
export type CommandResult<Value = object> =
  | ({ readonly kind: 'ok' } & Value)
  | { readonly kind: 'refused'; readonly code: string; readonly details: Readonly<Record<string, string>> };

/** A refusal. */
export const refused = (
  code: string,
  details: Readonly<Record<string, string>>,
): CommandResult & { readonly kind: 'refused' } => ({ kind: 'refused', code, details });
