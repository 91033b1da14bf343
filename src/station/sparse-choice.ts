// What a person has said of sparse files (hold SparseFile): `confirm` sends them, `reject` gives them failed rows. The last
// word stands in the job's history, so a restart or another bay changes nothing; it counts for the drive that it was said of.

import type { DaemonMessage } from '#protocol/loader.ts';
import type { Store } from '#store/contract.ts';
import type { VouchedDrive } from './confirmations.ts';

type Choice = Extract<DaemonMessage, { readonly kind: 'order' }>['sparse'];

/** Cause in the history of a job whose files were turned down. */
export const FILES_REJECTED = 'files-rejected';

const CHOICES: ReadonlyMap<string, Choice> = new Map([
  ['confirmed', 'send'],
  [FILES_REJECTED, 'refuse'],
]);

/** What a loader is to do with them. */
export const sparseChoice = (
  { jobHistory }: Pick<Store, 'jobHistory'>,
  { jobId, fingerprint }: Pick<VouchedDrive, 'jobId' | 'fingerprint'>,
): Choice => {
  const last = jobHistory(jobId).findLast(
    ({ cause, details }) => CHOICES.has(cause) && details['code'] === 'SparseFile' && details['drive'] === fingerprint,
  );
  return (last === undefined ? undefined : CHOICES.get(last.cause)) ?? 'wait';
};
