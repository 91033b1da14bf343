// An object's address for people and browsers, in the style of its endpoint.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectUrl, s3Address, type ObjectPlace } from '#object/object-url.ts';

const PLACE: ObjectPlace = {
  region: 'eu-west-1',
  forcePathStyle: false,
  bucket: 'my-bucket',
  key: 'logs/import-log-53TX4',
};

const ROWS: readonly (readonly [what: string, change: Partial<ObjectPlace>, url: string])[] = [
  ['AWS', {}, 'https://my-bucket.s3.eu-west-1.amazonaws.com/logs/import-log-53TX4'],
  ['AWS in China', { region: 'cn-north-1' }, 'https://my-bucket.s3.cn-north-1.amazonaws.com.cn/logs/import-log-53TX4'],
  [
    'AWS and a bucket with dots, which no certificate names',
    { bucket: 'my.bucket' },
    'https://s3.eu-west-1.amazonaws.com/my.bucket/logs/import-log-53TX4',
  ],
  [
    'an old bucket that is no host name',
    { bucket: 'My_Bucket' },
    'https://s3.eu-west-1.amazonaws.com/My_Bucket/logs/import-log-53TX4',
  ],
  [
    'a service of its own',
    { endpoint: 'https://s3.example.com:9000/' },
    'https://my-bucket.s3.example.com:9000/logs/import-log-53TX4',
  ],
  [
    'a service in path style, below a path',
    { endpoint: 'https://example.com/s3/', forcePathStyle: true },
    'https://example.com/s3/my-bucket/logs/import-log-53TX4',
  ],
  [
    'a service by its address',
    { endpoint: 'http://192.0.2.1:9000' },
    'http://192.0.2.1:9000/my-bucket/logs/import-log-53TX4',
  ],
  [
    'a service by its IPv6 address',
    { endpoint: 'http://[::1]:9000' },
    'http://[::1]:9000/my-bucket/logs/import-log-53TX4',
  ],
  [
    'a key that a URL cannot hold as it is',
    { key: 'a b/ü?#&<>"\'(1)*!' },
    'https://my-bucket.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC%3F%23%26%3C%3E%22%27%281%29%2A%21',
  ],
];

for (const [what, change, url] of ROWS) {
  test(`objectUrl: is in the endpoint's own style, for ${what}`, () => {
    assert.equal(objectUrl({ ...PLACE, ...change }), url);
  });
}

test('s3Address: is what the tools of S3 take', () => {
  assert.equal(s3Address(PLACE), 's3://my-bucket/logs/import-log-53TX4');
});
