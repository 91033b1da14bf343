// The value of everything that the configuration need not name, in one place.

import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#language/units.ts';

/** Defaults by section and key, in the units of the configuration file. */
export const DEFAULTS = {
  station: {
    stateDir: '/var/lib/import-station',
    runDir: '/run/import-station',
    requireReceive: false,
    spinDown: false,
  },
  watch: {
    folder: '/dev/disk',
    /** Hints can be lost, so the drives are listed this often without one. */
    everyMs: 5 * SECOND_MS,
    /** udev makes a dozen links for one drive within this time. */
    debounceMs: 500,
  },
  load: {
    /** Up to this size a file is one request, held whole in memory. */
    multipartThresholdMib: 16,
    partSizeMib: 8,
    /** Bounds the loader's memory whatever the files are. */
    maxInFlightMib: 32,
    /** As many as keep the line to a bucket 20 ms away full (measured); fewer are used where they do. */
    maxRequestsInFlight: 256,
    /** Two threads read and hash more than one core can (measured). */
    readerThreads: 2,
    maxDepth: 256,
    /** 100 GiB of nothing take longer than asking. */
    sparseHoldMib: 102_400,
    verify: 'none',
  },
  log: { formulaGuard: true, lineEnd: 'lf' },
  journal: { level: 'info' },
  /** Spec 3.1 and 3.4. */
  jobs: { perDay: 50, expiryDays: 30, failedWait: false },
  mail: {
    security: 'starttls',
    /** RFC 6409, RFC 8314, RFC 5321. */
    ports: { starttls: 587, tls: 465, none: 25 },
    timeoutMs: MINUTE_MS,
    firstPauseMs: MINUTE_MS,
    longestPauseMs: 4 * HOUR_MS,
    /** RFC 5321, 4.5.4.1: at least four to five days. */
    giveUpHours: 120,
  },
} as const;
