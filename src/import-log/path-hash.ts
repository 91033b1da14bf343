// What stands for a path where names would cost too much memory: a keyed hash, and a sum of hashes that stands for a set.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';

/** Bytes of a path hash. */
export const PATH_HASH_BYTES: number = 16;

/**
 * The first 16 bytes of SHA-256 over key and raw path. The key is secret and new for every load: a stranger who names the
 * files cannot make two of them meet.
 */
export const pathHash = (hashKey: Uint8Array, path: Uint8Array): Uint8Array =>
  Buffer.from(hashText(hashKey, path), 'latin1');

/** Writes it into other memory, from `at` on. */
export const writePathHash = (
  memory: Buffer,
  at: number,
  { hashKey, path }: { readonly hashKey: Uint8Array; readonly path: Uint8Array },
): void => {
  memory.write(hashText(hashKey, path), at, 'latin1');
};

// By way of a text, each character a byte: a buffer that the hash makes itself costs twice the hash.
const hashText = (hashKey: Uint8Array, path: Uint8Array): string =>
  hash('sha256', together(hashKey, path), 'binary').slice(0, PATH_HASH_BYTES);

// Longer than nearly all paths; used anew for each of them.
const scratch = Buffer.alloc(1024);
const beginnings: Uint8Array[] = [];

const together = (hashKey: Uint8Array, path: Uint8Array): Uint8Array => {
  const length = hashKey.length + path.length;
  if (length > scratch.length) return Buffer.concat([hashKey, path]);
  scratch.set(hashKey, 0);
  scratch.set(path, hashKey.length);
  // Made once for each length: it costs a third of the hash.
  return (beginnings[length] ??= scratch.subarray(0, length));
};

/** A sum of path hashes modulo 2^128: equal for equal collections, in whatever order they were added. */
export interface PathSum {
  /** Adds one hash of 16 bytes. */
  add(hash: Uint8Array): void;
  /** The sum, 32 lower-case hex digits. */
  text(): string;
}

const LANE_BYTES = 4;
const LANE_LIMIT = 2 ** 32;
const LANE_DIGITS = 8;
const HEX_RADIX = 16;

/** Makes an empty sum. Four lanes of 32 bits, most significant first: numbers of 128 bits are too slow for every file. */
export const createPathSum = (): PathSum => {
  const lanes = [0, 0, 0, 0];
  return {
    add: (added) => {
      assert(added.length >= PATH_HASH_BYTES, 'a path hash has 16 bytes');
      let carry = 0;
      for (let lane = lanes.length - 1; lane >= 0; lane -= 1) {
        const sum = (lanes[lane] ?? 0) + laneAt(added, lane * LANE_BYTES) + carry;
        carry = sum >= LANE_LIMIT ? 1 : 0;
        lanes[lane] = sum % LANE_LIMIT;
      }
    },
    text: () => lanes.map((lane) => lane.toString(HEX_RADIX).padStart(LANE_DIGITS, '0')).join(''),
  };
};

// A view with a reader of its own would be made for every file.
const laneAt = (bytes: Uint8Array, at: number): number => {
  let value = 0;
  for (let next = at; next < at + LANE_BYTES; next += 1) value = value * BYTE_VALUES + (bytes[next] ?? 0);
  return value;
};

const BYTE_VALUES = 256;
