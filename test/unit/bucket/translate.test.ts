import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRetry } from '#bucket/retry.ts';
import { otherDigest, refusal, translateError } from '#bucket/translate.ts';

describe('translateError', () => {
  const rows = [
    [404, 'NoSuchBucket', 'bucket', 'NoSuchBucket'],
    [400, 'InvalidBucketName', 'bucket', 'NoSuchBucket'],
    [403, 'InvalidAccessKeyId', 'bucket', 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch', 'bucket', 'SignatureDoesNotMatch'],
    [400, 'ExpiredToken', 'bucket', 'ExpiredToken'],
    [400, 'InvalidToken', 'bucket', 'ExpiredToken'],
    [403, 'InvalidTokenId', 'bucket', 'ExpiredToken'],
    [403, 'AccountProblem', 'bucket', 'AccountProblem'],
    [403, 'AllAccessDisabled', 'bucket', 'AccountProblem'],
    [403, 'RequestTimeTooSkewed', 'bucket', 'RequestTimeTooSkewed'],
    [301, 'PermanentRedirect', 'bucket', 'WrongRegion'],
    [301, 'Unknown', 'bucket', 'WrongRegion'],
    [400, 'AuthorizationHeaderMalformed', 'bucket', 'WrongRegion'],
    [400, 'AccessControlListNotSupported', 'bucket', 'AccessControlListNotSupported'],
    [400, 'InvalidStorageClass', 'bucket', 'InvalidStorageClass'],
    [400, 'KMS.DisabledException', 'bucket', 'EncryptionKeyProblem'],
    [400, 'KMS.NotFoundException', 'bucket', 'EncryptionKeyProblem'],
    [400, 'KMS.KMSInvalidStateException', 'bucket', 'EncryptionKeyProblem'],
    [501, 'KMSNotConfigured', 'bucket', 'EncryptionKeyProblem'],
    [507, 'XMinioStorageFull', 'bucket', 'BucketFull'],
    [507, 'Unknown', 'bucket', 'BucketFull'],
    [400, 'XMinioAdminBucketQuotaExceeded', 'bucket', 'BucketFull'],
    [403, 'QuotaExceeded', 'bucket', 'BucketFull'],
    [403, 'AccessDenied', 'access-denied', 'AccessDenied'],
    [403, 'Forbidden', 'access-denied', 'AccessDenied'],
    [401, 'Unauthorized', 'access-denied', 'AccessDenied'],
    [400, 'KMS.ThrottlingException', 'transient', undefined],
    [503, 'SlowDown', 'transient', undefined],
    [503, 'ServiceUnavailable', 'transient', undefined],
    [500, 'InternalError', 'transient', undefined],
    [200, 'InternalError', 'transient', undefined],
    [200, 'SyntaxError', 'transient', 'NotS3Answer'],
    [200, 'InvalidPart', 'transient', 'NotS3Answer'],
    [502, 'BadGateway', 'transient', undefined],
    [599, 'XMinioSomething', 'transient', undefined],
    [400, 'RequestTimeout', 'transient', undefined],
    [408, 'Timeout', 'transient', undefined],
    [429, 'Whatever', 'transient', undefined],
    [307, 'TemporaryRedirect', 'transient', undefined],
    [307, 'Redirect', 'transient', undefined],
    [302, 'Unknown', 'bucket', 'NotS3Answer'],
    [303, 'Unknown', 'bucket', 'NotS3Answer'],
    [308, 'Unknown', 'bucket', 'NotS3Answer'],
    [304, 'Unknown', 'bucket', 'NotS3Answer'],
    [409, 'OperationAborted', 'transient', undefined],
    [409, 'ConditionalRequestConflict', 'transient', undefined],
    [400, 'BadDigest', 'transient', undefined],
    [400, 'XAmzContentSHA256Mismatch', 'transient', undefined],
    [412, 'PreconditionFailed', 'file', undefined],
    [404, 'NoSuchUpload', 'file', undefined],
    [400, 'EntityTooLarge', 'file', undefined],
    [400, 'KeyTooLongError', 'file', undefined],
    [400, 'InvalidArgument', 'file', undefined],
    [501, 'NotImplemented', 'file', undefined],
  ] as const;
  for (const [status, code, scope, holdCode] of rows) {
    test(`translateError: gives ${holdCode ?? scope} for ${String(status)} ${code}`, () => {
      const problem = translateError(answerError({ status, code }));

      assert.equal(problem.scope, scope);
      assert.equal(problem.holdCode, holdCode);
      assert.equal(problem.status, status);
      assert.equal(problem.message, 'as S3 said it');
    });
  }

  test('translateError: keeps the code of S3', () => {
    assert.equal(translateError(answerError({ status: 412, code: 'PreconditionFailed' })).code, 'PreconditionFailed');
  });

  test('translateError: names the status, when the answer was not of S3', () => {
    const problem = translateError(answerError({ status: 502, code: 'SyntaxError' }));

    assert.deepEqual([problem.code, problem.scope], ['HTTP502', 'transient']);
  });

  test('translateError: lets nothing through that could steer a terminal', () => {
    const problem = translateError(answerError({ status: 400, code: 'Bad\u001b[31m', message: 'line\nfeed' }));

    assert.deepEqual([problem.code, problem.message], ['Bad\\u{1b}[31m', 'line\\u{a}feed']);
  });

  const networkCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'ETIMEDOUT'];
  for (const code of networkCodes) {
    test(`translateError: waits ${code} out`, () => {
      const problem = translateError(Object.assign(new Error(`connect ${code}`), { code }));

      assert.deepEqual([problem.scope, problem.status, problem.code], ['transient', 0, code]);
    });
  }

  test('translateError: waits a time limit of the SDK out', () => {
    const problem = translateError(Object.assign(new Error('too long'), { name: 'TimeoutError', $metadata: {} }));

    assert.deepEqual([problem.scope, problem.status, problem.code], ['transient', 0, 'ETIMEDOUT']);
  });

  test('translateError: looks into the failures of several addresses', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1'), { code: 'ECONNREFUSED' });

    assert.equal(translateError(new AggregateError([refused, refused])).code, 'ECONNREFUSED');
  });

  const certificateCodes = ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'];
  for (const code of certificateCodes) {
    test(`translateError: holds for a certificate with ${code}, which no waiting repairs`, () => {
      const problem = translateError(Object.assign(new Error('certificate'), { code }));

      assert.deepEqual([problem.scope, problem.holdCode], ['bucket', 'BucketUnreachable']);
    });
  }

  const bugs = [new TypeError('undefined is not a function'), new AggregateError([new Error('any')]), 'a text'];
  for (const bug of bugs) {
    test(`translateError: throws on what is neither the bucket's nor the network's: ${String(bug)}`, () => {
      assert.throws(
        () => translateError(bug),
        (thrown) => thrown === bug,
      );
    });
  }
});

