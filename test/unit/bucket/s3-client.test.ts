import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BucketAccess } from '#bucket/contract.ts';
import { createLane } from '#bucket/s3-client.ts';
import { requestTimeoutMs } from '#bucket/wire-rules.ts';
import { Secret } from '#language/secret.ts';
import { GIB, HOUR_MS, MIB, MINUTE_MS } from '#language/units.ts';

const ACCESS: BucketAccess = {
  bucket: 'toady',
  region: 'eu-west-1',
  forcePathStyle: false,
  isNetworkTrusted: false,
  sse: 'none',
  accessKeyId: 'key',
  secretAccessKey: new Secret('secret'),
};

const UNSIGNED = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };

const payloads = [
  { settings: {}, headers: UNSIGNED, what: 'unsigned to AWS' },
  { settings: { endpoint: 'HTTPS://s3.example' }, headers: UNSIGNED, what: 'unsigned over https' },
  { settings: { endpoint: 'HTTP://s3.example' }, headers: {}, what: 'signed over plain http' },
  {
    settings: { endpoint: 'http://s3.example', isNetworkTrusted: true },
    headers: UNSIGNED,
    what: 'unsigned over plain http, where the network is trusted',
  },
];
for (const { settings, headers, what } of payloads) {
  test(`createLane: sends bodies ${what}`, () => {
    const lane = createLane({ ...ACCESS, ...settings });

    assert.deepEqual(lane.payloadHeaders, headers);
    lane.client.destroy();
  });
}

test('createLane: names the owner, where one is known', () => {
  const plain = createLane(ACCESS);
  const owned = createLane({ ...ACCESS, expectedBucketOwner: '123456789012' });

  assert.deepEqual(plain.target, { Bucket: 'toady' });
  assert.deepEqual(owned.target, { Bucket: 'toady', ExpectedBucketOwner: '123456789012' });
  plain.client.destroy();
  owned.client.destroy();
});

test('requestTimeoutMs: grows with the body, so that a slow line is not taken for a hung one', () => {
  assert.equal(requestTimeoutMs(0), 2 * MINUTE_MS);
  assert.equal(requestTimeoutMs(MIB), 2 * MINUTE_MS + 32_000);
  assert.ok(requestTimeoutMs(5 * GIB) > 24 * HOUR_MS);
});
