// Absent means absent: objects without their undefined fields.

/** The same fields, each of them absent or defined. */
export type Given<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Drops the fields that are undefined. */
export const given = <Fields extends object>(fields: Fields): Given<Fields> =>
  // The type says exactly what the filter does; TypeScript cannot follow it through entries.
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>;
