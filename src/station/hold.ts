// A state that waits for a person: its code, and the facts that fill the catalogue's words.

import { noticeOf, reasonOf } from '#notice/catalogue.ts';
import type { Notice } from '#notice/contract.ts';

/** Codes of the holds that arise in the station itself; drive, bucket and row codes have their own unions. */
export type StationHoldCode =
  | 'MissingSignature'
  | 'MalformedSignature'
  | 'InvalidSignature'
  | 'SignatureNotAFile'
  | 'SignatureTooLarge'
  | 'UnknownJob'
  | 'ExpiredJob'
  | 'CanceledJob'
  | 'AbortedJob'
  | 'AlreadyLoaded'
  | 'SeveralSignatures'
  | 'DuplicateSignature'
  | 'DifferentDrive'
  | 'OtherVolumeWithData'
  | 'NothingToLoad'
  | 'FilesFailed'
  | 'WalkNotTrusted'
  | 'SparseFile'
  | 'SecondReadingDiffers'
  | 'NoRoomForLog'
  | 'NotReceivedYet'
  | 'BadContact'
  | 'HeldByPerson'
  | 'ClockOff'
  | 'LedgerDoesNotBalance'
  | 'LogNotWritten'
  | 'LoaderFailed'
  | 'LoaderNotAnswering'
  | 'LauncherUnreachable'
  | 'DriveInUse'
  | 'WorkingLogDamaged'
  | 'StateDiskFull'
  | 'StateDiskFailed';

/** A hold. `code` is one of this room's, of the drive's or of the bucket's; `details` fill the words. */
export interface Hold {
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
}

/** Makes a hold of one of the station's own codes. */
export const hold = (code: StationHoldCode, details: Readonly<Record<string, string>> = {}): Hold => ({
  code,
  details,
});

/** The words for a hold; a code that the catalogue lacks (a newer launcher's) is shown as a failed loader. */
export const holdNotice = ({ code, details }: Hold, place: Readonly<Record<string, string>>): Notice => {
  const words = { message: details['problem'] ?? '', problem: details['message'] ?? '', ...place, ...details };
  return reasonOf(code) === undefined ? noticeOf('LoaderFailed', { ...words, message: code }) : noticeOf(code, words);
};
