// A state that waits for a person: its code, and the facts that fill the catalogue's words.

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
  | 'LedgerDoesNotBalance'
  | 'LogNotWritten'
  | 'LoaderFailed'
  | 'LoaderNotAnswering'
  | 'LauncherUnreachable'
  | 'DriveInUse'
  | 'WorkingLogDamaged'
  | 'StateDiskFull';

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
