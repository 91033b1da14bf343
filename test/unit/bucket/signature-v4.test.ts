// Signature Version 4 against the examples that AWS publishes for S3 ("Examples: Signature Calculations in AWS Signature
// Version 4", Authorization header).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import {
  canonicalForm,
  createSignatureV4,
  signatureDate,
  type FormValues,
  type RequestForm,
} from '#bucket/signature-v4.ts';
import { Secret } from '#language/secret.ts';

const EMPTY = createHash('sha256').update('').digest('hex');
const WELCOME = createHash('sha256').update('Welcome to Amazon S3.').digest('hex');
const DATE_TIME = '20130524T000000Z';
const ALWAYS = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-date': DATE_TIME };

const signCanonical = createSignatureV4({
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  region: 'us-east-1',
  service: 's3',
});

type WholeRequest = Omit<RequestForm, 'open'> & Omit<FormValues, 'values'>;

/** A request of which nothing is open. */
const canonicalRequest = ({ method, headers, ...own }: WholeRequest) => {
  const { fill, signedHeaders } = canonicalForm({ method, headers, open: [] });
  return { canonical: fill({ ...own, values: [] }), signedHeaders };
};

const sign = ({ dateTime, ...request }: WholeRequest & { readonly dateTime: string }): string => {
  const { canonical, signedHeaders } = canonicalRequest(request);
  return signCanonical(canonical, { dateTime, signedHeaders });
};

const VECTORS = [
  {
    what: 'GET Object with a range',
    request: {
      method: 'GET',
      path: '/test.txt',
      query: '',
      headers: { ...ALWAYS, range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY },
      payloadHash: EMPTY,
    },
    signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    what: 'PUT Object with a dollar in its key and a storage class',
    request: {
      method: 'PUT',
      path: '/test%24file.text',
      query: '',
      headers: {
        ...ALWAYS,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-content-sha256': WELCOME,
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      payloadHash: WELCOME,
    },
    signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    what: 'GET Bucket Lifecycle, a query without a value',
    request: {
      method: 'GET',
      path: '/',
      query: 'lifecycle=',
      headers: { ...ALWAYS, 'x-amz-content-sha256': EMPTY },
      payloadHash: EMPTY,
    },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    what: 'GET Bucket, a query of two',
    request: {
      method: 'GET',
      path: '/',
      query: 'max-keys=2&prefix=J',
      headers: { ...ALWAYS, 'x-amz-content-sha256': EMPTY },
      payloadHash: EMPTY,
    },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
] as const;

for (const { what, request, signedHeaders, signature } of VECTORS) {
  test(`signatureV4: is that of AWS, for ${what}`, () => {
    const authorization = sign({ ...request, dateTime: DATE_TIME });

    assert.equal(
      authorization,
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        `SignedHeaders=${signedHeaders}, Signature=${signature}`,
    );
  });
}

test('signatureV4: derives another key on another day', () => {
  const [{ request }] = VECTORS;
  const first = sign({ ...request, dateTime: DATE_TIME });
  const next = sign({ ...request, dateTime: '20130525T000000Z' });

  assert.notEqual(first.slice(-64), next.slice(-64));
  assert.equal(sign({ ...request, dateTime: DATE_TIME }), first);
});

test('canonicalForm: sorts headers, and takes blanks out where the rule says so', () => {
  const headers = { b: '  two   blanks ', a: 'x', 'c-d': 'a b' };

  const { canonical, signedHeaders } = canonicalRequest({
    method: 'PUT',
    path: '/k',
    query: '',
    headers,
    payloadHash: 'h',
  });

  assert.equal(canonical, 'PUT\n/k\n\na:x\nb:two blanks\nc-d:a b\n\na;b;c-d\nh');
  assert.equal(signedHeaders, 'a;b;c-d');
});

test('canonicalForm: puts what is open where the whole request has it', () => {
  const headers = { host: 'h', 'content-type': 'text/plain', 'x-amz-date': DATE_TIME };
  const own = { 'content-md5': 'm', 'x-amz-content-sha256': 'p' };
  const request = { method: 'PUT', path: '/k', query: 'a=b', payloadHash: 'p' };

  const { fill, signedHeaders } = canonicalForm({ method: 'PUT', headers, open: Object.keys(own) });

  const whole = canonicalRequest({ ...request, headers: { ...headers, ...own } });
  assert.equal(fill({ ...request, values: Object.values(own) }), whole.canonical);
  assert.equal(signedHeaders, whole.signedHeaders);
});

test('signatureDate: is to the second, without separators', () => {
  assert.equal(signatureDate(new Date('2013-05-24T01:02:03.987Z')), '20130524T010203Z');
});
