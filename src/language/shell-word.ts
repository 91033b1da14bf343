// A word as a person types it into a shell.

/** The text as one word of sh(1); quoted only where that is needed. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
