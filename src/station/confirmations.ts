// What a person has vouched for. It stands in the job's history, so it survives restarts and other bays, and it counts
// only for the drive that the person saw.

import type { JobId } from '#job/job-id.ts';
import type { Store } from '#store/contract.ts';
import type { StationHoldCode } from './hold.ts';

/** Holds that a person may vouch for. */
const CONFIRMABLE = [
  'OtherVolumeWithData',
  'NothingToLoad',
  'FilesFailed',
  'WalkNotTrusted',
  'SparseFile',
  'SecondReadingDiffers',
  'DuplicateSignature',
] as const satisfies readonly StationHoldCode[];

/** See CONFIRMABLE. */
export type ConfirmableCode = (typeof CONFIRMABLE)[number];

/** True where a person may vouch for a hold with this code. */
export const isConfirmable = (code: string): code is ConfirmableCode => CONFIRMABLE.some((one) => one === code);

/** The drive as it was vouched for. */
export interface VouchedDrive {
  readonly jobId: JobId;
  readonly attachmentId: string;
  readonly fingerprint: string;
}

/** The last word on a job's doubt of this code: was it said of this drive? */
export const isConfirmed = (
  { jobHistory }: Pick<Store, 'jobHistory'>,
  code: ConfirmableCode,
  { jobId, attachmentId, fingerprint }: VouchedDrive,
): boolean => {
  const last = jobHistory(jobId).findLast(({ cause, details }) => cause === 'confirmed' && details['code'] === code);
  if (last === undefined) return false;
  // Copies of a drive have one fingerprint; which of two is meant only their stay in a bay tells.
  return code === 'DuplicateSignature'
    ? last.details['attachmentId'] === attachmentId
    : last.details['drive'] === fingerprint;
};

/** What a person has vouched for in this job, in order, the last word on each doubt. */
export const vouchedFor = (
  { jobHistory }: Pick<Store, 'jobHistory'>,
  jobId: JobId,
): readonly { readonly code: string; readonly why: string }[] => {
  const words = new Map<string, string>();
  for (const { cause, details } of jobHistory(jobId)) {
    if (cause === 'confirmed') words.set(details['code'] ?? '', details['why'] ?? '');
  }
  return [...words].map(([code, why]) => ({ code, why }));
};
