// What a file becomes in the bucket: the contract of this room.

import type { ManifestProblem } from '#job/manifest.ts';

/** Codes that this room gives a file instead of a key (spec 4.4; decisions 4 and 5). */
export type KeyProblemCode =
  'InvalidFileName' | 'InvalidSubstitution' | 'InvalidKeyCharacter' | 'InvalidKeySegment' | 'KeyTooLong';

/** The key of a file, or why it has none, with the key as far as it could be made (decision 14). */
export type KeyResult =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'problem'; readonly status: 400; readonly code: KeyProblemCode; readonly key: string };

/** What is sent with an object beside its bytes: names are HTTP header names in lower case. */
export interface ObjectProperties {
  readonly contentType: string;
  readonly contentEncoding?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  /** Sent as it was written: S3 keeps any text. */
  readonly expires?: string;
  /** Absent for `private` (decision 24). */
  readonly acl?: string;
  readonly storageClass?: string;
  /** User metadata without the `x-amz-meta-` in front. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The rules of one manifest, compiled. Pure: same file, same answer. */
export interface ObjectRules {
  /** True where any `ignore` pattern is found in the path (relative, `/` between parts, bad bytes as U+FFFD). */
  isIgnored(path: string): boolean;
  /** Key of a file by its raw path (bytes of the names, `/` between parts). */
  keyOf(path: Uint8Array): KeyResult;
  /** Type of a file by its path; with gzip content and the option on, `.gz`/`.gzip` is skipped (spec 8.2). */
  contentTypeOf(path: string, isGzip: boolean): string;
  /** All properties; `isGzip` says that the first bytes are 1F 8B. Only looked at when the option is on. */
  propertiesOf(file: { readonly path: string; readonly isGzip: boolean; readonly modifiedAt: Date }): ObjectProperties;
  /** True with substitutions: then two files may have one key (decision 16). */
  readonly keysMayCollide: boolean;
  /** Key of the import log: logPrefix + import-log-JOBID is made by `import-log/`; this is the prefix. */
  readonly logPrefix: string;
}

/** What compiling a manifest's rules gives. */
export type ObjectRulesResult =
  | { readonly kind: 'ok'; readonly rules: ObjectRules }
  | { readonly kind: 'problem'; readonly problems: readonly ManifestProblem[] };
