// What a load's working log has when the load goes on: told to the loader as 16 bytes a file (decision 13), and counted.

import { open } from 'node:fs/promises';

import type { LogRow } from '#import-log/contract.ts';
import { IGNORED_STATUS, LOADED_STATUS } from '#import-log/ledger.ts';
import { stateDiskError } from '#import-log/state-disk.ts';
import { addBytes } from '#language/units.ts';
import type { KeyIndex } from './key-index.ts';
import { createPathHashes } from './path-hashes.ts';

/** Rows that stand in the log already. */
export interface FinishedTally {
  readonly files: number;
  readonly bytes: number;
  readonly failedFiles: number;
}

/** Takes the rows of a log as they are read; their hashes go through a file, so that memory is bounded. */
export interface FinishedRows extends AsyncDisposable {
  /** What is there only until the call is done. Errors: StationError StateDiskFull and StateDiskFailed; the signal's reason. */
  take(rows: readonly LogRow[]): Promise<void>;
  /** After the last rows: the file has all hashes, one after the other. Errors: StationError StateDiskFull and StateDiskFailed. */
  end(): Promise<{ readonly tally: FinishedTally; readonly signatureLogged: boolean }>;
}

/** Where the hashes go, and how they are made. */
export interface FinishedRowsOptions {
  readonly path: string;
  readonly hashKey: Uint8Array;
  /** Filled with the keys of loaded files; absent where the job has no substitutions. */
  readonly keyIndex?: KeyIndex;
}

const FILE_MODE = 0o600;
const SIGNATURE_PATH = Buffer.from('SIGNATURE');

/** Begins with none. Errors: as `take`. */
export const openFinishedRows = async (
  { path, hashKey, keyIndex }: FinishedRowsOptions,
  signal: AbortSignal,
): Promise<FinishedRows> => {
  const tally = { files: 0, bytes: 0, failedFiles: 0 };
  let signatureLogged = false;
  const file = await onDisk(path, open(path, 'w', FILE_MODE));
  const hashes = createPathHashes({ hashKey });
  const write = async (): Promise<void> => {
    for (const some of hashes.take()) await onDisk(path, file.writeFile(some));
  };
  return {
    take: async (rows) => {
      signal.throwIfAborted();
      for (const row of rows) {
        const { path } = row;
        hashes.add(path);
        tally.files += 1;
        tally.bytes = addBytes(tally.bytes, row.sizeBytes);
        if (row.status !== LOADED_STATUS && row.status !== IGNORED_STATUS) tally.failedFiles += 1;
        if (!signatureLogged) signatureLogged = SIGNATURE_PATH.equals(path);
        if (row.status === LOADED_STATUS) keyIndex?.claim(row.key, Buffer.from(path).toString('base64'));
      }
      await write();
    },
    end: async () => {
      await hashes.end();
      await write();
      return { tally, signatureLogged };
    },
    [Symbol.asyncDispose]: async () => {
      hashes[Symbol.dispose]();
      await file.close();
    },
  };
};

const onDisk = async <Result>(path: string, work: Promise<Result>): Promise<Result> => {
  try {
    return await work;
  } catch (cause: unknown) {
    throw stateDiskError({ action: 'write', path, cause });
  }
};
