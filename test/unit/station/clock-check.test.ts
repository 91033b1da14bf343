import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import type { BucketAccess } from '#bucket/contract.ts';
import { Secret } from '#language/secret.ts';
import { MINUTE_MS } from '#language/units.ts';
import { createClockCheck } from '#station/clock-check.ts';

const accessTo = (bucket: string): BucketAccess => ({
  bucket,
  region: 'eu-west-1',
  forcePathStyle: true,
  isNetworkTrusted: false,
  sse: 'none',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('not told'),
});

const { signal } = new AbortController();

for (const { skewMs, isHeld } of [
  { skewMs: 5 * MINUTE_MS, isHeld: false },
  { skewMs: -5 * MINUTE_MS - 1, isHeld: true },
  { skewMs: 6 * MINUTE_MS, isHeld: true },
  { skewMs: Number.NaN, isHeld: false },
  { skewMs: undefined, isHeld: false },
]) {
  test(`clock: ${isHeld ? 'holds' : 'lets pass'}, for a difference of ${String(skewMs)} ms`, async () => {
    const clock = createClockCheck(() => Promise.resolve(skewMs));

    const held = await clock.check(accessTo('one'), signal);

    assert.equal(held?.code, isHeld ? 'ClockOff' : undefined);
    assert.deepEqual(clock.hold(), held);
  });
}

test('clock: holds every load of the station, until the bucket that disagreed agrees', async () => {
  const skews = new Map([
    ['one', 10 * MINUTE_MS],
    ['two', 0],
  ]);
  const clock = createClockCheck(({ bucket }) => Promise.resolve(skews.get(bucket)));
  await clock.check(accessTo('one'), signal);

  assert.equal((await clock.check(accessTo('two'), signal))?.details['bucket'], 'one');
  skews.set('one', 0);
  assert.equal(await clock.check(accessTo('two'), signal), undefined);
  assert.equal(clock.hold(), undefined);
});

test('clock: does not wait for a bucket that is silent', { timeout: MINUTE_MS }, async () => {
  const clock = createClockCheck(async (_access, given) => {
    if (!given.aborted) await once(given, 'abort');
    throw given.reason;
  }, 1);

  assert.equal(await clock.check(accessTo('one'), signal), undefined);
  await assert.rejects(clock.check(accessTo('one'), AbortSignal.abort(new Error('stopped'))), /stopped/u);
});
