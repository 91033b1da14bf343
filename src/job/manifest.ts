// What a manifest says once it is parsed: the contract between the manifest parser and everyone who reads a job.

import type { Secret } from '#language/secret.ts';

/** Codes of what can be wrong with a manifest (spec 3.4, 3.5). */
export type ManifestProblemCode =
  | 'MalformedManifest'
  | 'MissingManifestField'
  | 'InvalidManifestField'
  | 'InvalidAddress'
  | 'MissingCustoms'
  | 'InvalidCustoms';

/** One finding, by field and line; all of a manifest are reported at once. */
export interface ManifestProblem {
  readonly code: ManifestProblemCode;
  /** Dotted field name (`returnAddress.street1`, `ignore[2]`); absent only for MalformedManifest. */
  readonly field?: string;
  /** 1-based line of the manifest, absent for a field that is missing. */
  readonly line?: number;
  /** What is wrong and what is expected, printable, without secrets. */
  readonly message: string;
}

/** S3's canned ACLs that a manifest may name (spec 1.6). */
export type Acl = 'private' | 'public-read' | 'public-read-write' | 'authenticated-read';

/** A value together with the manifest line it stands on. */
export interface Located<Value> {
  readonly value: Value;
  readonly line: number;
}

/** One substitution, literal, in manifest order (spec 1.7). */
export interface Substitution {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** Where the drive goes back to (spec 1.4). */
export interface ReturnAddress {
  readonly name: string;
  readonly company?: string;
  readonly street1: string;
  readonly street2?: string;
  readonly street3?: string;
  readonly city: string;
  readonly stateOrProvince?: string;
  readonly postalCode: string;
  readonly phoneNumber: string;
  readonly country: string;
}

/** An S3 import manifest, every scalar as it was written (spec 1.3 to 1.6). */
export interface Manifest {
  /** As written: 1.0, 1.1, 1.2, 1.3 or 2.0. */
  readonly manifestVersion: string;
  /** 1 or 2: which rules apply (decisions 10 and 22). */
  readonly majorVersion: 1 | 2;
  readonly accessKeyId?: string;
  readonly deviceId: string;
  readonly eraseDevice: boolean;
  readonly generator?: string;
  readonly bucket: string;
  /** Empty when not given; no slash is ever added. */
  readonly prefix: string;
  readonly acl: Acl;
  readonly ignore: readonly Located<string>[];
  readonly substitutions: readonly Substitution[];
  /** Extension (case-sensitive, without dot) to type. */
  readonly contentTypes: ReadonlyMap<string, string>;
  readonly defaultContentType?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly expires?: string;
  readonly setContentEncodingForGzFiles: boolean;
  readonly staticMetadata: ReadonlyMap<string, string>;
  readonly diskTimestampMetadataKey?: string;
  readonly storageClass?: string;
  /** The data bucket when not given. */
  readonly logBucket: string;
  /** Empty when not given. */
  readonly logPrefix: string;
  /** Empty when not given: then the account's address is used. */
  readonly notificationEmail: readonly string[];
  readonly serviceLevel: 'standard' | 'expeditedShipping';
  readonly pinCode?: Secret;
  readonly returnAddress: ReturnAddress;
  readonly customs?: Readonly<Record<string, string>>;
  /** Line of each top-level field that was given, for findings of later checks (patterns, bucket, address). */
  readonly lines: ReadonlyMap<string, number>;
  /** Fields, by dotted name, where nothing but a comment stands: they are not given, and their author is warned. */
  readonly commentsAlone?: readonly Located<string>[];
}

/** What of a manifest with findings later checks can look at, so that they tell theirs in the same go. */
export type ReadableFields = Pick<Manifest, 'ignore' | 'accessKeyId' | 'lines'>;

/** What parsing gives: the manifest, or every finding, with what could be read where there is any field. */
export type ManifestResult =
  | { readonly kind: 'ok'; readonly manifest: Manifest }
  | { readonly kind: 'problem'; readonly problems: readonly ManifestProblem[]; readonly readable?: ReadableFields };
