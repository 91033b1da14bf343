// The durable state of one load on disk: `loads/JOBID/` with the working log, the parts and the key index.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { unfinishedLog } from '#import-log/publish.ts';
import { stateDiskError } from '#import-log/state-disk.ts';
import type { JobId } from '#job/job-id.ts';
import { LOADS_FOLDER } from '#store/sqlite-store.ts';

/** Paths of a load's files. */
export interface LoadFolder {
  readonly folder: string;
  readonly workingLog: string;
  readonly parts: string;
  readonly keyIndex: string;
  /** Path hashes on their way to a new loader. */
  readonly resume: string;
  /** The import log until it lies in the bucket. */
  readonly importLog: string;
  /** One that is made before its load is over. */
  readonly earlyLog: string;
}

const FOLDER_MODE = 0o700;

/** Names the files of a load, without touching the disk. */
export const loadFolder = (stateDir: string, jobId: JobId): LoadFolder => {
  const folder = join(stateDir, LOADS_FOLDER, jobId);
  return {
    folder,
    workingLog: join(folder, 'working-log'),
    parts: join(folder, 'parts'),
    keyIndex: join(folder, 'keys.db'),
    resume: join(folder, 'resume'),
    importLog: join(folder, `import-log-${jobId}`),
    earlyLog: join(folder, 'early-log'),
  };
};

/** Makes the folder (0700). Throws StationError StateDiskFull or StateDiskFailed. */
export const makeLoadFolder = async ({ folder }: LoadFolder): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  } catch (cause: unknown) {
    throw stateDiskError({ action: 'write', path: folder, cause });
  }
};

/**
 * Removes an early log that a killed daemon left: it takes room, and the next one is made from the first row on. Throws
 * StationError StateDiskFailed.
 */
export const dropEarlyLog = async ({ earlyLog }: LoadFolder): Promise<void> => {
  for (const path of [earlyLog, unfinishedLog(earlyLog)]) {
    try {
      await rm(path, { force: true });
    } catch (cause: unknown) {
      throw stateDiskError({ action: 'write', path, cause });
    }
  }
};

/** Removes what is of no use once the log lies in the bucket; the working log stays as the station's own record. */
export const tidyLoadFolder = async (files: LoadFolder): Promise<void> => {
  const { parts, keyIndex, resume, importLog } = files;
  await dropEarlyLog(files);
  for (const path of [parts, keyIndex, resume, importLog, unfinishedLog(importLog)]) await rm(path, { force: true });
};
