// Takes the failed rows out of a working log, so that their files are loaded again and no others (decision 13: the log alone
// decides what is done).

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { kindOf } from './ledger.ts';
import { WORKING_LOG_HEADER } from './row-format.ts';
import { stateDiskError, syncFolder } from './state-disk.ts';
import { formatWorkingRow, readWorkingLogBatches } from './working-log.ts';

const FILE_MODE = 0o600;

/**
 * Writes the log anew without its failed rows, in bounded memory: the old log or the new one is there, never half of one.
 * Nobody may have it open for appending. Throws StationError WorkingLogDamaged, StateDiskFull and StateDiskFailed.
 */
export const dropFailedRows = async (workingLog: string): Promise<void> => {
  const fresh = `${workingLog}.new`;
  try {
    {
      await using file = await open(fresh, 'w', FILE_MODE);
      await file.writeFile(WORKING_LOG_HEADER);
      for await (const rows of readWorkingLogBatches(workingLog)) {
        await file.writeFile(Buffer.concat(rows.filter((row) => kindOf(row) !== 'failed').map(formatWorkingRow)));
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
