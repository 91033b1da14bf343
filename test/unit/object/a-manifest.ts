// A parsed manifest for tests: the smallest one of the specification, with what a test changes.

import type { Manifest } from '#job/manifest.ts';

/** A manifest with changes. */
export const aManifest = (changes: Partial<Manifest> = {}): Manifest => ({
  manifestVersion: '2.0',
  majorVersion: 2,
  deviceId: 'VEC-0001',
  eraseDevice: false,
  bucket: 'vector-bucket',
  prefix: '',
  acl: 'private',
  ignore: [],
  substitutions: [],
  contentTypes: new Map(),
  setContentEncodingForGzFiles: false,
  staticMetadata: new Map(),
  logBucket: 'vector-bucket',
  logPrefix: '',
  notificationEmail: [],
  serviceLevel: 'standard',
  returnAddress: {
    name: 'Ada Example',
    street1: '12 Sample Street',
    city: 'Seattle',
    postalCode: '98101',
    phoneNumber: '206-555-0100',
    country: 'USA',
  },
  lines: new Map(),
  ...changes,
});

/** Patterns on lines of their own, from line 10 on. */
export const onLines = (...patterns: readonly string[]): Manifest['ignore'] =>
  patterns.map((value, index) => ({ value, line: 10 + index }));

/** Substitutions in order. */
export const substituting = (...pairs: readonly (readonly [string, string])[]): Manifest['substitutions'] =>
  pairs.map(([from, to], index) => ({ from, to, line: 20 + index }));
