// The rules of one manifest, compiled: what every file of its drive becomes in the bucket.

import type { Manifest } from '#job/manifest.ts';
import { createContentTypeOf } from './content-types.ts';
import type { ObjectRulesResult } from './contract.ts';
import { compileIgnore } from './ignore-patterns.ts';
import { createKeyOf } from './object-key.ts';
import { createPropertiesOf } from './object-properties.ts';

/**
 * Compiles the rules of a parsed manifest. The problems are InvalidManifestField `ignore[N]` with their lines: patterns that
 * cannot be compiled, or would not mean what Java means by them (spec 1.7; decision 6).
 */
export const createObjectRules = (manifest: Manifest): ObjectRulesResult => {
  const ignore = compileIgnore(manifest.ignore);
  if (ignore.kind === 'problem') return ignore;
  const contentTypeOf = createContentTypeOf(manifest);
  return {
    kind: 'ok',
    rules: {
      isIgnored: ignore.isIgnored,
      keyOf: createKeyOf(manifest),
      contentTypeOf,
      propertiesOf: createPropertiesOf(manifest, contentTypeOf),
      keysMayCollide: manifest.substitutions.length > 0,
      logPrefix: manifest.logPrefix,
    },
  };
};
