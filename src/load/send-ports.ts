// What sending a file needs of the rest of the loader, and what becomes of a file.

import type { LimitFunction } from 'p-limit';
import type { Bucket } from '#bucket/contract.ts';
import type { HeldDirectory } from '#drive/held-directory.ts';
import type { ObjectRules } from '#object/contract.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dialogue } from './dialogue.ts';
import type { LoadProgress } from './load-progress.ts';
import type { OpenUploads } from './open-uploads.ts';
import type { FileToRead } from './reader-messages.ts';
import type { Reader } from './reader.ts';
import type { RequestGate } from './request-gate.ts';
import type { Refusals } from './refusals.ts';
import type { StopSwitch } from './stop-switch.ts';

/** A file that has a key and may be sent. */
export interface FileToSend {
  /** Raw bytes. */
  readonly path: Buffer;
  /** The same, as text for rules: bad bytes as U+FFFD. */
  readonly text: string;
  readonly directory: HeldDirectory;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly key: string;
}

/** What a file's row says, or that it has none because the load stops. */
export type FileEnd =
  | {
      readonly kind: 'row';
      readonly status: number;
      readonly code: string;
      /** 32 hex digits for a loaded file, else empty. */
      readonly md5: string;
      readonly contentType: string;
      /** True where the daemon still knows an upload of this file: it is told of its end after the row. */
      readonly endsUpload: boolean;
    }
  | { readonly kind: 'left' };

/** What a reader thread is told of a file. */
export const toRead = ({
  directory,
  path,
  sizeBytes,
}: Pick<FileToSend, 'directory' | 'path' | 'sizeBytes'>): FileToRead => ({
  directoryFd: directory.fd,
  name: path.toString('latin1', path.lastIndexOf(SLASH) + 1),
  sizeBytes,
});

const SLASH = 0x2f;

/** Limits and choices of the order. */
export interface SendConfig {
  readonly multipartThresholdBytes: number;
  readonly partSizeBytes: number;
  readonly refuseExisting: boolean;
  /** True where a former loader may have stored files that have no row. */
  readonly isResumed: boolean;
}

/** The parts of the loader that sending uses. */
export interface SendPorts {
  /** Retries by itself. */
  readonly bucket: Bucket;
  readonly reader: Reader;
  readonly pool: BlockPool;
  /** Bounds the requests in flight. */
  readonly requests: RequestGate;
  /** Bounds the files that are read part by part at once: a drive that turns reads few of them well. */
  readonly largeFiles: LimitFunction;
  readonly dialogue: Dialogue;
  readonly rules: ObjectRules;
  readonly refusals: Refusals;
  readonly uploads: OpenUploads;
  readonly progress: LoadProgress;
  readonly stopSwitch: StopSwitch;
  /**
   * Says, once for the load, that the first file is about to be sent, and resolves when that is on disk; undefined once it is.
   */
  readonly announceFirstFile: () => Promise<void> | undefined;
}