for (const [status, code, isThrottling] of [
  [503, 'SlowDown', true],
  [503, 'SlowDownWrite', true],
  [503, 'HTTP503', true],
  [429, 'TooManyRequests', true],
  [400, 'RequestLimitExceeded', true],
  [500, 'InternalError', undefined],
  [502, 'HTTP502', undefined],
] as const) {
  test(`refusal: says whether ${String(status)} ${code} asks for fewer requests`, () => {
    assert.equal(refusal({ status, code, message: '' }).isThrottling, isThrottling);
  });
}

test('refusal: takes its scope from the status, when the code is not known', () => {
  assert.equal(refusal({ status: 503, code: 'Anything', message: '' }).scope, 'transient');
});

test('otherDigest: becomes a hold, when it is all that a bucket ever says', async () => {
  const retry = createRetry({ random: () => 0 });
  const deadline = AbortSignal.timeout(5000);

  const answer = await retry.run('key', () => Promise.resolve(otherDigest('MD5')), deadline);

  assert.ok(answer.kind === 'problem');
  assert.deepEqual([answer.scope, answer.holdCode, answer.code], ['bucket', 'NotS3Answer', 'BadDigest']);
});

test('otherDigest: is sent again like a broken connection', () => {
  assert.deepEqual([otherDigest('MD5').scope, otherDigest('MD5').code], ['transient', 'BadDigest']);
});

const answerError = (said: { readonly status: number; readonly code: string; readonly message?: string }): Error =>
  Object.assign(new Error(said.message ?? 'as S3 said it'), {
    name: said.code,
    $metadata: { httpStatusCode: said.status },
  });
