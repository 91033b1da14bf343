// One line of the import log, and the count that must balance: the contract of this room.

/** Own codes of a row (spec 4.4); S3's own codes are passed through as text beside them. */
export type RowCode =
  | 'OK'
  | 'Ignored'
  | 'InvalidFileName'
  | 'InvalidSubstitution'
  | 'InvalidKeyCharacter'
  | 'InvalidKeySegment'
  | 'KeyTooLong'
  | 'EntityTooLarge'
  | 'KeyCollision'
  | 'UnsupportedFileType'
  | 'ReadError'
  | 'FileChanged'
  | 'VerifyError'
  | 'Canceled';

/** A file that is finished, one way or the other. */
export interface LogRow {
  /** When the file was finished; whole seconds are kept. */
  readonly finishedAt: Date;
  /** Raw bytes of the path, relative, `/` between parts; a directory that cannot be listed ends with `/`. */
  readonly path: Uint8Array;
  /** 103 ignored, 200 loaded, anything else failed. */
  readonly status: number;
  /** A RowCode, or S3's own code. */
  readonly code: string;
  /** Object key without the bucket; empty where there is none. */
  readonly key: string;
  /** 32 lower-case hex digits, or empty. */
  readonly md5: string;
  /** Stored bytes, or the size that the walk found (decision 14). */
  readonly sizeBytes: number;
  readonly contentType: string;
}

/** Files, bytes and an order-free fingerprint of the set of paths (sum of keyed path hashes mod 2^128, hex). */
export interface Count {
  readonly files: number;
  readonly bytes: number;
  readonly fingerprint: string;
}

/** The three kinds of row of a finished log, read back from disk (decision 8). */
export interface LogCount {
  readonly loaded: { readonly files: number; readonly bytes: number };
  readonly ignored: { readonly files: number; readonly bytes: number };
  readonly failed: { readonly files: number; readonly bytes: number };
  /** All rows together. */
  readonly all: Count;
  /** How often each code of a failed row stands in the log. */
  readonly failedByCode: Readonly<Record<string, number>>;
}

/** What the ledger says (decisions 7 and 8). */
export type Verdict =
  | { readonly kind: 'completed' }
  | { readonly kind: 'success-with-errors'; readonly failedFiles: number }
  | { readonly kind: 'unbalanced'; readonly message: string };
