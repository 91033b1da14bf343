// The border of the bucket room: what S3, the SDK and the network say becomes a BucketProblem (decision 11). Nobody
// above reads an SDK name, an errno or an HTTP status.

import { printable } from '#language/printable.ts';
import { MalformedAnswer } from './http-answer.ts';
import type { BucketHoldCode, BucketProblem } from './contract.ts';

type Verdict =
  | { readonly scope: 'file' | 'transient'; readonly holdCode?: BucketHoldCode; readonly isThrottling?: true }
  | { readonly scope: 'bucket' | 'access-denied'; readonly holdCode: BucketHoldCode };

const hold = (holdCode: BucketHoldCode): Verdict => ({ scope: 'bucket', holdCode });
const TRANSIENT: Verdict = { scope: 'transient' };
const THROTTLING: Verdict = { scope: 'transient', isThrottling: true };
/** Waited out, and a hold where that does not help. */
const STRANGE: Verdict = { scope: 'transient', holdCode: 'NotS3Answer' };
const FILE: Verdict = { scope: 'file' };
const DENIED: Verdict = { scope: 'access-denied', holdCode: 'AccessDenied' };

/** S3's codes and their verdict; a code that is not here goes by its status. Codes of MinIO and Ceph have their name. */
const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ['NoSuchBucket', hold('NoSuchBucket')],
  ['InvalidBucketName', hold('NoSuchBucket')],
  ['InvalidAccessKeyId', hold('InvalidAccessKeyId')],
  ['InvalidClientTokenId', hold('InvalidAccessKeyId')],
  ['SignatureDoesNotMatch', hold('SignatureDoesNotMatch')],
  ['ExpiredToken', hold('ExpiredToken')],
  ['ExpiredTokenException', hold('ExpiredToken')],
  ['InvalidToken', hold('ExpiredToken')],
  // MinIO, for a session token that it did not give or that is over.
  ['InvalidTokenId', hold('ExpiredToken')],
  ['TokenRefreshRequired', hold('ExpiredToken')],
  ['AccountProblem', hold('AccountProblem')],
  ['AllAccessDisabled', hold('AccountProblem')],
  ['NotSignedUp', hold('AccountProblem')],
  // Ceph.
  ['UserSuspended', hold('AccountProblem')],
  ['RequestTimeTooSkewed', hold('RequestTimeTooSkewed')],
  ['RequestExpired', hold('RequestTimeTooSkewed')],
  ['PermanentRedirect', hold('WrongRegion')],
  ['AuthorizationHeaderMalformed', hold('WrongRegion')],
  ['IllegalLocationConstraintException', hold('WrongRegion')],
  ['AccessControlListNotSupported', hold('AccessControlListNotSupported')],
  ['InvalidStorageClass', hold('InvalidStorageClass')],
  // MinIO has nothing in front of these.
  ['KMSNotConfigured', hold('EncryptionKeyProblem')],
  ['KMSKeyNotFoundException', hold('EncryptionKeyProblem')],
  ['QuotaExceeded', hold('BucketFull')],
  ['XMinioAdminBucketQuotaExceeded', hold('BucketFull')],
  ['XMinioStorageFull', hold('BucketFull')],
  ['StorageFull', hold('BucketFull')],
  ['InsufficientStorage', hold('BucketFull')],
  ['AccessDenied', DENIED],
  ['AllAccessDenied', DENIED],
  ['SlowDown', THROTTLING],
  // MinIO.
  ['SlowDownRead', THROTTLING],
  ['SlowDownWrite', THROTTLING],
  ['RequestTimeout', TRANSIENT],
  ['RequestLimitExceeded', THROTTLING],
  ['Throttling', THROTTLING],
  ['ThrottlingException', THROTTLING],
  ['TooManyRequests', THROTTLING],
  ['InternalError', TRANSIENT],
  ['ServiceUnavailable', THROTTLING],
  ['TemporaryRedirect', TRANSIENT],
  ['KMS.ThrottlingException', THROTTLING],
  // Two writers met: the bucket asks to come again.
  ['OperationAborted', TRANSIENT],
  ['ConditionalRequestConflict', TRANSIENT],
  // The bytes that arrived are not those that were sent: they are sent again, as a broken connection is.
  ['BadDigest', TRANSIENT],
  ['IncompleteBody', TRANSIENT],
  ['XAmzContentSHA256Mismatch', TRANSIENT],
  ['XAmzContentChecksumMismatch', TRANSIENT],
]);

const STATUS = {
  firstNoSuccess: 300,
  firstClientError: 400,
  movedPermanently: 301,
  temporaryRedirect: 307,
  unauthorized: 401,
  forbidden: 403,
  requestTimeout: 408,
  tooManyRequests: 429,
  serverErrors: 500,
  notImplemented: 501,
  serviceUnavailable: 503,
  insufficientStorage: 507,
} as const;

