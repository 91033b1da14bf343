// The code of an error that the system gave about a drive.

// What the process itself runs out of is not the drive's fault, and a row that says so would be a lie.
const OWN_SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/**
 * `EIO`, `EACCES`, ... of an error of the system. Throws any other error again, and those by which the process itself is
 * short of something: they must not be taken for the drive's.
 */
export const systemCode = (error: unknown): string => {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string')) throw error;
  if (OWN_SHORTAGES.has(error.code)) throw error;
  const number = UNNAMED.exec(error.code)?.[1];
  return CODES_BY_NUMBER.get(number) ?? error.code;
};

// libuv has no names for what Linux says of a damaged file system (errno(3)).
const UNNAMED = /^Unknown system error -(\d+)$/u;
const CODES_BY_NUMBER: ReadonlyMap<string | undefined, string> = new Map([
  ['74', 'EBADMSG'],
  ['117', 'EUCLEAN'],
]);
