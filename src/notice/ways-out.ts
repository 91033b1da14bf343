// How each hold can end. Only ways that lead somewhere: `retry` where a repaired cause lets it go on, `confirm` where a
// person can know better than the station, `reject` where a code of spec 3.8 fits, and the drive itself.

import type { BUCKET_REASONS } from './bucket-reasons.ts';
import type { WayOut } from './contract.ts';
import type { DRIVE_REASONS } from './drive-reasons.ts';
import type { LOAD_REASONS, SIGNATURE_REASONS, STATION_REASONS } from './station-reasons.ts';

/** Codes of all holds. */
type HoldCode = keyof (typeof DRIVE_REASONS &
  typeof SIGNATURE_REASONS &
  typeof LOAD_REASONS &
  typeof STATION_REASONS &
  typeof BUCKET_REASONS);

const UNREADABLE: readonly WayOut[] = ['reject', 'take-out'];
const DAMAGED: readonly WayOut[] = ['retry', 'reject', 'take-out'];
const REPAIRED: readonly WayOut[] = ['retry', 'take-out'];
const OVER: readonly WayOut[] = ['take-out'];
const VOUCHED: readonly WayOut[] = ['confirm', 'reject', 'take-out'];

/** The ways out of every hold, by its code. */
export const WAYS_OUT: Readonly<Record<HoldCode, readonly WayOut[]>> = {
  BlankDrive: UNREADABLE,
  NoFileSystem: UNREADABLE,
  UnknownFileSystem: UNREADABLE,
  UnsupportedFileSystem: UNREADABLE,
  EncryptedVolume: UNREADABLE,
  LvmMember: UNREADABLE,
  RaidMember: UNREADABLE,
  MultiDeviceFileSystem: UNREADABLE,
  JournalNotClean: UNREADABLE,
  HibernatedVolume: UNREADABLE,
  TooManyVolumes: UNREADABLE,
  MountFailed: DAMAGED,
  ProbeFailed: DAMAGED,
  RootUnreadable: DAMAGED,
  DriveInUse: REPAIRED,
  BadContact: ['retry', 'reject'],

  MissingSignature: UNREADABLE,
  MalformedSignature: UNREADABLE,
  InvalidSignature: UNREADABLE,
  SignatureNotAFile: UNREADABLE,
  SignatureTooLarge: UNREADABLE,
  SeveralSignatures: UNREADABLE,
  UnknownJob: OVER,
  ExpiredJob: OVER,
  CanceledJob: OVER,
  AbortedJob: OVER,
  AlreadyLoaded: OVER,
  DifferentDrive: UNREADABLE,
  DuplicateSignature: ['retry', 'confirm', 'reject', 'take-out'],
  OtherVolumeWithData: VOUCHED,
  NothingToLoad: VOUCHED,
  NotReceivedYet: REPAIRED,

  FilesFailed: ['retry', 'confirm', 'reject'],
  WalkNotTrusted: ['retry', 'confirm', 'reject'],
  SparseFile: VOUCHED,
  SecondReadingDiffers: ['retry', 'confirm', 'reject'],
  NoRoomForLog: REPAIRED,
  LedgerDoesNotBalance: DAMAGED,
  LogNotWritten: REPAIRED,
  LoaderFailed: DAMAGED,
  LoaderNotAnswering: DAMAGED,
  LauncherUnreachable: REPAIRED,
  LaunchRefused: OVER,
  Interrupted: ['plug-in', 'reject'],
  WorkingLogDamaged: REPAIRED,
  PartsJournalDamaged: REPAIRED,
  StateDiskFull: REPAIRED,
  StateDiskFailed: REPAIRED,
  HeldByPerson: DAMAGED,
  ClockOff: REPAIRED,

  NoSuchBucket: REPAIRED,
  InvalidAccessKeyId: REPAIRED,
  SignatureDoesNotMatch: REPAIRED,
  ExpiredToken: REPAIRED,
  AccountProblem: REPAIRED,
  RequestTimeTooSkewed: REPAIRED,
  WrongRegion: REPAIRED,
  AccessControlListNotSupported: REPAIRED,
  InvalidStorageClass: REPAIRED,
  EncryptionKeyProblem: REPAIRED,
  BucketFull: REPAIRED,
  AccessDenied: REPAIRED,
  BucketUnreachable: REPAIRED,
  NotS3Answer: REPAIRED,
};
