// Words for what is wrong with a drive before its files can be read.

import type { Family } from './words.ts';

/** Holds that a drive causes before anything is mounted, or by its mount. */
export const DRIVE_REASONS = {
  BlankDrive: {
    happened: 'The drive is blank: it holds neither partitions nor a file system.',
    actor: 'technician',
    todo: 'Check that this is the drive on the packing slip; if it is, take it out, put it aside and tell the customer that it arrived empty.',
    retryHelps: false,
  },
  NoFileSystem: {
    happened: 'The drive has partitions, but none of them holds a file system with files.',
    actor: 'technician',
    todo: 'Take the drive out, put it aside and ask the customer whether the right drive was sent.',
    retryHelps: false,
  },
  UnknownFileSystem: {
    happened: 'The station does not recognise how the data on {volume} is stored.',
    actor: 'technician',
    todo: 'Take the drive out, put it aside and ask the customer how it was formatted.',
    retryHelps: false,
  },
  UnsupportedFileSystem: {
    happened: 'The drive is formatted in a way that this station cannot read (type {type}).',
    actor: 'technician',
    todo: 'Try a station that can read this type; if there is none, take the drive out, put it aside and tell the customer which types are accepted.',
    retryHelps: false,
  },
  EncryptedVolume: {
    happened: 'The data on the drive is encrypted (type {type}).',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and tell the customer that encrypted drives cannot be loaded.',
    retryHelps: false,
  },
  LvmMember: {
    happened: 'The drive is one part of a group of drives (LVM) and cannot be read alone.',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer for a drive that can be read by itself.',
    retryHelps: false,
  },
  RaidMember: {
    happened: 'The drive is one part of a RAID set (type {type}) and cannot be read alone.',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer for a drive that can be read by itself.',
    retryHelps: false,
  },
  MultiDeviceFileSystem: {
    happened: 'The file system on the drive stretches over several drives, and the others are not here.',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer for a drive that can be read by itself.',
    retryHelps: false,
  },
  JournalNotClean: {
    happened:
      "The drive was unplugged from the customer's computer without being ejected; it cannot be read before that is repaired, and this station never writes to a drive.",
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer whether it may be sent back to be ejected properly.',
    retryHelps: false,
  },
  HibernatedVolume: {
    happened: 'The drive belongs to a Windows computer that was hibernated, so its files are not complete.',
    actor: 'customer',
    todo: 'Take the drive out, put it aside and ask the customer whether it may be sent back so that Windows can be shut down fully.',
    retryHelps: false,
  },
  MountFailed: {
    happened: 'The file system on the drive (type {type}) could not be opened: {message}.',
    actor: 'technician',
    todo: 'Check cable and power, then run `import-station retry {bay}`; if that does not help, take the drive out, put it aside and tell the customer that it is damaged.',
    retryHelps: true,
  },
  RootUnreadable: {
    happened: 'The top folder of the drive cannot be read: {message}.',
    actor: 'technician',
    todo: 'Try another cable or bay, then run `import-station retry {bay}`; if it stays so, the file system is damaged and the customer has to send another drive.',
    retryHelps: true,
  },
  DriveInUse: {
    happened: 'Something else on this host uses the drive: {inUseBy}.',
    actor: 'operator',
    todo: 'End that use on the host, then run `import-station retry {bay}`, or take the drive out.',
    retryHelps: true,
  },
  ProbeFailed: {
    happened: 'The station could not find out what is on the drive: {message}.',
    actor: 'technician',
    todo: 'Check cable and power or use another bay, then run `import-station retry {bay}`; if that does not help, take the drive out and put it aside.',
    retryHelps: true,
  },
  BadContact: {
    happened: 'Three times within a minute a drive left {bay} before its SIGNATURE was read.',
    actor: 'technician',
    todo: 'Change the cable or use another bay; this ends by itself when a drive stays, or with `import-station retry {bay}`.',
    retryHelps: true,
  },
  TooManyVolumes: {
    happened: 'The drive has more volumes than a customer drive can have.',
    actor: 'technician',
    todo: 'Take the drive out, put it aside and ask the customer whether the right drive was sent.',
    retryHelps: false,
  },
} as const satisfies Family;
