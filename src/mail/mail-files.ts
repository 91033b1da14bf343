// What the configuration of mail names by file: the server's password, which nobody else can read, and its authority.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { MailConfig } from '#config/contract.ts';
import { Secret } from '#language/secret.ts';
import { StationError } from '#language/station-error.ts';

const MAX_BYTES = 1024;
const NOT_OWNER_BITS = 0o077;
const ROOT = 0;
// As for the store's key: systemd's access list for the unit's user shows as the group's read bit.
const CREDENTIAL_FORBIDDEN_BITS = 0o037;

/** What the files hold. */
export interface MailFiles {
  readonly password?: Secret;
  readonly certificateAuthority?: string;
}

/**
 * Reads the files; of the password without the line end that editors put behind it. Throws StationError
 * MailFileUnreadable for a file that is missing, and for a password that is no plain file, empty, too large, or readable
 * by others than its owner.
 */
export const readMailFiles = ({ user, passwordFile, certificateAuthorityFile: authority }: MailConfig): MailFiles => ({
  ...(user === undefined ? {} : { password: new Secret(told(passwordFile, () => readSafely(passwordFile))) }),
  ...(authority === undefined ? {} : { certificateAuthority: told(authority, () => readFileSync(authority, 'utf8')) }),
});

const told = (file: string, read: () => string): string => {
  try {
    return read();
  } catch (error: unknown) {
    if (error instanceof StationError || !(error instanceof Error && 'code' in error)) throw error;
    throw fileError(file, error.code === 'ELOOP' ? 'it is a link, expected a plain file' : String(error.code), error);
  }
};

const readSafely = (file: string): string => {
  // NONBLOCK: a FIFO under that name must not hang the start.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw fileError(file, 'it is no plain file');
    const isOwn = facts.uid === process.geteuid?.();
    if (!isOwn && facts.uid !== ROOT) throw fileError(file, `it belongs to user ${String(facts.uid)}`);
    const mode = facts.mode & 0o777;
    if ((mode & (isOwn ? NOT_OWNER_BITS : CREDENTIAL_FORBIDDEN_BITS)) !== 0) {
      throw fileError(file, `its mode is 0${mode.toString(8)}, expected 0600`);
    }
    if (facts.size > MAX_BYTES) throw fileError(file, `it has more than ${String(MAX_BYTES)} bytes`);
    const password = readFileSync(descriptor, 'utf8').replace(/\r?\n$/u, '');
    if (password === '') throw fileError(file, 'it is empty');
    return password;
  } finally {
    closeSync(descriptor);
  }
};

const fileError = (file: string, message: string, cause?: unknown): StationError =>
  new StationError({
    code: 'MailFileUnreadable',
    message: `Cannot use "${file}" for mail: ${message}`,
    hint: "Put the file there; a password must be readable by the station's user alone (mode 0600).",
    details: { file, message },
    cause,
  });
