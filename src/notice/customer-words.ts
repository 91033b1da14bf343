// What a customer can do about a hold, in words for the customer: the catalogue's own `todo` speaks to whoever stands
// before the station.

import { reasonOf } from './catalogue.ts';

const REPLY = 'then answer this mail, so that the station goes on';
const RETURN =
  'It lies here, unread. Answer this mail and say whether it is to be sent back as it is, so that you can repair it and send it again';

/** Words by code; every hold that the customer must act on has some. */
export const CUSTOMER_WORDS: Readonly<Record<string, string>> = {
  MissingSignature: `${RETURN}.`,
  MalformedSignature: `${RETURN}.`,
  InvalidSignature: `${RETURN}. The manifest must be, byte for byte, the one that the job was made with.`,
  SignatureNotAFile: `${RETURN}.`,
  SignatureTooLarge: `${RETURN}.`,
  ExpiredJob: 'Make a new job, and answer this mail: the drive needs the SIGNATURE file of the new job.',
  SeveralSignatures: 'Answer this mail and say which job the drive is for.',
  OtherVolumeWithData: 'Answer this mail and say whether that data belongs to the job.',
  SparseFile:
    'Answer this mail and say whether these files are to be sent in full, with all that is empty in them, or to be left out. Everything else is in the bucket already.',
  NothingToLoad: `Look whether the copy to the drive failed, or the manifest ignores too much. ${RETURN}.`,
  EncryptedVolume: `${RETURN}. Only drives that are not encrypted can be loaded.`,
  LvmMember: `${RETURN}. The data must be on a drive that can be read by itself.`,
  RaidMember: `${RETURN}. The data must be on a drive that can be read by itself.`,
  MultiDeviceFileSystem: `${RETURN}. The data must be on a drive that can be read by itself.`,
  JournalNotClean: `${RETURN}. Eject it before you unplug it.`,
  HibernatedVolume: `${RETURN}. Shut Windows down fully before you unplug it.`,
  LogNotWritten: `Permit writing the log under the key that the manifest says, ${REPLY}. Your data is in the bucket already.`,
  NoSuchBucket: `Create the bucket, ${REPLY}.`,
  InvalidAccessKeyId: `Make a key that may write to the bucket and give it to us on the way that you gave us the first one (never by mail), ${REPLY}.`,
  ExpiredToken: `Make a new key and session token and give them to us on the way that you gave us the first ones (never by mail), ${REPLY}.`,
  AccountProblem: `Settle this with the service that holds the bucket, ${REPLY}.`,
  AccessControlListNotSupported: `Switch access control lists on in the bucket, or ask for a manifest without \`acl\`, ${REPLY}.`,
  InvalidStorageClass: `Name a storage class that the bucket has, or ask for a manifest without \`storageClass\`, ${REPLY}.`,
  EncryptionKeyProblem: `Repair the bucket's encryption key and its permissions, ${REPLY}.`,
  BucketFull: `Make room in the bucket or raise its quota, ${REPLY}.`,
  AccessDenied: `Permit your key to write where the manifest says, ${REPLY}.`,
};

/** True where only the customer can end a hold with this code. */
export const isForCustomer = (code: string): boolean => reasonOf(code)?.actor === 'customer';

/** What it means for the customer that a person at the station has vouched for a hold of this code. */
export const VOUCHED_WORDS: Readonly<Record<string, string>> = {
  OtherVolumeWithData: 'The drive has another volume with data, which was not loaded.',
  NothingToLoad: 'The drive had nothing to load.',
  SparseFile: 'Files that are empty for the most part were sent in full.',
  FilesFailed: 'Files had failed, and were not tried once more.',
  WalkNotTrusted:
    'The drive may hold files that it did not show; these were not loaded, and the log does not name them.',
  SecondReadingDiffers:
    'Read a second time, files gave other bytes than were loaded; the log names them with VerifyError.',
  DuplicateSignature: 'More than one drive showed the SIGNATURE of this job; this one was loaded.',
};
