// The key that seals what customers keep secret: 32 raw bytes in a file of its own, or in a systemd credential.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StationError } from '#language/station-error.ts';
import { STORE_KEY_BYTES } from './seal.ts';

const OWNER_ONLY = 0o600;
const NOT_OWNER_BITS = 0o077;
const ROOT = 0;
// systemd hands a credential of root to the unit's user by an access list, whose mask shows as the group's read bit.
const CREDENTIAL_FORBIDDEN_BITS = 0o037;
const RANDOM_NAME_BYTES = 8;

/**
 * Reads the key, and makes it first where it is missing and `create` is set: whole and durable, or not at all.
 * Throws StationError StoreKeyUnreadable for a file that is missing, no plain file, not of 32 bytes, or readable by
 * others than its owner, who is this process's user or root.
 */
export const loadStoreKey = ({ path, create }: { readonly path: string; readonly create: boolean }): Uint8Array => {
  try {
    return readKey(path);
  } catch (error: unknown) {
    if (codeOf(error) !== 'ENOENT') throw keyError(path, error);
    if (!create) throw storeKeyError(path, 'it does not exist', error);
  }
  try {
    createKey(path);
    return readKey(path);
  } catch (error: unknown) {
    throw keyError(path, error);
  }
};

/** Makes the error for a key that cannot be used. */
export const storeKeyError = (file: string, message: string, cause?: unknown): StationError =>
  new StationError({
    code: 'StoreKeyUnreadable',
    message: `Cannot use the store key "${file}": ${message}`,
    hint: "Put the key back from the backup, readable by the station's user alone (mode 0600).",
    details: { file, message },
    cause,
  });

const readKey = (path: string): Uint8Array => {
  // NONBLOCK: a FIFO under that name must not hang the start.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw storeKeyError(path, 'it is no plain file');
    const isOwn = facts.uid === process.geteuid?.();
    if (!isOwn && facts.uid !== ROOT) {
      throw storeKeyError(path, `it belongs to user ${String(facts.uid)}, expected this process's user or root`);
    }
    const mode = facts.mode & 0o777;
    if ((mode & (isOwn ? NOT_OWNER_BITS : CREDENTIAL_FORBIDDEN_BITS)) !== 0) {
      throw storeKeyError(path, `its mode is 0${mode.toString(8)}, expected 0600`);
    }
    if (facts.size !== STORE_KEY_BYTES) {
      throw storeKeyError(path, `it has ${String(facts.size)} bytes, expected ${String(STORE_KEY_BYTES)}`);
    }
    const key = Buffer.alloc(STORE_KEY_BYTES);
    readSync(descriptor, key, 0, STORE_KEY_BYTES, 0);
    return key;
  } finally {
    closeSync(descriptor);
  }
};

// A link, unlike a rename, never replaces a key that another process has made meanwhile.
const createKey = (path: string): void => {
  const draft = `${path}.${randomBytes(RANDOM_NAME_BYTES).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', OWNER_ONLY);
  try {
    writeSync(descriptor, randomBytes(STORE_KEY_BYTES));
    fsyncSync(descriptor);
    linkSync(draft, path);
  } catch (error: unknown) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    closeSync(descriptor);
    unlinkSync(draft);
  }
  syncFolder(dirname(path));
};

const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const keyError = (path: string, error: unknown): unknown => {
  if (error instanceof StationError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === 'ELOOP') return storeKeyError(path, 'it is a link, expected a plain file', error);
  return typeof code === 'string' ? storeKeyError(path, code, error) : error;
};
