import assert from 'node:assert/strict';
import { test } from 'node:test';
import { propertyHeaders } from '#bucket/property-headers.ts';

test('propertyHeaders: gives every property as it was written', () => {
  const headers = propertyHeaders({
    contentType: 'text/plain',
    contentEncoding: 'gzip',
    cacheControl: 'no-cache',
    contentDisposition: 'inline',
    contentLanguage: 'de',
    expires: 'soon',
    acl: 'public-read',
    storageClass: 'REDUCED_REDUNDANCY',
    metadata: { Disk: '7' },
  });

  assert.deepEqual(headers, {
    'content-type': 'text/plain',
    'content-encoding': 'gzip',
    'cache-control': 'no-cache',
    'content-disposition': 'inline',
    'content-language': 'de',
    expires: 'soon',
    'x-amz-acl': 'public-read',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-meta-disk': '7',
  });
});

test('propertyHeaders: gives no header for what is absent', () => {
  assert.deepEqual(propertyHeaders({ contentType: 'text/plain', metadata: {} }), { 'content-type': 'text/plain' });
});
