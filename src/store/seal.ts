// Encryption at rest: AES-256-GCM with the station's key. A sealed value is bound to the place where it stands, so that
// one cannot be moved to another account or job.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Where a sealed value stands: kind of record, its key, the field. */
export type SealPlace = readonly [record: string, ...rest: readonly string[]];

/** Seals and opens values with one key. */
export interface Seal {
  seal(value: Uint8Array, place: SealPlace): Uint8Array;
  /** undefined where key, place or bytes are not the ones that were sealed. */
  open(sealed: Uint8Array, place: SealPlace): Uint8Array | undefined;
}

/** Bytes in the station's key. */
export const STORE_KEY_BYTES: number = 32;

const CIPHER = 'aes-256-gcm';
// Form of a sealed value: version, nonce, tag, ciphertext. Nonces are random: 2^32 values stay safe (SP 800-38D, 8.3).
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Makes the seal for a key of 32 bytes. */
export const createSeal = (storeKey: Uint8Array): Seal => ({
  seal: (value, place) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, storeKey, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad(place));
    const ciphertext = Buffer.concat([cipher.update(value), cipher.final()]);
    return Buffer.concat([Uint8Array.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
  },
  open: (sealed, place) => {
    if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return undefined;
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, storeKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad(place));
    decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
    const start = decipher.update(sealed.subarray(HEAD_BYTES));
    try {
      return new Uint8Array(Buffer.concat([start, decipher.final()]));
    } catch {
      // The only way in which OpenSSL tells that the tag is not the right one.
      return undefined;
    }
  },
});

// JSON keeps the parts apart: ["a","bc"] and ["ab","c"] differ.
const aad = (place: SealPlace): Uint8Array => Buffer.from(JSON.stringify(place));
