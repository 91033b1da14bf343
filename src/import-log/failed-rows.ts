// The first files of a log that failed: enough for a person to see what kind of trouble it was.

import type { LogRow } from './contract.ts';
import { kindOf } from './ledger.ts';

/** The first failed rows, at most `limit`; reads no further than it must. */
export const firstFailedRows = async (rows: AsyncIterable<LogRow>, limit: number): Promise<readonly LogRow[]> => {
  const failed: LogRow[] = [];
  for await (const row of rows) {
    if (kindOf(row) === 'failed') failed.push(row);
    if (failed.length >= limit) break;
  }
  return failed;
};
