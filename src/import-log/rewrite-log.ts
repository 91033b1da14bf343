// Writes a working log anew: without rows whose files are to be loaded again (decision 13: the log alone decides what is
// done), or with the rows of files that a second reading found to be others.

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { LogRow, RowCode } from './contract.ts';
import { kindOf } from './ledger.ts';
import { WORKING_LOG_HEADER } from './row-format.ts';
import type { PassingRow } from './row-scanner.ts';
import { stateDiskError, syncFolder } from './state-disk.ts';
import { formatWorkingRow, keepRow, readWorkingLogBatches } from './working-log.ts';

const FILE_MODE = 0o600;
const VERIFY_STATUS = 500;
const VERIFY_CODE: RowCode = 'VerifyError';

/**
 * Writes the log anew without its failed rows, or without those of one code. Nobody may have it open for appending. Throws
 * StationError WorkingLogDamaged, StateDiskFull and StateDiskFailed.
 */
export const dropFailedRows = (workingLog: string, code?: RowCode): Promise<void> =>
  rewriteLog(workingLog, (row) =>
    kindOf(row) === 'failed' && (code === undefined || row.code === code) ? undefined : row,
  );

/** Gives loaded rows that did not stand a second reading their VerifyError (spec 8.4). As `dropFailedRows` otherwise. */
export const failVerified = (workingLog: string, isDiffering: (row: LogRow) => boolean): Promise<void> =>
  rewriteLog(workingLog, (row) =>
    kindOf(row) === 'loaded' && isDiffering(row)
      ? { ...keepRow(row), status: VERIFY_STATUS, code: VERIFY_CODE, md5: '' }
      : row,
  );

// In bounded memory: the old log or the new one is there, never half of one.
const rewriteLog = async (workingLog: string, change: (row: PassingRow) => LogRow | undefined): Promise<void> => {
  const fresh = `${workingLog}.new`;
  try {
    {
      await using file = await open(fresh, 'w', FILE_MODE);
      await file.writeFile(WORKING_LOG_HEADER);
      for await (const rows of readWorkingLogBatches(workingLog)) {
        const kept = rows.map(change).filter((row) => row !== undefined);
        await file.writeFile(Buffer.concat(kept.map(formatWorkingRow)));
      }
      await file.sync();
    }
    await rename(fresh, workingLog);
    await syncFolder(dirname(workingLog));
  } catch (error: unknown) {
    await rm(fresh, { force: true });
    throw stateDiskError({ action: 'write', path: workingLog, cause: error });
  }
};
