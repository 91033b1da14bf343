// Words for the rows of an import log (spec 4.4): what happened to one file.

import type { Family } from './words.ts';

const NOTHING = 'Nothing is to be done.';

/** Codes that the station gives a file by itself. */
export const ROW_REASONS = {
  OK: { happened: 'The file was loaded.', actor: 'nobody', todo: NOTHING, retryHelps: false },
  Ignored: {
    happened: 'The file was left out on purpose: it is the SIGNATURE file, or the manifest says to ignore it.',
    actor: 'nobody',
    todo: NOTHING,
    retryHelps: false,
  },
  InvalidFileName: {
    happened: 'The name of the file is not valid UTF-8, so it cannot be an object key.',
    actor: 'customer',
    todo: 'Rename the file and load it another way.',
    retryHelps: false,
  },
  InvalidSubstitution: {
    happened: "The substitutions of the manifest leave nothing of the file's key.",
    actor: 'customer',
    todo: 'Correct the substitutions in the next manifest and load the file another way.',
    retryHelps: false,
  },
  InvalidKeyCharacter: {
    happened: 'The key of the file would hold a character that a bucket cannot list.',
    actor: 'customer',
    todo: 'Rename the file, or map the character away by a substitution in the next manifest.',
    retryHelps: false,
  },
  InvalidKeySegment: {
    happened: 'Prefix or substitutions would give the file a key with an empty part, `.` or `..`.',
    actor: 'customer',
    todo: 'Correct prefix or substitutions in the next manifest and load the file another way.',
    retryHelps: false,
  },
  KeyTooLong: {
    happened: 'The key of the file would be longer than 1,024 bytes.',
    actor: 'customer',
    todo: 'Shorten the path of the file or the prefix, and load the file another way.',
    retryHelps: false,
  },
  EntityTooLarge: {
    happened:
      'The file is larger than the account permits, or it claims far more bytes than the drive holds of it and was not to be sent.',
    actor: 'customer',
    todo: 'Split the file, or ask the operator for a larger limit; copy a file that is empty for the most part in a packed form. Load it another way.',
    retryHelps: false,
  },
  KeyCollision: {
    happened: 'Another file of this drive, or the import log itself, already has the key of this file.',
    actor: 'customer',
    todo: 'Rename one of the two, or change the substitutions in the next manifest.',
    retryHelps: false,
  },
  UnsupportedFileType: {
    happened: 'It is no regular file but a link, a socket, a pipe or a device, and these are not followed.',
    actor: 'customer',
    todo: 'Copy what the link points to onto the drive if it is needed.',
    retryHelps: false,
  },
  ReadError: {
    happened: 'The file or folder could not be read from the drive.',
    actor: 'customer',
    todo: 'Load the file from the original; the drive may be failing.',
    retryHelps: false,
  },
  FileChanged: {
    happened: 'The file gave other bytes than when it was read before.',
    actor: 'customer',
    todo: 'Load the file from the original, also where the bucket has an object of it; the drive may be failing.',
    retryHelps: false,
  },
  VerifyError: {
    happened: 'Reading the file a second time gave another checksum than the stored object has.',
    actor: 'customer',
    todo: 'Load the file from the original, also where the bucket has an object of it; the drive may be failing.',
    retryHelps: false,
  },
  Canceled: {
    happened: 'The job was cancelled before this file was finished.',
    actor: 'nobody',
    todo: NOTHING,
    retryHelps: false,
  },
} as const satisfies Family;

/** For S3's own codes, which stand in a row as S3 gave them. */
export const REFUSED_BY_BUCKET = {
  happened: 'The bucket refused the file with this code of its own.',
  actor: 'customer',
  todo: "Look the code up in the documentation of the bucket's service, repair the cause and load the file another way.",
  retryHelps: false,
} as const;
