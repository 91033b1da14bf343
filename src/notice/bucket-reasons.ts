// Words for what a bucket refuses as a whole: as the hold of a load, and as the refusal of a command that asked the
// bucket. Both share an entry, so the words fit a drive in a bay and a job that is being made.

import type { Family } from './words.ts';

const AGAIN = 'then run `import-station retry {bay}`, or give the refused command again';
// A job goes on with the key that it was made with for as long as that one may load.
const OLD_KEY =
  ' (where it has another ID, also remove the old one with `account key remove`, or limit it with `account key add --signs`)';

/** Holds and refusals that a bucket causes (decision 11). */
export const BUCKET_REASONS = {
  NoSuchBucket: {
    happened: 'The bucket does not exist ({bucket}).',
    actor: 'customer',
    todo: `Ask the customer to create the bucket, ${AGAIN}.`,
    retryHelps: true,
  },
  InvalidAccessKeyId: {
    happened:
      'The access key is not known, either to the account here or to the service that holds the bucket ({keyId}).',
    actor: 'customer',
    todo: `Get a valid key from the customer and store it with \`import-station account key add\`${OLD_KEY}, ${AGAIN}.`,
    retryHelps: true,
  },
  SignatureDoesNotMatch: {
    happened: 'The secret that is stored for the access key is not the right one ({keyId}).',
    actor: 'operator',
    todo: `Get the right secret from the customer and store it with \`import-station account key add\`, ${AGAIN}.`,
    retryHelps: true,
  },
  ExpiredToken: {
    happened: 'The temporary key that loads the data has expired.',
    actor: 'customer',
    todo: `Get a new key and session token from the customer and store them with \`import-station account key add\`${OLD_KEY}, ${AGAIN}.`,
    retryHelps: true,
  },
  AccountProblem: {
    happened: "The service that holds the bucket has blocked the customer's account: {message}.",
    actor: 'customer',
    todo: `Ask the customer to settle this with that service, ${AGAIN}.`,
    retryHelps: true,
  },
  RequestTimeTooSkewed: {
    happened: "The clock of this host is more than 15 minutes off the clock of the bucket's service.",
    actor: 'operator',
    todo: `Set the clock of this host and switch on its synchronisation, ${AGAIN}.`,
    retryHelps: true,
  },
  WrongRegion: {
    happened: 'The bucket lies in another region than the one stored with the job ({region}).',
    actor: 'operator',
    todo: `Correct the account's region or ask the customer whether the bucket was moved, ${AGAIN}.`,
    retryHelps: true,
  },
  AccessControlListNotSupported: {
    happened: 'The manifest asks for an `acl`, but the bucket does not accept access control lists.',
    actor: 'customer',
    todo: `Ask the customer to switch access control lists on in the bucket or to leave \`acl\` out of the manifest, ${AGAIN}.`,
    retryHelps: true,
  },
  InvalidStorageClass: {
    happened: 'The bucket does not have the storage class that the manifest names in `storageClass`.',
    actor: 'customer',
    todo: `Ask the customer to leave \`storageClass\` out of the manifest or to name one that the bucket has, ${AGAIN}.`,
    retryHelps: true,
  },
  EncryptionKeyProblem: {
    happened: 'The bucket cannot encrypt what is loaded: {message}.',
    actor: 'customer',
    todo: `Ask the customer to repair the bucket's encryption key and its permissions, ${AGAIN}.`,
    retryHelps: true,
  },
  BucketFull: {
    happened: 'The bucket takes no more data: its space or quota is used up.',
    actor: 'customer',
    todo: `Ask the customer to make room or to raise the quota, ${AGAIN}.`,
    retryHelps: true,
  },
  AccessDenied: {
    happened: "The customer's key may not write where the manifest says ({bucket}).",
    actor: 'customer',
    todo: `Ask the customer to permit writing there, ${AGAIN}.`,
    retryHelps: true,
  },
  BucketUnreachable: {
    happened: 'The service that holds the bucket does not answer: {message}.',
    actor: 'operator',
    todo: `Check this host's network and the account's endpoint, ${AGAIN}.`,
    retryHelps: true,
  },
  NotS3Answer: {
    happened: 'What answers in place of the bucket does not answer as S3 does: {message}.',
    actor: 'operator',
    todo: `Check the account's endpoint, and whether a proxy or a login page stands between this host and the service, ${AGAIN}.`,
    retryHelps: true,
  },
} as const satisfies Family;
