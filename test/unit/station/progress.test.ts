// The figures that people read while a load runs: rate, time left, and what limits the rate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB, MIB, SECOND_MS } from '#language/units.ts';
import type { LoaderTime } from '#protocol/loader.ts';
import { hostBusyShare, parseHostTime, readHostTime } from '#station/host-time.ts';
import { createProgressMeter, type ProgressMeter } from '#station/progress.ts';
import { judgeLimit } from '#station/rate-limit.ts';

const NOTHING: LoaderTime = { readingMs: 0, sendingMs: 0, mainBusyMs: 0, readerCpuMs: 0, readerThreads: 2 };

type Report = Parameters<ProgressMeter['report']>[0];

const aReport = (change: Partial<Report> = {}): Report => ({
  kind: 'progress',
  found: { files: 100, bytes: 100 * MIB },
  walkEnded: true,
  finished: { files: 0, bytes: 0, failedFiles: 0 },
  sentBytes: 0,
  ...change,
});

const meterOf = (usedBytes = 0): { readonly meter: ProgressMeter; readonly pass: (ms: number) => void } => {
  let atMs = 1000;
  const meter = createProgressMeter({ nowMs: () => atMs, hostTime: () => undefined, usedBytes });
  return {
    meter,
    pass: (ms) => {
      atMs += ms;
    },
  };
};

test('createProgressMeter: tells the rate in bytes and files, and the time left, once two reports have come', () => {
  const { meter, pass } = meterOf();

  const first = meter.report(aReport());
  pass(2 * SECOND_MS);
  const finished = { files: 20, bytes: 20 * MIB, failedFiles: 0 };
  const second = meter.report(aReport({ finished, sentBytes: 20 * MIB }));

  assert.deepEqual([first.bytesPerSecond, first.secondsLeft], [0, undefined]);
  assert.deepEqual([second.bytesPerSecond, second.filesPerSecond, second.secondsLeft], [10 * MIB, 10, 8]);
});

test('createProgressMeter: reckons the time left from the used bytes of the volume, while the walk runs', () => {
  const { meter, pass } = meterOf(GIB);
  const finished = { files: 20, bytes: 24 * MIB, failedFiles: 0 };

  meter.report(aReport({ walkEnded: false }));
  pass(SECOND_MS);
  const walking = meter.report(aReport({ walkEnded: false, finished, sentBytes: 10 * MIB }));
  pass(SECOND_MS);
  const walked = meter.report(aReport({ finished, sentBytes: 20 * MIB }));

  assert.equal(walking.secondsLeft, 100);
  assert.equal(walked.secondsLeft, 7.6);
});

test('createProgressMeter: counts as done what was sent of a file that is not finished, and what a former load finished', () => {
  const { meter, pass } = meterOf();
  const former = { files: 50, bytes: 50 * MIB, failedFiles: 0 };

  const first = meter.report(aReport({ finished: former }));
  pass(SECOND_MS);
  const second = meter.report(aReport({ finished: former, sentBytes: 10 * MIB }));

  assert.equal(first.doneBytes, 50 * MIB);
  assert.deepEqual([second.doneBytes, second.secondsLeft], [60 * MIB, 4]);
});

test('createProgressMeter: looks back ten seconds and no further', () => {
  const { meter, pass } = meterOf();

  meter.report(aReport());
  pass(60 * SECOND_MS);
  meter.report(aReport({ sentBytes: 600 * MIB }));
  pass(10 * SECOND_MS);
  const last = meter.report(aReport({ sentBytes: 610 * MIB }));

  assert.equal(last.bytesPerSecond, MIB);
});

test('createProgressMeter: names what limits the rate, where the loader tells where its time went', () => {
  const { meter, pass } = meterOf();

  const first = meter.report(aReport({ spent: NOTHING }));
  pass(SECOND_MS);
  const second = meter.report(aReport({ spent: { ...NOTHING, sendingMs: 900, readingMs: 100 } }));

  assert.equal(first.limitedBy, undefined);
  assert.equal(second.limitedBy, 'bucket');
});

const SECOND = { elapsedMs: SECOND_MS, from: NOTHING };

const LIMITS = [
  ['the drive, where requests wait for it', { readingMs: 900, sendingMs: 100 }, 0.5, 'drive'],
  ['the bucket, where all requests are taken', { readingMs: 400, sendingMs: 600 }, 0.5, 'bucket'],
  ['the processor, where the main thread has no time left', { sendingMs: 1000, mainBusyMs: 900 }, 0.5, 'cpu'],
  ['the processor, where reading is hashing', { readingMs: 1000, readerCpuMs: 1800 }, 0.5, 'cpu'],
  ['the drive, where one of two reader threads waits', { readingMs: 1000, readerCpuMs: 1000 }, 0.5, 'drive'],
  ['the processor, where the host has no time left', { readingMs: 1000 }, 0.97, 'cpu'],
  ['the bucket, where it is waited for on a host that others keep busy', { sendingMs: 1000 }, 0.99, 'bucket'],
  ['nothing, where no time has passed', {}, 0.5, undefined],
] as const;

for (const [what, to, hostBusy, limit] of LIMITS) {
  test(`judgeLimit: names ${what}`, () => {
    assert.equal(judgeLimit({ ...SECOND, to: { ...NOTHING, ...to }, hostBusy }), limit);
  });
}

test('judgeLimit: does without the time of the host', () => {
  assert.equal(judgeLimit({ ...SECOND, to: { ...NOTHING, readingMs: 1000 } }), 'drive');
});

test('parseHostTime: counts waiting for a drive as idle, and guests once', () => {
  const text = 'cpu  100 10 40 700 50 3 2 5 99 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n';

  assert.deepEqual(parseHostTime(text), { busyTicks: 160, allTicks: 910 });
  assert.equal(parseHostTime('intr 1 2 3'), undefined);
});

test('readHostTime: grows between two looks at this host', () => {
  const first = readHostTime();

  assert.ok(first !== undefined && first.busyTicks > 0 && first.allTicks >= first.busyTicks);
});

test('hostBusyShare: gives the share at work, and nothing where one look is missing or no time passed', () => {
  const from = { busyTicks: 10, allTicks: 100 };

  assert.equal(hostBusyShare(from, { busyTicks: 60, allTicks: 200 }), 0.5);
  assert.equal(hostBusyShare(from, from), undefined);
  assert.equal(hostBusyShare(undefined, from), undefined);
});