/** The verdict on a refusal by its code, else by its status. */
const judge = (status: number, code: string): Verdict => {
  const known = VERDICTS.get(code);
  if (known !== undefined) return known;
  // An error after all, or what nobody can read: no refusal of S3, and no success either.
  if (status < STATUS.firstNoSuccess) return STRANGE;
  // MinIO writes `kms:KeyNotFound`.
  if (/^kms[.:]/iu.test(code)) return hold('EncryptionKeyProblem');
  if (status === STATUS.insufficientStorage) return hold('BucketFull');
  if (status === STATUS.movedPermanently) return hold('WrongRegion');
  if (status === STATUS.unauthorized || status === STATUS.forbidden) return DENIED;
  if (status === STATUS.tooManyRequests || status === STATUS.serviceUnavailable) return THROTTLING;
  if (status === STATUS.requestTimeout) return TRANSIENT;
  if (status === STATUS.temporaryRedirect) return TRANSIENT;
  // Sent elsewhere by what is not S3, which uses 301 and 307 alone: every object would be.
  if (status < STATUS.firstClientError) return hold('NotS3Answer');
  // What the bucket has not learnt it will not learn by waiting.
  if (status === STATUS.notImplemented) return FILE;
  return status >= STATUS.serverErrors ? TRANSIENT : FILE;
};

/** A refusal as S3 said it, judged by decision 11. */
export const refusal = (said: {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}): BucketProblem => ({
  kind: 'problem',
  ...judge(said.status, said.code),
  status: said.status,
  code: printable(said.code),
  message: printable(said.message),
});

/** System and Node codes of a connection that could not be made or broke. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

/** OpenSSL's verdicts on a certificate: waiting does not make it a good one. */
const CERTIFICATE_CODE =
  /^(?:CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|ERR_SSL_|CRL_|ERR_OSSL_)/u;

/**
 * Translates what a call of the SDK threw.
 * Errors: throws what is neither an answer of the bucket nor the network's doing, for that is a bug of ours.
 */
export const translateError = (error: unknown): BucketProblem => {
  if (!(error instanceof Error)) throw error;
  const answer = answerOf(error);
  if (answer !== undefined) return refusal({ ...answer, message: error.message });
  if (error instanceof MalformedAnswer) return strangeAnswer(error.message);
  const code = connectionCode(error);
  if (code === undefined) throw error;
  const verdict = CERTIFICATE_CODE.test(code) ? hold('BucketUnreachable') : TRANSIENT;
  return { kind: 'problem', ...verdict, status: 0, code, message: printable(error.message) };
};

/** Status and code of an error that carries an answer. */
const answerOf = (error: Error): { readonly status: number; readonly code: string } | undefined => {
  if (!('$metadata' in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  const { httpStatusCode: status } = metadata;
  if (typeof status !== 'number') return undefined;
  // A body that is no XML (a proxy's page): the status alone speaks.
  return { status, code: NOT_S3.has(error.name) ? `HTTP${String(status)}` : error.name };
};

const NOT_S3: ReadonlySet<string> = new Set(['Error', 'SyntaxError', 'TypeError', 'Unknown', 'UnknownError']);

const connectionCode = (error: Error): string | undefined => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && (NETWORK_CODES.has(code) || CERTIFICATE_CODE.test(code))) return code;
  // Several addresses, none of which answered.
  if (error instanceof AggregateError) {
    const first: unknown = error.errors.find((each: unknown) => each instanceof Error);
    return first instanceof Error ? connectionCode(first) : undefined;
  }
  return error.name === 'TimeoutError' ? 'ETIMEDOUT' : undefined;
};

/** An ETag without the quotes that some services leave out. */
export const bareEtag = (etag: string): string => etag.replaceAll('"', '');

/**
 * An answer with a status of success that is none of S3: a proxy's page, or an answer that was cut off. It acknowledges
 * nothing; where waiting does not help, something that is not the bucket answers.
 */
export const strangeAnswer = (what: string): BucketProblem => ({
  kind: 'problem',
  scope: 'transient',
  holdCode: 'NotS3Answer',
  status: 0,
  code: 'NotS3Answer',
  message: `The answer is not one of S3: ${what}`,
});

/**
 * The bucket acknowledged other bytes than were sent; sent again like a broken connection (decision 11). A service whose
 * digests are never those of what was sent would be asked without end: that is a hold.
 */
export const otherDigest = (what: string): BucketProblem => ({
  kind: 'problem',
  scope: 'transient',
  holdCode: 'NotS3Answer',
  status: 0,
  code: 'BadDigest',
  message: `The bucket acknowledged another ${what} than was sent`,
});
