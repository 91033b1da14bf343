import assert from 'node:assert/strict';
import { test } from 'node:test';

import { freeDrive } from '#station/free-drive.ts';

test('freeDrive: kills after 10 s and gives up 5 s later, however long each look takes', async () => {
  let nowMs = 0;
  const asked: string[] = [];
  const launch = {
    ask: ({ kind }: { readonly kind: string }) => {
      nowMs += 2500;
      asked.push(`${kind} ${String(nowMs)}`);
      return Promise.resolve({ kind: 'free', isFree: false } as const);
    },
    openLoader: () => Promise.reject(new Error('not asked for')),
  };

  const busy = await freeDrive(
    launch,
    { kernelName: 'sdb', diskSequence: 1 },
    AbortSignal.timeout(60_000),
    () => nowMs,
  );

  assert.equal(busy?.code, 'DriveInUse');
  assert.deepEqual(asked, [
    ...['free 2500', 'free 5000', 'free 7500', 'free 10000'],
    'end 12500',
    ...['free 15000', 'free 17500'],
  ]);
});
